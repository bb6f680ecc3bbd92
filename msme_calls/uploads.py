"""Files: kept by the hash of their content, checked by what they are, sent back so that no browser runs them."""

import hashlib
import io
import logging
import os
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO
from urllib.parse import quote

import structlog
from flask import Response, current_app
from flask_babel import gettext as _
from PIL import Image
from pypdf import PdfReader
from pypdf.errors import DependencyError
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.wsgi import FileWrapper

from msme_calls.extensions import Base, db
from msme_calls.storage import Unreachable, incoming, store

log = structlog.get_logger()
logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings quote what people sent
CHUNK = 1 << 16
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "png": "image/png",
    "jpg": "image/jpeg",
}
_MAGIC = {"pdf": b"%PDF-", "docx": b"PK\x03\x04", "png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff"}
_RISKY = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


class BadFile(Exception):
    """A file that can't be taken; the message tells the sender why and what to do."""


class NotKept(BadFile):
    """A file that is fit, and that the store can't take at the moment; what else was sent is not concerned."""


class StoredFile(Base):
    """A content that the store holds; several attachments may share it."""

    __tablename__ = "stored_files"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    kind: Mapped[str]
    stored_at: Mapped[datetime]


@dataclass(frozen=True)
class Checked:
    """What is known of a file once it has been read: its kind, size in bytes, pages (if it has any) and name."""

    sha256: str
    kind: str
    size: int
    pages: int | None
    name: str


def clean_name(name: str) -> str:
    """A file's name without folders, control and direction characters, at most 120 characters."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    stem, dot, ending = _RISKY.sub("", name).strip(" .").rpartition(".")
    return (f"{stem[:110]}.{ending[:8]}" if dot else ending[:120]) or "file"


def take(stream: IO[bytes], name: str, *, kinds: Iterable[str], max_bytes: int, max_pages: int | None) -> Checked:
    """Check a sent file and keep it. Raises BadFile with a sentence for its sender. Writes no row.

    The content is kept for good (written, synced, renamed) before this returns, so a row never points to nothing.
    """
    name = clean_name(name)
    temporary, digest, size = _spool(stream, max_bytes)
    try:
        with open(temporary, "rb") as file:
            kind = _kind(file, name, list(kinds))
            pages = _read(file, kind)
        if max_pages and pages and pages > max_pages:
            raise BadFile(
                _("This document has %(pages)d pages; at most %(most)d are read. Shorten it and send it again.",
                  pages=pages, most=max_pages)
            )  # fmt: skip
        _keep(temporary, digest)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return Checked(digest, kind, size, pages, name)


def _spool(stream: IO[bytes], max_bytes: int) -> tuple[str, str, int]:
    folder = incoming(current_app.settings)  # type: ignore[attr-defined]
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as out:
        try:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > max_bytes:
                    raise BadFile(
                        _("This file is larger than %(most)d MB. Make it smaller (for example, fewer pictures) "
                          "and send it again.", most=max_bytes // 1_000_000)
                    )  # fmt: skip
                digest.update(chunk)
                out.write(chunk)
            if not size:
                raise BadFile(_("This file is empty. Choose it once more and send it again."))
            out.flush()
            os.fsync(out.fileno())
        except BaseException:
            Path(out.name).unlink(missing_ok=True)
            raise
    return out.name, digest.hexdigest(), size


def _kind(file: IO[bytes], name: str, kinds: list[str]) -> str:
    start = file.read(16)
    ending = name.rpartition(".")[2].lower().replace("jpeg", "jpg") if "." in name else ""
    for kind in kinds:
        if start.startswith(_MAGIC[kind]) and ending == kind:
            return kind
    *first, last = ({"pdf": "PDF", "docx": "Word (.docx)", "png": "PNG", "jpg": "JPEG"}[k] for k in kinds)
    wanted = _("%(first)s or %(last)s", first=", ".join(first), last=last) if first else last
    raise BadFile(_("We can’t read this kind of file. Save it as %(wanted)s and send it again.", wanted=wanted))


def _read(file: IO[bytes], kind: str) -> int | None:
    file.seek(0)
    try:
        return {"pdf": _read_pdf, "docx": _read_docx, "png": _read_image, "jpg": _read_image}[kind](file)
    except BadFile:
        raise
    except Exception as error:
        raise BadFile(_("This file could not be read: it may be damaged. Save it anew and send it again.")) from error


def _read_pdf(file: IO[bytes]) -> int:
    try:
        reader = PdfReader(file, strict=False)
        encrypted = reader.is_encrypted
    except DependencyError:  # a cipher that we don't carry: so it is encrypted
        encrypted = True
    if encrypted:
        raise BadFile(_("This document is protected by a password. Remove the password and send it again."))
    pages = len(reader.pages)
    if not pages:
        raise BadFile(_("This document has no pages. Save it anew and send it again."))
    reader.pages[0].mediabox  # noqa: B018  a page that can't be found raises
    return pages


def _read_docx(file: IO[bytes]) -> None:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if "word/document.xml" not in names or len(names) > 5000:
            raise BadFile(_("This file is not a Word document (.docx). Save it in that form and send it again."))
        if sum(i.file_size for i in archive.infolist()) > 200_000_000:
            raise BadFile(_("This document is too large once it is unpacked. Make it smaller and send it again."))


def _read_image(file: IO[bytes]) -> None:
    with Image.open(file) as image:
        if image.width * image.height > 40_000_000:
            raise BadFile(_("This picture has too many points. Make it smaller and send it again."))
        image.verify()


def _keep(temporary: str, digest: str) -> None:
    try:
        store().keep(temporary, digest)
    except Unreachable as error:
        log.error("file not kept", reason=str(error))
        raise NotKept(
            _("We can’t keep files at the moment. Everything else is safe: send this file again in a few minutes.")
        ) from error


def remember(checked: Checked, at: datetime) -> StoredFile:
    """The row of a kept content: a new one, or the one that is there already."""
    row = db.session.get(StoredFile, checked.sha256)
    if row is None:
        row = StoredFile(sha256=checked.sha256, size=checked.size, kind=checked.kind, stored_at=at)
        db.session.add(row)
        db.session.flush()
    return row


def logo(stream: IO[bytes], name: str, max_bytes: int = 10_000) -> Checked:
    """Keep a partner's logo, drawn anew (so nothing else is in it) and made small: at most 10 kB, 320 × 120 points."""
    checked = take(stream, name, kinds=("png", "jpg"), max_bytes=5_000_000, max_pages=None)
    with store().open(checked.sha256) as kept, Image.open(kept) as original:
        picture = original.convert("RGBA")
    for side in (320, 240, 160, 120, 80, 48):
        small = picture.copy()
        small.thumbnail((side, side * 3 // 8))
        out = io.BytesIO()
        small.quantize(64, method=Image.Quantize.FASTOCTREE).save(out, "PNG", optimize=True)
        if out.tell() <= max_bytes:
            break
    out.seek(0)
    return take(out, "logo.png", kinds=("png",), max_bytes=max_bytes, max_pages=None)


def send_back(sha256: str, kind: str, name: str) -> Response:
    """Give a file to somebody who may have it: as a download that no browser draws or runs as our page."""
    kept = store().open(sha256)
    size = kept.seek(0, os.SEEK_END)
    kept.seek(0)
    data = FileWrapper(kept, CHUNK)  # the server closes it, however the line ends
    response = Response(data, mimetype=MEDIA_TYPES[kind], direct_passthrough=True)
    response.content_length = size
    return _as_download(response, name)


def send_content(content: bytes, kind: str, name: str) -> Response:
    """The same for a content that was made from a kept one and isn't kept itself."""
    return _as_download(Response(content, mimetype=MEDIA_TYPES[kind]), name)


def _as_download(response: Response, name: str) -> Response:
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "no-store"
    return response


def storage_writable() -> bool:
    """Whether a file can be kept now (for the readiness page)."""
    return store().writable()
