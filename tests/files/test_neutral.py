"""Files for blind reviewers carry no canary: not in properties, XMP, notes, private data, nor in names of a picture."""

import io
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    EncodedStreamObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from msme_calls import reading

CANARY = "CANARY of Example Applicant"


def neutral(path: Path, kind: str) -> bytes:
    """The copy, as the parser makes it."""
    with path.open("rb") as file, tempfile.TemporaryFile() as out:
        reading.copy("neutral", file, out, kind=kind)
        return out.read()


def holds(content: bytes) -> bool:
    """Whether the canary is anywhere in the bytes, plain, as UTF-16 or inside a compressed stream."""
    parts = [content]
    for n in range(len(content) - 1):
        if content[n] == 0x78 and content[n + 1] in (0x01, 0x5E, 0x9C, 0xDA):
            try:
                parts.append(zlib.decompressobj().decompress(content[n:]))
            except zlib.error:
                pass
    wanted = [CANARY.encode(), CANARY.encode("utf-16-be"), b"CANARY"]
    return any(w in part for w in wanted for part in parts)


def stream(text: str, **names: str) -> DecodedStreamObject:
    made = DecodedStreamObject()
    made.set_data(text.encode())
    for name, value in names.items():
        made[NameObject(f"/{name}")] = NameObject(f"/{value}")
    return made


@pytest.fixture
def pdf(tmp_path) -> Path:
    """Two pages with words to keep, and the canary wherever programs write names."""
    writer = PdfWriter()
    for n in range(2):
        page = writer.add_blank_page(200, 200)
        page[NameObject("/Contents")] = writer._add_object(stream(f"BT (kept words {n}) Tj ET"))
    page[NameObject("/PieceInfo")] = DictionaryObject({NameObject("/App"): TextStringObject(CANARY)})
    page[NameObject("/Metadata")] = writer._add_object(stream(CANARY, Type="Metadata", Subtype="XML"))
    note = DictionaryObject({NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/Text"),
                             NameObject("/T"): TextStringObject(CANARY),
                             NameObject("/Contents"): TextStringObject("kept note")})  # fmt: skip
    writer.add_annotation(1, note)
    writer.add_metadata({"/Author": CANARY, "/Title": CANARY, "/Company": CANARY})
    writer._root_object[NameObject("/Metadata")] = writer._add_object(stream(CANARY, Type="Metadata", Subtype="XML"))
    writer.add_attachment("canary.txt", CANARY.encode())
    path = tmp_path / "a.pdf"
    with path.open("wb") as file:
        writer.write(file)
    assert holds(path.read_bytes())
    return path


def test_a_pdf_keeps_its_pages_and_loses_who_made_it(pdf):
    content = neutral(pdf, "pdf")
    assert not holds(content)
    pages = PdfReader(io.BytesIO(content)).pages
    assert [b"kept words %d" % n in p.get_contents().get_data() for n, p in enumerate(pages)] == [True, True]
    assert b"kept note" in content


@pytest.mark.parametrize("kind", ["Underline", "StrikeOut", "Ink", "Stamp", "Caret", "Square", "FileAttachment"])
def test_no_kind_of_mark_on_a_page_says_who_made_it(tmp_path, kind):
    writer, path = PdfWriter(), tmp_path / "a.pdf"
    writer.add_blank_page(200, 200)
    mark = {"Type": NameObject("/Annot"), "Subtype": NameObject(f"/{kind}"), "T": TextStringObject(CANARY)}
    rect = ArrayObject([NumberObject(n) for n in (1, 1, 9, 9)])
    writer.add_annotation(0, DictionaryObject({NameObject(f"/{k}"): v for k, v in (mark | {"Rect": rect}).items()}))
    writer.write(path)
    assert holds(path.read_bytes())
    assert not holds(neutral(path, "pdf"))


def test_a_signature_does_not_say_whose_it_is(tmp_path):
    writer, path = PdfWriter(), tmp_path / "a.pdf"
    page = writer.add_blank_page(200, 200)
    names = {f"/{n}": TextStringObject(CANARY) for n in ("Name", "ContactInfo", "Location", "Contents")}
    signature = writer._add_object(DictionaryObject({NameObject(k): v for k, v in names.items()} | {
        NameObject("/Type"): NameObject("/Sig")}))  # fmt: skip
    field = {"/FT": NameObject("/Sig"), "/T": TextStringObject("Signature1"), "/V": signature,
             "/Subtype": NameObject("/Widget"), "/Rect": ArrayObject([NumberObject(1)] * 4)}  # fmt: skip
    made = writer._add_object(DictionaryObject({NameObject(k): v for k, v in field.items()}))
    page[NameObject("/Annots")] = ArrayObject([made])
    writer._root_object[NameObject("/AcroForm")] = DictionaryObject({NameObject("/Fields"): ArrayObject([made])})
    writer.write(path)
    assert holds(path.read_bytes())
    content = neutral(path, "pdf")
    assert not holds(content)
    assert b"Signature1" in content


def test_the_original_is_not_touched(pdf):
    before = pdf.read_bytes()
    neutral(pdf, "pdf")
    assert pdf.read_bytes() == before


def test_a_word_document_keeps_its_words_and_loses_its_authors(tmp_path):
    path = tmp_path / "a.docx"
    parts = {
        "[Content_Types].xml": "<Types/>",
        "docProps/core.xml": f"<cp:coreProperties><dc:creator>{CANARY}</dc:creator></cp:coreProperties>",
        "docProps/app.xml": f"<Properties><Company>{CANARY}</Company></Properties>",
        "docProps/custom.xml": f"<Properties>{CANARY}</Properties>",
        "docProps/thumbnail.jpeg": CANARY,
        "word/document.xml": f'<w:ins w:id="1" w:author="{CANARY}"><w:t>kept words</w:t></w:ins>',
        "word/comments.xml": f"<w:comment w:author='{CANARY}' w:initials=\"{CANARY}\"><w:t>kept note</w:t></w:comment>",
        "package/services/metadata/core-properties/1f.psmdcp": f"<coreProperties><creator>{CANARY}</creator></c>",
        "customXml/item1.xml": f"<p:properties><Author>{CANARY}</Author></p:properties>",
        "word/_rels/settings.xml.rels": '<Relationships><Relationship Id="rId1" Type="http://x/relationships/'
        f'attachedTemplate" Target="file:///C:/Users/{CANARY}/x.dotx" TargetMode="External"/></Relationships>',
        "word/people.xml": f'<w15:people><w15:person w15:author="{CANARY}"/></w15:people>',
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = CANARY.encode()
        for name, text in parts.items():
            archive.writestr(name, text)
    with zipfile.ZipFile(io.BytesIO(neutral(path, "docx"))) as archive:
        found = {name: archive.read(name).decode() for name in archive.namelist()}
        assert not archive.comment
    assert not any("CANARY" in text for text in found.values())
    assert "kept words" in found["word/document.xml"] and "kept note" in found["word/comments.xml"]
    assert set(found) == set(parts) - {"docProps/thumbnail.jpeg"}


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_a_picture_keeps_its_points_and_loses_its_notes(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    picture = Image.new("RGB", (20, 10), (200, 30, 40))
    if kind == "png":
        notes = PngInfo()
        notes.add_text("Author", CANARY)
        picture.save(path, pnginfo=notes)
    else:
        exif = Image.Exif()
        exif[0x013B] = CANARY  # Artist
        picture.save(path, exif=exif, comment=CANARY.encode())
    assert holds(path.read_bytes())
    content = neutral(path, kind)
    assert not holds(content)
    with Image.open(io.BytesIO(content)) as found:
        assert (found.size, found.format) == ((20, 10), {"png": "PNG", "jpg": "JPEG"}[kind])
        assert abs(found.convert("RGB").getpixel((5, 5))[0] - 200) < 6


def photograph(side: int = 6) -> bytes:
    """As a telephone writes it: whose it is, where it was taken, and which side is up."""
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x013B], exif[0x0112] = CANARY, side  # Artist, Orientation
    Image.new("RGB", (20, 10), (200, 30, 40)).save(out, "JPEG", exif=exif, comment=CANARY.encode())
    return out.getvalue()


def test_photographs_in_a_word_document_lose_their_notes_and_stay_upright(tmp_path):
    """Threat A13."""
    notes, png, path = PngInfo(), io.BytesIO(), tmp_path / "a.docx"
    notes.add_text("Author", CANARY)
    Image.new("RGB", (4, 4)).save(png, "PNG", pnginfo=notes)
    parts = {"word/media/image1.jpeg": photograph(), "word/media/image2.png": png.getvalue(),
             "word/media/drawing.svg": f"<svg><metadata>{CANARY}</metadata><path/></svg>".encode(),
             "word/media/raw.wdp": CANARY.encode(), "word/document.xml": b"<w:document/>",
             "word/embeddings/sheet.xlsx": CANARY.encode()}  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with zipfile.ZipFile(io.BytesIO(neutral(path, "docx"))) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    assert not any(holds(content) for content in found.values()) and set(found) == set(parts)
    with Image.open(io.BytesIO(found["word/media/image1.jpeg"])) as shown:
        assert shown.size == (20, 10) and dict(shown.getexif()) == {0x0112: 6}
        assert shown.convert("RGB").getpixel((5, 5))[0] > 190
    assert found["word/media/drawing.svg"] == b"<svg><path/></svg>"


def test_a_photograph_in_a_pdf_loses_its_notes(tmp_path):
    """Threat A13."""
    writer, path = PdfWriter(), tmp_path / "a.pdf"
    page, picture = writer.add_blank_page(200, 200), EncodedStreamObject()
    picture._data = photograph()
    for name, value in (("Type", "XObject"), ("Subtype", "Image"), ("Filter", "DCTDecode")):
        picture[NameObject(f"/{name}")] = NameObject(f"/{value}")
    inside = DictionaryObject({NameObject("/P"): writer._add_object(picture)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): inside})
    writer.write(path)
    assert holds(path.read_bytes())
    content = neutral(path, "pdf")
    assert not holds(content) and b"DCTDecode" in content


def test_a_photograph_stays_upright(tmp_path):
    (tmp_path / "a.jpg").write_bytes(photograph())
    with Image.open(io.BytesIO(neutral(tmp_path / "a.jpg", "jpg"))) as shown:
        assert shown.size == (10, 20) and not shown.getexif()


def test_a_picture_of_few_colours_keeps_them(tmp_path):
    path, picture = tmp_path / "a.png", Image.new("P", (4, 4))
    picture.putpalette([200, 30, 40])
    picture.save(path)
    with Image.open(io.BytesIO(neutral(path, "png"))) as found:
        assert found.convert("RGB").getpixel((0, 0)) == (200, 30, 40)
