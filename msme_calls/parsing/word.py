"""Word documents (.docx): what they hold beside words and pictures, and copies without it.

Their XML is never parsed, only searched and replaced in, so that no declaration in it is ever followed.
"""

import html
import re
import zipfile
from collections.abc import Callable
from typing import IO

from msme_calls.parsing import Fault, pictures

_MOST_PARTS, _MOST_BYTES, _LARGEST_RELS = 5000, 200_000_000, 5_000_000
_PEOPLE = re.compile(rb"""(\b\w+:(?:author|initials|userId|providerId)\s*=\s*)("[^"]*"|'[^']*')""")  # of notes, changes
_HEAD = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_NO_CORE = (
    _HEAD + b'<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>'
)
_NO_APP = _HEAD + b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>'
_NO_PEOPLE = _HEAD + b'<w15:people xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"/>'
_EMPTIED = {
    "docProps/core.xml": _NO_CORE, "docProps/app.xml": _NO_APP,
    "docProps/custom.xml": _NO_APP.replace(b"extended-properties", b"custom-properties"),
    "word/people.xml": _NO_PEOPLE,
}  # fmt: skip
_CUSTOM_DATA = re.compile(r"customXml/item\d+\.xml")  # what a company's document server writes of its authors
# A tag ends, and an attribute begins, where a reader of XML says so: a value may hold “>”, and what looks like another.
_RELATIONSHIP = re.compile(rb"""<(?:[^\s<>/:"'=]+:)?Relationship\b(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_ATTRIBUTE = re.compile(rb"""([^\s=<>"'/]++)\s*+=\s*+("[^"]*+"|'[^']*+')""")
_NOT_PLAIN = re.compile(rb"""<!|<\?(?!xml\s)|\0|\bencoding\s*=\s*["'](?!utf-8["']|us-ascii["'])""", re.IGNORECASE)
_INSERTED = re.compile(r"(?i)word/(embeddings|activeX)/.")
_MACROS = re.compile(r"(?i)(^|/)vba(Project|Data)\b.*")
_MACRO_TYPE = re.compile(rb"macroEnabled|vbaProject", re.IGNORECASE)


def found(file: IO[bytes]) -> set[str]:
    """What it holds beside what is read. Raises Fault for what is no Word document, or has programs in it."""
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        _check(parts)
        if any(_MACROS.search(p.filename) for p in parts) or _MACRO_TYPE.search(_types(archive)):
            raise Fault("macros")
        with archive.open("word/document.xml") as document:
            if b"<!" in document.read(2000).replace(b"<!--", b""):  # a declaration: no word processor writes one
                raise Fault("damaged")
        acts = {"file"} if any(_INSERTED.match(p.filename) and p.file_size for p in parts) else set()
        for part in parts:
            if _leads(part.filename):
                acts |= _outside(_read(archive, part))
    return acts


def _check(parts: list[zipfile.ZipInfo]) -> None:
    names = [p.filename for p in parts]
    if "word/document.xml" not in names or len(names) > _MOST_PARTS:
        raise Fault("not-word")
    folded = {n.casefold() for n in names}
    if len(folded) != len(names) or any(n.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", n) for n in names):
        raise Fault("damaged")
    if any(p.flag_bits & 1 for p in parts):
        raise Fault("encrypted")
    if sum(p.file_size for p in parts) > _MOST_BYTES:
        raise Fault("unpacked")


def _types(archive: zipfile.ZipFile) -> bytes:
    name = "[Content_Types].xml"
    return _read(archive, archive.getinfo(name)) if name in archive.namelist() else b""


def _read(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    if part.file_size > _LARGEST_RELS:
        raise Fault("unpacked")
    return archive.read(part)


def _leads(name: str) -> bool:
    """Whether a part says what belongs to which; programs find it whatever the case of its name."""
    return name.casefold().endswith(".rels")


def _outside(rels: bytes) -> set[str]:
    """Whether opening the document would fetch something from elsewhere; links that a reader may follow are no harm."""
    if _NOT_PLAIN.search(rels):  # entities, remarks, other letters: programs read them differently; none writes them
        raise Fault("damaged")
    return {"outside"} if any(_stay(tag) != tag[0] for tag in _RELATIONSHIP.finditer(rels)) else set()


def plain(file: IO[bytes], out: IO[bytes]) -> None:
    """A copy that fetches nothing and carries no other files."""
    _copy(file, out, _calm)


def neutral(file: IO[bytes], out: IO[bytes]) -> None:
    """The same without what it says of its authors, in properties, notes, changes and pictures."""
    _copy(file, out, _forget)


def _copy(file: IO[bytes], out: IO[bytes], change: Callable[[str, bytes], bytes]) -> None:
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            if part.filename.startswith("docProps/thumbnail") and change is _forget:
                continue
            content = change(part.filename, source.read(part))
            target.writestr(zipfile.ZipInfo(part.filename), content, zipfile.ZIP_DEFLATED)


def _calm(name: str, content: bytes) -> bytes:
    if _leads(name):
        return _RELATIONSHIP.sub(_stay, content)
    return b"" if _INSERTED.match(name) and not name.endswith(".xml") else content


def _attributes(tag: bytes) -> dict[bytes, bytes]:
    """A relationship's own attributes as a reader of XML gets them."""
    return {name: html.unescape(value[1:-1].decode("utf-8", "replace")).strip().encode()
            for name, value in _ATTRIBUTE.findall(tag)}  # fmt: skip


def _led(tag: bytes, to: bytes) -> bytes:
    """The same relationship, leading elsewhere."""
    return _ATTRIBUTE.sub(lambda a: b'Target="' + to + b'"' if a[1] == b"Target" else a[0], tag)


def _stay(tag: re.Match[bytes]) -> bytes:
    """A relationship that leads out of the document leads nowhere; the template's name is everybody's."""
    own = _attributes(tag[0])
    kind = own.get(b"Type", b"")
    if own.get(b"TargetMode", b"Internal") == b"Internal" or kind.endswith(b"/hyperlink"):
        return tag[0]
    return _led(tag[0], b"Normal.dotm" if kind.endswith(b"/attachedTemplate") else b"about:blank")


def _forget(name: str, content: bytes) -> bytes:
    if name.endswith(".psmdcp"):  # where some programs keep properties
        return _NO_CORE
    if _CUSTOM_DATA.fullmatch(name):
        return b"<removed/>"
    if name in _EMPTIED:
        return _EMPTIED[name]
    if name.startswith("word/media/"):
        return pictures.without_notes(content, name.rpartition(".")[2])
    content = _calm(name, content)
    if name.startswith("word/_rels/settings"):  # a template's path names whoever's folder it lay in
        content = _RELATIONSHIP.sub(_no_template, content)
    return _PEOPLE.sub(rb'\1""', content) if name.startswith("word/") and name.endswith(".xml") else content


def _no_template(tag: re.Match[bytes]) -> bytes:
    template = _attributes(tag[0]).get(b"Type", b"").endswith(b"/attachedTemplate")
    return _led(tag[0], b"Normal.dotm") if template else tag[0]
