"""PDF: pages, what acts by itself, and copies without it.

What acts is looked for in the bytes, also in those that are packed, not in the tree of objects: that is fast, sees what
a former revision left behind, and errs on the safe side. Copies are made from the tree.
"""

import importlib
import logging
import pkgutil
import re
import zlib
from collections.abc import Iterator
from typing import IO, Any

import pypdf
from pypdf import PdfReader, PdfWriter
from pypdf.errors import DependencyError
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NullObject, StreamObject

from msme_calls.parsing import Fault, pictures

MOST_PAGES = 5000
_LARGEST, _LARGEST_PICTURE, _MOST = 100_000_000, 300_000_000, 1_000_000_000  # bytes of streams once unpacked
_STREAM = re.compile(rb"stream(?<!endstream)[ \t]*(?:\r\n|\n|\r)?")  # its letters first: they are found fast
_PACKED = re.compile(rb"/(?:Fl|FlateDecode)\b")
_OBJECTS = re.compile(rb"/ObjStm\b")  # a stream of objects, whose names are looked at too: if it is packed as usual
_UNUSUAL = re.compile(rb"/(?:DecodeParms|DP)\b|/Filter\b(?!\s*(?:\[\s*)?/(?:Fl|FlateDecode)\b\s*(?:[\]/]|>>))|"
                      rb"/Filter\s*\[\s*/(?:Fl|FlateDecode)\s*/")  # fmt: skip
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_ACTS = {
    "script": rb"JavaScript|JS",
    "action": rb"AA|Launch|SubmitForm|ImportData|GoToE|Rendition|RichMedia|Movie",
    "file": rb"EmbeddedFiles?|FileAttachment",
    "form": rb"XFA",
}
_NAMES = re.compile(b"/(?:" + b"|".join(b"(?P<%s>%s)" % (k.encode(), v) for k, v in _ACTS.items()) + rb")(?![\w.-])")
_INERT = {"/GoTo", "/GoToR", "/URI", "/Named", "/Hide", "/Thread", "/SetOCGState", "/GoTo3DView", "/Trans"}
_DROPPED = ("/AA", "/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/AF", "/XFA", "/RichMediaContent", "/Movie",
            "/Collection", "/Rendition", "/3DD", "/Sound")  # fmt: skip
_OF_MAKERS = ("/Metadata", "/PieceInfo", "/LastModified")
_OF_SIGNER = ("/Name", "/ContactInfo", "/Location", "/Reason", "/Contents", "/Prop_Build")  # and her certificate


def warm() -> None:
    """Import every part of pypdf, some of which it would import when a file asks for it."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)  # its warnings quote what people sent
    for found in pkgutil.walk_packages(pypdf.__path__, "pypdf."):
        try:
            importlib.import_module(found.name)
        except ImportError:  # of what isn't installed
            continue


def blank(out: IO[bytes]) -> None:
    """A document of one empty page."""
    writer = PdfWriter()
    writer.add_blank_page(1, 1)
    writer.write(out)


def pages(file: IO[bytes]) -> int:
    """How many pages it has. Raises Fault for what has none that everybody can read."""
    try:
        reader = PdfReader(file, strict=False)
        encrypted = reader.is_encrypted
    except DependencyError:  # a cipher that we don't carry: so it is encrypted
        encrypted = True
    if encrypted:
        raise Fault("encrypted")
    root: Any = reader.root_object
    if "/Collection" in root:
        raise Fault("portfolio")
    form = root.get("/AcroForm", NullObject()).get_object()
    if isinstance(form, DictionaryObject) and "/XFA" in form and _is_drawn_by_program(root, form):
        raise Fault("program-form")
    claimed, size = root["/Pages"].get("/Count"), file.seek(0, 2)  # a lie is found out by counting
    if isinstance(claimed, int) and MOST_PAGES < claimed < size // 8:
        raise Fault("pages", pages=claimed, most=MOST_PAGES)
    count = len(reader.pages)
    if not count:
        raise Fault("no-pages")
    if count > MOST_PAGES:
        raise Fault("pages", pages=count, most=MOST_PAGES)
    reader.pages[0].mediabox  # noqa: B018  a page that can't be found raises
    return count


def _is_drawn_by_program(root: DictionaryObject, form: DictionaryObject) -> bool:
    """Whether its pages only say that another program is needed."""
    fields = form.get("/Fields", ArrayObject()).get_object()
    return bool(root.get("/NeedsRendering")) or not fields


def found(file: IO[bytes]) -> set[str]:
    """What it holds that acts by itself or that no page shows. Raises Fault for what unpacks into too much."""
    file.seek(0)
    content = file.read()
    spelt = _unescaped(content)
    acts, unseen = _named(spelt), len(_OBJECTS.findall(spelt))
    for part, objects in _unpacked(content):
        acts |= _named(_unescaped(part))
        unseen -= objects
    return acts | ({"more"} if unseen else set())


def _unescaped(content: bytes) -> bytes:
    return _ESCAPED.sub(lambda code: bytes([int(code[1], 16)]), content) if b"#" in content else content


def _named(content: bytes) -> set[str]:
    return {str(name.lastgroup) for name in _NAMES.finditer(content)}


def _unpacked(content: bytes) -> Iterator[tuple[bytes, bool]]:
    """What its packed streams hold, in parts that overlap a little; with the first one of a stream, if it's objects."""
    total = 0
    for start in _STREAM.finditer(content):
        before = content[max(0, start.start() - 4000) : start.start()].rpartition(b"obj")[2]
        if len(_PACKED.findall(before)) > 1:  # packed twice, as nothing but a bomb is
            raise Fault("unpacked")
        most = _LARGEST_PICTURE if re.search(rb"/Image\b", before) else _LARGEST
        about = _unescaped(before)
        objects, size = _OBJECTS.search(about) is not None and not _UNUSUAL.search(about), 0
        if objects and b"/Filter" not in about:  # they were in sight
            yield b"", True
            objects = False
        for part in _inflated(content, start.end()):
            size += len(part)
            if size > most or total + size > _MOST:
                raise Fault("unpacked")
            yield part, objects
            objects = False
        total += size


def _inflated(content: bytes, start: int) -> Iterator[bytes]:
    inflate, tail = zlib.decompressobj(), b""
    for place in range(start, len(content), 1 << 16):
        packed = content[place : place + (1 << 16)]
        while packed and not inflate.eof:
            try:
                part = inflate.decompress(packed, 1 << 20)
            except zlib.error:
                return
            packed = inflate.unconsumed_tail
            yield tail + part
            tail = part[-40:]
        if inflate.eof:
            return


def plain(file: IO[bytes], out: IO[bytes]) -> None:
    """A copy with pages, notes, bookmarks and properties as they are, and nothing that acts or hides."""
    writer = PdfWriter(clone_from=PdfReader(file, strict=False))
    _calm(writer)
    _write(writer, out)


def neutral(file: IO[bytes], out: IO[bytes]) -> None:
    """Pages alone; document information, XMP and applications' private data stay behind, at every object."""
    writer = PdfWriter()
    writer.append(PdfReader(file, strict=False), import_outline=False)
    writer.metadata = None
    _calm(writer)
    for found in writer._objects:
        if isinstance(found, DictionaryObject):
            for name in (*_OF_MAKERS, *_names_in(found)):
                if name in found:
                    del found[NameObject(name)]
        if isinstance(found, StreamObject):
            _forget_camera(found)
    _write(writer, out)


def _write(writer: PdfWriter, out: IO[bytes]) -> None:
    writer.compress_identical_objects(remove_duplicates=False, remove_unreferenced=True)
    writer.write(out)


def _names_in(found: DictionaryObject) -> tuple[str, ...]:
    """The entries of an object that say who wrote a note or signed; a form's field keeps its own name."""
    if found.get("/Type") in ("/Sig", "/DocTimeStamp") or "/ByteRange" in found:
        return _OF_SIGNER
    noted = "/Rect" in found or found.get("/Type") == "/Annot"
    return ("/T",) if noted and found.get("/Subtype") != "/Widget" else ()


def _forget_camera(found: StreamObject) -> None:
    """A photograph in a page says nothing of its camera, place and owner."""
    filters = found.get("/Filter")
    last = filters[0] if isinstance(filters, ArrayObject) and len(filters) == 1 else filters
    if last == "/DCTDecode":
        found._data = pictures.without_notes(found._data, "jpg")
    elif last == "/JPXDecode":
        found._data = pictures.without_notes(found._data, "jp2")


def _calm(writer: PdfWriter) -> None:
    """Take out, wherever it stands, what acts when the document is opened, a page is turned or a field is typed in."""
    for found in writer._objects:
        _calm_object(found, 0)


def _calm_object(found: Any, depth: int) -> None:
    if depth > 50:
        raise Fault("nested")
    if isinstance(found, DictionaryObject):
        if _is_action(found):
            found.clear()
            return
        for name in _DROPPED:
            if name in found:
                del found[NameObject(name)]
        if found.get("/Subtype") == "/FileAttachment":
            found.pop(NameObject("/FS"), None)
    children = found.values() if isinstance(found, DictionaryObject) else found
    for child in list(children) if isinstance(found, DictionaryObject | ArrayObject) else ():
        _calm_object(child, depth + 1)  # what it refers to is an object of its own, and has its turn


def _is_action(found: DictionaryObject) -> bool:
    """Whether it does something else than to show another place: run, send, play, or what nobody knows."""
    kind = found.raw_get("/S") if "/S" in found else None
    if found.get("/Type") == "/Action" or "/JS" in found:
        return kind not in _INERT
    return kind in ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/Rendition", "/Movie", "/Sound",
                    "/RichMediaExecute", "/ResetForm")  # fmt: skip
