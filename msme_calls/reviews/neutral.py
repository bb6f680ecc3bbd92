"""Files as a blind reviewer gets them: the same pages and words, without what they say of who made them."""

import io
import re
import zipfile
from pathlib import Path
from typing import IO

from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject

_PEOPLE = re.compile(rb"""(\b\w+:(?:author|initials|userId|providerId)\s*=\s*)("[^"]*"|'[^']*')""")  # of notes, changes
_NO_CORE = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    b'<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>'
)
_NO_APP = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>'
)
_NO_CUSTOM = _NO_APP.replace(b"extended-properties", b"custom-properties")
_NO_PEOPLE = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    b'<w15:people xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"/>'
)
_EMPTIED = {
    "docProps/core.xml": _NO_CORE, "docProps/app.xml": _NO_APP, "docProps/custom.xml": _NO_CUSTOM,
    "word/people.xml": _NO_PEOPLE,
}  # fmt: skip
_DROPPED = ("/Metadata", "/PieceInfo", "/LastModified")
_OF_SIGNER = ("/Name", "/ContactInfo", "/Location", "/Reason", "/Contents", "/Prop_Build")  # and her certificate
_TEMPLATE = re.compile(rb"""(<Relationship\b(?=[^>]*/attachedTemplate["'])[^>]*\bTarget=)("[^"]*"|'[^']*')""")
_CUSTOM_DATA = re.compile(r"customXml/item\d+\.xml")  # what a company's document server writes of its authors


def neutral(source: IO[bytes] | Path, kind: str) -> bytes:
    """The content of a kept file without names in its properties. Raises whatever reading it raises."""
    return {"pdf": _pdf, "docx": _docx, "png": _picture, "jpg": _picture}[kind](source)


def _pdf(source: IO[bytes] | Path) -> bytes:
    """Pages are copied; document information, XMP and applications' private data stay behind, at every object."""
    writer, out = PdfWriter(), io.BytesIO()
    writer.append(PdfReader(source, strict=False), import_outline=False)
    writer.metadata = None
    for found in writer._objects:
        if isinstance(found, DictionaryObject):
            for name in (*_DROPPED, *_names_in(found)):
                if name in found:
                    del found[NameObject(name)]
    writer.compress_identical_objects(remove_duplicates=False, remove_unreferenced=True)
    writer.write(out)
    return out.getvalue()


def _names_in(found: DictionaryObject) -> tuple[str, ...]:
    """The entries of an object that say who wrote a note or signed; a form's field keeps its own name."""
    if found.get("/Type") in ("/Sig", "/DocTimeStamp") or "/ByteRange" in found:
        return _OF_SIGNER
    noted = "/Rect" in found or found.get("/Type") == "/Annot"
    return ("/T",) if noted and found.get("/Subtype") != "/Widget" else ()


def _docx(source: IO[bytes] | Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(source) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for info in given.infolist():
            if info.filename.startswith("docProps/thumbnail"):
                continue
            content = _emptied(info.filename) or given.read(info)
            if info.filename == "word/_rels/settings.xml.rels":
                content = _TEMPLATE.sub(rb'\1"Normal.dotm"', content)  # its path names whoever's folder it lay in
            if info.filename.startswith("word/") and info.filename.endswith(".xml"):
                content = _PEOPLE.sub(rb'\1""', content)
            target.writestr(zipfile.ZipInfo(info.filename), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _emptied(name: str) -> bytes | None:
    """What stands in place of a part that says who wrote; some programs keep properties elsewhere."""
    if name.endswith(".psmdcp"):
        return _NO_CORE
    return b"<removed/>" if _CUSTOM_DATA.fullmatch(name) else _EMPTIED.get(name)


def _picture(source: IO[bytes] | Path) -> bytes:
    """Drawn anew from its points: nothing else is carried over."""
    out = io.BytesIO()
    with Image.open(source) as original:
        kind = original.format or "PNG"
        points = original.convert("RGBA") if original.mode == "P" else original  # its colours lie beside the points
        picture = Image.new(points.mode, points.size)
        picture.paste(points)
    picture.save(out, kind)
    return out.getvalue()
