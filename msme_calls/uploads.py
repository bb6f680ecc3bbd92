"""Files: kept by the hash of their content, checked by what they are, sent back so that no browser runs them."""

import hashlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import sqlalchemy as sa
import structlog
from flask import Response, current_app
from flask_babel import gettext as _
from flask_babel import pgettext
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.wsgi import FileWrapper

from msme_calls import i18n, metrics, reading, sweeps
from msme_calls.errors import Refused, allow
from msme_calls.extensions import Base, db, insert_into
from msme_calls.i18n import _l
from msme_calls.parsing import Fault
from msme_calls.storage import Missing, Unreachable, incoming, store

log = structlog.get_logger()
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
    """A file that can't be read or kept at the moment; what else was sent is not concerned."""


class Scan(Enum):
    """What is known of viruses in a content. Where no scanner is set, all stay pending, and are given."""

    PENDING = "pending"
    CLEAN = "clean"
    INFECTED = "infected"


_WAITING = sa.text("scan = 'pending'")
# What a file may hold that nobody but its sender gets; what follows its end ("more") is dropped without a word.
LEFT_OUT = {
    "script": _l("its scripts"),
    "action": _l("its automatic actions"),
    "file": _l("the files inside it"),
    "form": _l("its form for another program"),
    "outside": _l("what it loads from elsewhere"),
}
FAULTS = {
    "damaged": _l("This file could not be read: it may be damaged. Save it anew and send it again."),
    "nested": _l("This file could not be read: it may be damaged. Save it anew and send it again."),
    "encrypted": _l("This document is protected by a password. Remove the password and send it again."),
    "no-pages": _l("This document has no pages. Save it anew and send it again."),
    "pages": _l("This document has %(pages)d pages; at most %(most)d are read. Shorten it and send it again."),
    "portfolio": _l("This PDF is only a cover for other files inside it (a portfolio). Open it, choose Print, save "
                    "as PDF, and send that; or send the files inside one by one."),
    "program-form": _l("This PDF is a form that only one program can show (XFA). Open it there, choose Print, save as "
                       "PDF, and send that."),
    "not-word": _l("This file is not a Word document (.docx). Save it in that form and send it again."),
    "macros": _l("This Word document holds programs (macros). Save it as “Word document (.docx)” without them and "
                 "send it again."),
    "unpacked": _l("This document is too large once it is unpacked. Make it smaller and send it again."),
    "points": _l("This picture has too many points. Make it smaller and send it again."),
}  # fmt: skip


class StoredFile(Base):
    """A content that the store holds; several attachments may share it."""

    __tablename__ = "stored_files"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    kind: Mapped[str]
    stored_at: Mapped[datetime]
    found: Mapped[list | None]  # what others don't get of it (see LEFT_OUT); None: kept before this was looked for
    scan: Mapped[Scan] = mapped_column(default=Scan.PENDING, server_default="pending")
    scan_due: Mapped[datetime | None]  # when a scanner is asked again; None: it wasn't yet
    scan_attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    scanned_at: Mapped[datetime | None]
    __table_args__ = (
        sa.CheckConstraint("(scan = 'pending') = (scanned_at IS NULL)", name="scanned_has_instant"),
        sa.Index("ix_stored_files_scan_due", "scan_due", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    @property
    def word(self) -> tuple[str, str]:
        """Where it stands with its sender: a word and its state."""
        if self.scan is Scan.INFECTED:
            return _("Refused: virus"), "late"
        if self.scan is Scan.PENDING and current_app.settings.clamd:  # type: ignore[attr-defined]
            return _("Being checked"), "soon"
        return pgettext("file", "Received"), "good"

    @property
    def left_out(self) -> str:
        """What others don't get of it, as a sentence for its sender; empty for most files."""
        parts = [str(LEFT_OUT[name]) for name in self.found or () if name in LEFT_OUT]
        return _("Others get a copy without %(parts)s.", parts=i18n.join(parts)) if parts else ""


@dataclass(frozen=True)
class Checked:
    """What is known of a file once it has been read: its kind, size in bytes, pages (if it has any) and name."""

    sha256: str
    kind: str
    size: int
    pages: int | None
    name: str
    found: tuple[str, ...] = ()


def clean_name(name: str) -> str:
    """A file's name without folders, control and direction characters, at most 120 characters."""
    name = unicodedata.normalize("NFC", i18n.thinned(name.replace("\\", "/").rpartition("/")[2]))
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
            said = _read(file, kind)
        pages = said["pages"]
        if max_pages and pages and pages > max_pages:
            raise BadFile(
                _("This document has %(pages)d pages; at most %(most)d are read. Shorten it and send it again.",
                  pages=pages, most=max_pages)
            )  # fmt: skip
        _keep(temporary, digest)
        metrics.count("file", "kept")
    except BadFile as reason:
        metrics.count("file", "not kept" if isinstance(reason, NotKept) else "refused")
        raise
    finally:
        Path(temporary).unlink(missing_ok=True)
    return Checked(digest, kind, size, pages, name, tuple(said["found"]))


def _spool(stream: IO[bytes], max_bytes: int) -> tuple[str, str, int]:
    folder = incoming(current_app.settings)  # type: ignore[attr-defined]
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as out:
        try:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > max_bytes:
                    break
                digest.update(chunk)
                out.write(chunk)
            if reason := no_size(size, max_bytes):
                raise BadFile(reason)
            out.flush()
            os.fsync(out.fileno())
        except BaseException:
            Path(out.name).unlink(missing_ok=True)
            raise
    return out.name, digest.hexdigest(), size


def no_size(size: int, max_bytes: int) -> str | None:
    """Against a file of so many bytes."""
    if not size:
        return _("This file is empty. Choose it once more and send it again.")
    if size <= max_bytes:
        return None
    return _(
        "This file is larger than %(most)d MB. Make it smaller (for example, fewer pictures) and send it again.",
        most=max_bytes // 1_000_000,
    )


def no_kind(name: str, kinds: Iterable[str]) -> str | None:
    """Against a file of this name, before any of it has come."""
    return None if _ending(name) in kinds else _wanted(kinds)


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower().replace("jpeg", "jpg") if "." in name else ""


def _kind(file: IO[bytes], name: str, kinds: list[str]) -> str:
    start, ending = file.read(16), _ending(name)
    for kind in kinds:
        if start.startswith(_MAGIC[kind]) and ending == kind:
            return kind
    raise BadFile(_wanted(kinds))


def _wanted(kinds: Iterable[str]) -> str:
    *first, last = ({"pdf": "PDF", "docx": "Word (.docx)", "png": "PNG", "jpg": "JPEG"}[k] for k in kinds)
    wanted = _("%(first)s or %(last)s", first=", ".join(first), last=last) if first else last
    return _("We can’t read this kind of file. Save it as %(wanted)s and send it again.", wanted=wanted)


def _read(file: IO[bytes], kind: str) -> dict[str, Any]:
    """What the parser learns of it: `pages` and what was `found`. Raises BadFile."""
    try:
        said = reading.learn(file, kind)
        if set(said["found"]) - {"more"}:  # others will get a copy without it: one that can be made
            with _made("plain", file, kind=kind):
                pass
    except Fault as fault:
        raise BadFile(_fault(fault)) from fault
    except reading.Busy as busy:
        raise NotKept(_("Too many files are being read at the moment. Send this one again in a minute.")) from busy
    except reading.Unreadable as error:
        raise BadFile(_("This file could not be read: it may be damaged. Save it anew and send it again.")) from error
    return said


def _fault(fault: Fault) -> str:
    sentence = FAULTS[fault.why]
    return str(sentence) % fault.values if fault.values else str(sentence)


def _made(job: str, file: IO[bytes], **values: Any) -> IO[bytes]:
    """A copy that the parser makes of a file, at its beginning; in no folder, and gone once it is closed."""
    out = tempfile.TemporaryFile(dir=incoming(current_app.settings))  # type: ignore[attr-defined]
    try:
        reading.copy(job, file, out, **values)
    except BaseException:
        out.close()
        raise
    return out


def _keep(temporary: str, digest: str) -> None:
    try:
        store().keep(temporary, digest)
    except Unreachable as error:
        log.error("file not kept", reason=str(error))
        raise NotKept(
            _("We can’t keep files at the moment. Everything else is safe: send this file again in a few minutes.")
        ) from error


def remember(checked: Checked, at: datetime) -> StoredFile:
    """The row of a kept content: a new one, or the one that is there already, also if it comes at this very moment.

    Raises Refused for a content that holds a virus, or that a clean-up has taken away since it was kept.
    """
    values = {"sha256": checked.sha256, "size": checked.size, "kind": checked.kind, "stored_at": at,
              "found": list(checked.found), "scan": Scan.PENDING, "scan_attempts": 0}  # fmt: skip
    row = None
    while row is None:  # a clean-up may take an old row away between the two
        db.session.connection().execute(_new(db.engine.dialect.name), values)
        row = db.session.scalar(_THERE, {"sha256": checked.sha256})
    if row.scan is Scan.INFECTED:
        raise Refused(_("This file holds a virus or the like. Check your computer, and send another file."))
    try:
        store().size(checked.sha256)
    except Missing as error:
        raise Refused(_("This file could not be kept. Send it again.")) from error
    except Unreachable:
        pass  # it was kept a moment ago
    if current_app.settings.clamd:  # type: ignore[attr-defined]
        sweeps.soon()
    return row


_THERE = (
    sa.select(StoredFile).where(StoredFile.sha256 == sa.bindparam("sha256"))
    .with_for_update(key_share=True, read=True)
)  # fmt: skip


@cache
def _new(dialect: str) -> Any:
    """The INSERT of a content that may be there already, made once."""
    return insert_into(StoredFile, dialect).on_conflict_do_nothing(index_elements=["sha256"])


def logo(stream: IO[bytes], name: str, max_bytes: int = 10_000) -> Checked:
    """Keep a partner's logo, drawn anew (so nothing else is in it) and made small: at most 10 kB, 320 × 120 points."""
    checked = take(stream, name, kinds=("png", "jpg"), max_bytes=5_000_000, max_pages=None)
    with store().open(checked.sha256) as kept, _made("logo", kept, max_bytes=max_bytes) as out:
        return take(out, "logo.png", kinds=("png",), max_bytes=max_bytes, max_pages=None)


def no_download(row: StoredFile, own: bool) -> str | None:
    """Against giving somebody a file: what harms is given to nobody, what may harm to its sender alone."""
    if row.scan is Scan.INFECTED:
        return _("This file holds a virus or the like, and is given to nobody.")
    if row.scan is Scan.PENDING and current_app.settings.clamd and not own:  # type: ignore[attr-defined]
        return _("This file is still being checked for viruses. Try again in a few minutes.")
    return None


def send_back(sha256: str, kind: str, name: str, *, own: bool = False) -> Response:
    """Give a file to somebody who may have it: as a download that no browser draws or runs as our page.

    Others than its sender (`own`) get a file with scripts, actions or other files in it as a copy without them.
    """
    row = db.session.get_one(StoredFile, sha256)
    allow(no_download(row, own))
    kept = store().open(sha256)
    if own or row.found == []:
        return _as_download(kept, kind, name)
    return _copy("plain", kept, kind, name)


def send_neutral(sha256: str, kind: str, name: str) -> Response:
    """A copy that doesn't say who made it, for somebody who may not know."""
    allow(no_download(db.session.get_one(StoredFile, sha256), own=False))
    return _copy("neutral", store().open(sha256), kind, name)


def _copy(job: str, kept: IO[bytes], kind: str, name: str) -> Response:
    try:
        with kept:
            return _as_download(_made(job, kept, kind=kind), kind, name)
    except (Fault, reading.Unreadable) as error:  # nothing is given rather than a name, or a script
        log.warning("no copy", job=job, error=str(error))
        if job == "neutral":
            sentence = _("This file can’t be shown without what it says of its author. Ask the coordinators for it.")
        else:
            sentence = _("No harmless copy of this file can be made. Ask its sender for another one.")
        raise Refused(sentence) from error
    except reading.Busy as busy:
        raise Refused(_("Too many files are being read at the moment. Try again in a minute.")) from busy


def _as_download(file: IO[bytes], kind: str, name: str) -> Response:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    data = FileWrapper(file, CHUNK)  # the server closes it, however the line ends
    response = Response(data, mimetype=MEDIA_TYPES[kind], direct_passthrough=True)
    response.content_length = size
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
