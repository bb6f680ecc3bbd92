"""Files as people with bad programs, or bad intentions, send them; each made here, small on the wire."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterable

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    EncodedStreamObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

SCRIPT = "app.launchURL('https://evil.example/');"
TYPES = '<Types xmlns="x"><Default Extension="xml" ContentType="application/xml"/>{}</Types>'


def pdf_of(writer: PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def writer(pages: int = 1) -> PdfWriter:
    made = PdfWriter()
    for n in range(pages):
        page = made.add_blank_page(200, 200)
        words = DecodedStreamObject()
        words.set_data(b"BT (kept words %d) Tj ET" % n)
        page[NameObject("/Contents")] = made._add_object(words)
    return made


def named(**values) -> DictionaryObject:
    """A dictionary: texts that begin with a slash are names."""

    def value(given):
        if isinstance(given, str):
            return NameObject(given) if given.startswith("/") else TextStringObject(given)
        return NumberObject(given) if isinstance(given, int) else given

    return DictionaryObject({NameObject(f"/{k}"): value(v) for k, v in values.items()})


def action(kind: str, **more) -> DictionaryObject:
    return named(Type="/Action", S=f"/{kind}", **more)


def scripted() -> bytes:
    made = writer()
    scripts = named(Names=ArrayObject([TextStringObject("a"), action("JavaScript", JS=SCRIPT)]))
    made._root_object[NameObject("/Names")] = named(JavaScript=scripts)
    made._root_object[NameObject("/OpenAction")] = action("JavaScript", JS=SCRIPT)
    made.pages[0][NameObject("/AA")] = named(O=action("JavaScript", JS=SCRIPT))
    return pdf_of(made)


def scripted_in_disguise() -> bytes:
    """The same with its names spelt in another way."""
    return scripted().replace(b"/JavaScript", b"/J#61vaScript").replace(b"/JS", b"/J#53")


def scripted_and_packed() -> bytes:
    """A script that stands in a packed object stream, where no search of the bytes finds it."""
    catalog = b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(" + SCRIPT.replace("(", "\\(").encode()[:12]
    parts = [
        catalog + b")>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    ]
    places = [sum(len(p) + 1 for p in parts[:n]) for n in range(3)]
    head = b" ".join(b"%d %d" % (n + 1, place) for n, place in enumerate(places)) + b" "
    packed = zlib.compress(head + b" ".join(parts))
    body = b"%PDF-1.5\n"
    objects = len(body)
    body += b"4 0 obj<</Type/ObjStm/N 3/First %d/Filter/FlateDecode/Length %d>>stream\n" % (len(head), len(packed))
    body += packed + b"\nendstream endobj\n"
    table = len(body)
    entry = struct.Struct(">BIH")
    rows = [entry.pack(0, 0, 65535), *(entry.pack(2, 4, n) for n in range(3)), entry.pack(1, objects, 0),
            entry.pack(1, table, 0)]  # fmt: skip
    index = b"".join(rows)
    body += b"5 0 obj<</Type/XRef/Size 6/W[1 4 2]/Root 1 0 R/Length %d>>stream\n" % len(index)
    return body + index + b"\nendstream endobj\nstartxref\n%d\n%%%%EOF" % table


def launching() -> bytes:
    made = writer()
    made.add_annotation(0, named(Type="/Annot", Subtype="/Link", Rect=ArrayObject([NumberObject(1)] * 4),
                                 A=action("Launch", F="calc.exe")))  # fmt: skip
    return pdf_of(made)


def with_file_inside() -> bytes:
    made = writer()
    made.add_attachment("budget.exe", b"MZ inner file")
    return pdf_of(made)


def with_form(fields: bool, rendering: bool = False) -> bytes:
    """A form with XFA: with fields that any program shows, or for one program only."""
    made = writer()
    data = DecodedStreamObject()
    data.set_data(b"<xdp:xdp/>")
    given = ArrayObject([made._add_object(named(FT="/Tx", T="name"))] if fields else [])
    made._root_object[NameObject("/AcroForm")] = DictionaryObject(
        {NameObject("/Fields"): given, NameObject("/XFA"): made._add_object(data)}
    )
    if rendering:
        made._root_object[NameObject("/NeedsRendering")] = NameObject("/true")
    return pdf_of(made)


def portfolio() -> bytes:
    made = writer()
    made.add_attachment("plan.docx", b"PK")
    made._root_object[NameObject("/Collection")] = named(Type="/Collection")
    return pdf_of(made)


def goes_to_first_page() -> bytes:
    """As LaTeX and LibreOffice write every document."""
    made = writer()
    made._root_object[NameObject("/OpenAction")] = ArrayObject([made.pages[0].indirect_reference, NameObject("/Fit")])
    return pdf_of(made)


def packed_pdf(size: int, twice: bool = False) -> bytes:
    made = writer()
    stream = EncodedStreamObject()
    stream._data, filters = zlib.compress(bytes(size), 1), [NameObject("/FlateDecode")]
    if twice:
        stream._data, filters = zlib.compress(stream._data), filters * 2
    stream[NameObject("/Filter")] = ArrayObject(filters)
    made.pages[0][NameObject("/Contents")] = made._add_object(stream)
    return pdf_of(made)


def many_pages(pages: int, count: int) -> bytes:
    """So many pages, and a count that may lie."""
    kids = b" ".join(b"%d 0 R" % (n + 3) for n in range(pages))
    tree = b"<</Type/Pages/MediaBox[0 0 9 9]/Count %d/Kids[%s]>>" % (count, kids)
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", tree, *[b"<</Type/Page/Parent 2 0 R>>"] * pages]
    out, places = io.BytesIO(b""), []
    out.write(b"%PDF-1.4\n")
    for n, written in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj%s endobj\n" % (n, written))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))
    return out.getvalue()


def packed_otherwise(also: bytes) -> bytes:
    """Its catalogue, with a script, lies in a stream of objects that is packed twice, or as differences of lines."""
    inner = b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>"
    held, more = b"1 0 " + inner, b"/DecodeParms<</Predictor 12/Columns 10>>"
    if also:
        packed, more = zlib.compress(held).hex().encode() + b">", b""
    else:
        held += b" " * (-len(held) % 10)
        lines, former = [], bytes(10)
        for n in range(0, len(held), 10):
            line = held[n : n + 10]
            lines.append(b"\2" + bytes((a - b) % 256 for a, b in zip(line, former, strict=True)))
            former = line
        packed = zlib.compress(b"".join(lines))
    about = b"<</Type/ObjStm/N 1/First 4/Length %d/Filter[%s/FlateDecode]%s>>" % (len(packed), also, more)
    objects = {
        2: b"<</Type/Pages/MediaBox[0 0 9 9]/Count 1/Kids[3 0 R]>>",
        3: b"<</Type/Page/Parent 2 0 R>>",
        4: about + b"stream\n" + packed + b"\nendstream",
    }
    out, rows = io.BytesIO(), {0: (0, 0, 65535), 1: (2, 4, 0)}
    out.write(b"%PDF-1.5\n")
    out.seek(0, 2)
    for n, written in objects.items():
        rows[n] = (1, out.tell(), 0)
        out.write(b"%d 0 obj%s endobj\n" % (n, written))
    start = out.tell()
    rows[5] = (1, start, 0)
    table = b"".join(struct.pack(">BHH", *rows[n]) for n in range(6))
    out.write(b"5 0 obj<</Type/XRef/Size 6/W[1 2 2]/Root 1 0 R/Length %d>>stream\n" % len(table))
    out.write(table + b"\nendstream endobj\nstartxref\n%d\n%%%%EOF" % start)
    return out.getvalue()


def nested() -> bytes:
    return b"%PDF-1.4\n1 0 obj" + b"[" * 200_000 + b"]" * 200_000 + b"endobj\ntrailer<</Root 1 0 R>>"


DOCUMENT = b'<?xml version="1.0"?><w:document><w:t>kept words</w:t></w:document>'


def word(*more: tuple[str, bytes], types: str = "", document: bytes = DOCUMENT) -> bytes:
    parts: Iterable[tuple[str, bytes]] = [
        ("[Content_Types].xml", TYPES.format(types).encode()),
        ("word/document.xml", document),
        *more,
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return out.getvalue()


def relationships(*targets: tuple[str, str]) -> bytes:
    """Relationships to places outside of the document, each (kind, target)."""
    rows = "".join(
        f'<Relationship Id="r{n}" Type="http://x/relationships/{kind}" Target="{to}" TargetMode="External"/>'
        for n, (kind, to) in enumerate(targets)
    )
    return f"<Relationships>{rows}</Relationships>".encode()


_RELS = "word/_rels/document.xml.rels"
_PICTURE = b'<Relationships><Relationship Id="r" Type="http://x/relationships/image" %s/></Relationships>'
# How a picture from elsewhere looks like something else to whoever only searches for words.
DISGUISED = [
    ("called a link in its address", _RELS,
     _PICTURE % b"""Target="https://evil.example/p?Type='/hyperlink'" TargetMode="External\""""),
    ("behind an angle", _RELS, _PICTURE % b'Target="https://evil.example/p?>" TargetMode="External"'),
    ("spelt by number", _RELS, _PICTURE % b'Target="https://evil.example/p" TargetMode="&#69;xternal"'),
    ("by another name", _RELS, _PICTURE.replace(b"<Rel", b"<a-b:Rel")
     % b'Target="https://evil.example/p" TargetMode="External"'),
    ("in capitals", "word/_rels/document.xml.RELS",
     _PICTURE % b'Target="https://evil.example/p" TargetMode="External"'),
]  # fmt: skip


def png(width: int, height: int) -> bytes:
    """A picture that claims a size; its points are not all there."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def jpeg(**more) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (20, 10), (200, 30, 40)).save(out, "JPEG", **more)
    return out.getvalue()


_noise = random.Random(1).randbytes
DAMAGED, LARGE = "could not be read", "too large once it is unpacked"
# What is refused: its content, its name, words of the sentence.
REFUSED = {
    "nothing": (lambda: b"", "a.pdf", "This file is empty"),
    "PDF, noise": (lambda: b"%PDF-1.7\n" + _noise(9000), "a.pdf", DAMAGED),
    "PDF, cut": (lambda: pdf_of(writer(3))[:400], "a.pdf", DAMAGED),
    "PDF, nested": (nested, "a.pdf", DAMAGED),
    "PDF, 100,000 pages": (lambda: many_pages(100_000, 100_000), "a.pdf", "100000 pages; at most 5000"),
    "PDF, 300 MB of zeros": (lambda: packed_pdf(300_000_000), "a.pdf", LARGE),
    "PDF, packed twice": (lambda: packed_pdf(50_000_000, twice=True), "a.pdf", LARGE),
    "PDF, a portfolio": (portfolio, "a.pdf", "only a cover for other files"),
    "PDF, a form of one program": (lambda: with_form(fields=False), "a.pdf", "(XFA)"),
    "PDF, a form that wants drawing": (lambda: with_form(fields=True, rendering=True), "a.pdf", "(XFA)"),
    "GIF and PDF": (lambda: b"GIF89a" + pdf_of(writer()), "a.pdf", "read this kind of file"),
    "HTML called PDF": (lambda: b"<html><script>", "a.pdf", "read this kind of file"),
    "Word, with macros": (lambda: word(("word/vbaProject.bin", b"x")), "a.docx", "holds programs (macros)"),
    "Word, called one with macros": (
        lambda: word(types='<Override ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/>'),
        "a.docx",
        "holds programs (macros)",
    ),
    "Word, a bomb": (lambda: word(("word/media/a.png", bytes(210_000_000))), "a.docx", LARGE),
    "Word, entities": (
        lambda: word(document=b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><w:document/>'),
        "a.docx",
        DAMAGED,
    ),
    "Word, with links in letters of another kind": (
        lambda: word((_RELS, relationships(("image", "https://evil.example/p")).decode().encode("utf-16"))),
        "a.docx",
        DAMAGED,
    ),
    "Word, with a link in a remark": (
        lambda: word((_RELS, b"<!-- <Relationship a=' -->" + _PICTURE)),
        "a.docx",
        DAMAGED,
    ),
    "Word, two parts of one name": (lambda: word(("word/Document.xml", b"")), "a.docx", DAMAGED),
    "Word, that leaves its folder": (lambda: word(("../../etc/passwd", b"x")), "a.docx", DAMAGED),
    "Word, from the root": (lambda: word(("/etc/passwd", b"x")), "a.docx", DAMAGED),
    "Word, cut": (lambda: word()[:80], "a.docx", DAMAGED),
    "Word, many parts": (lambda: word(*((f"word/{n}", b"") for n in range(5001))), "a.docx", "not a Word document"),
    "picture, 50,000 by 50,000": (lambda: png(50_000, 50_000), "a.png", "too many points"),
    "picture, cut": (lambda: jpeg()[:300], "a.jpg", DAMAGED),
    "picture, that lies": (lambda: png(2000, 2000), "a.png", DAMAGED),
}
# What is taken: its content, its name, what others don't get of it, pages.
TAKEN = {
    "PDF": (lambda: pdf_of(writer(2)), "a.pdf", [], 2),
    "PDF, opened at its first page": (goes_to_first_page, "a.pdf", [], 1),
    "PDF, a count that lies": (lambda: many_pages(1, 999_999_999), "a.pdf", [], 1),
    "PDF, with scripts": (scripted, "a.pdf", ["action", "script"], 1),
    "PDF, with scripts in disguise": (scripted_in_disguise, "a.pdf", ["action", "script"], 1),
    "PDF, with packed scripts": (scripted_and_packed, "a.pdf", ["script"], 1),
    "PDF, with scripts packed otherwise": (lambda: packed_otherwise(b"/ASCIIHexDecode"), "a.pdf", ["more"], 1),
    "PDF, with scripts packed by difference": (lambda: packed_otherwise(b""), "a.pdf", ["more"], 1),
    "PDF, that starts programs": (launching, "a.pdf", ["action"], 1),
    "PDF, with a file inside": (with_file_inside, "a.pdf", ["file"], 1),
    "PDF, with a form": (lambda: with_form(fields=True), "a.pdf", ["form"], 1),
    "PDF and zip": (lambda: pdf_of(writer()) + word(), "a.pdf", ["more"], 1),
    "Word": (word, "a.docx", [], None),
    "Word, with a template elsewhere": (
        lambda: word(("word/_rels/settings.xml.rels", relationships(("attachedTemplate", "https://evil.example/t")))),
        "a.docx",
        ["outside"],
        None,
    ),
    "Word, with a picture elsewhere": (
        lambda: word(("word/_rels/document.xml.rels", relationships(("image", "https://evil.example/p.png")))),
        "a.docx",
        ["outside"],
        None,
    ),
    **{
        f"Word, with a picture elsewhere, {how}": (lambda n=name, r=rels: word((n, r)), "a.docx", ["outside"], None)
        for how, name, rels in DISGUISED
    },
    "Word, with links": (
        lambda: word(("word/_rels/document.xml.rels", relationships(("hyperlink", "https://example.org/")))),
        "a.docx",
        [],
        None,
    ),
    "Word, with a program inside": (lambda: word(("word/embeddings/oleObject1.bin", b"MZ inner file")), "a.docx",
                                    ["file"], None),
    "picture": (jpeg, "a.jpeg", [], None),
    "picture and zip": (lambda: jpeg() + word(), "a.jpg", ["more"], None),
}  # fmt: skip
