"""Viruses: an optional scanner (clamd) looks at every kept file; until it has, only the sender gets the file.

The scanner may be down or slow: the file stays pending and is tried again, and what was submitted stays submitted.
"""

import socket
import struct
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import IO

import sqlalchemy as sa
import structlog
from flask import current_app

from msme_calls import clock
from msme_calls.extensions import db
from msme_calls.storage import Missing, Unreachable, store
from msme_calls.sweeps import sweep
from msme_calls.uploads import CHUNK, Scan, StoredFile

log = structlog.get_logger()
PATIENCE = 30.0  # seconds that the scanner may take for a file
LONGEST_WAIT = timedelta(minutes=15)
FOUND: list[Callable[[str, datetime], None]] = []  # what follows: features add theirs (the content's hash, when)


class Unanswered(Exception):
    """The scanner did not say what it thinks of a file; `reached`: it was there, and may answer for the next one."""

    def __init__(self, reason: str, reached: bool = False) -> None:
        super().__init__(reason)
        self.reached = reached


def virus_in(file: IO[bytes], clamd: str) -> str | None:
    """The name of the virus that clamd finds in a file, or None. Raises Unanswered."""
    end = time.monotonic() + PATIENCE
    try:
        with _connected(clamd) as line:
            line.sendall(b"zINSTREAM\0")
            try:
                while chunk := file.read(CHUNK):
                    line.settimeout(max(0.1, end - time.monotonic()))
                    line.sendall(struct.pack(">I", len(chunk)) + chunk)
                line.sendall(bytes(4))
            except (BrokenPipeError, ConnectionResetError):
                pass  # it may have said why: the answer is read all the same
            said = _answer(line, end)
    except OSError as error:
        raise Unanswered(type(error).__name__) from error
    if said == "stream: OK":
        return None
    if said.startswith("stream: ") and said.endswith(" FOUND"):
        return said.removeprefix("stream: ").removesuffix(" FOUND")
    raise Unanswered(said[:80] or "nothing", reached=True)


def _connected(clamd: str) -> socket.socket:
    kind, _, where = clamd.partition(":")
    if kind == "tcp":
        host, _, port = where.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE)
    line = socket.socket(socket.AF_UNIX)
    try:
        line.settimeout(PATIENCE)
        line.connect(where)
    except OSError:
        line.close()
        raise
    return line


def _answer(line: socket.socket, end: float) -> str:
    said = b""
    while not said.endswith(b"\0") and len(said) < 1000:
        line.settimeout(max(0.1, end - time.monotonic()))
        part = line.recv(1000)
        if not part:
            break
        said += part
    return said.rstrip(b"\0\n").decode("utf-8", "replace")


@sweep
def scan_files(at: datetime, limit: int = 50) -> int:
    """Have the scanner look at what is pending, `limit` files at most. Safe in several processes at once."""
    clamd = current_app.settings.clamd  # type: ignore[attr-defined]
    begun, done = clock.tick(), 0
    while clamd and done < limit:
        now = at + (clock.tick() - begun)
        claimed = _claim(now)
        if claimed is None:
            break
        try:
            with store().open(claimed) as kept:
                virus = virus_in(kept, clamd)
        except (Unanswered, Missing, Unreachable) as error:
            log.warning("file not scanned", sha256=claimed, reason=f"{type(error).__name__}: {error}")
            if isinstance(error, Unanswered) and not error.reached or isinstance(error, Unreachable):
                break
            continue
        _note(claimed, virus, now)
        done += 1
    return done


def _claim(at: datetime) -> str | None:
    """The next content to look at; whoever claims it has some minutes, and then it is tried again, later each time."""
    due = (StoredFile.scan == Scan.PENDING) & (StoredFile.scan_due.is_(None) | (StoredFile.scan_due <= at))
    first = sa.select(StoredFile).where(due).order_by(StoredFile.scan_due, StoredFile.stored_at).limit(1)
    row = db.session.scalar(first.with_for_update(skip_locked=True))
    if row is not None:
        row.scan_due = at + min(timedelta(minutes=2 ** min(row.scan_attempts, 8)), LONGEST_WAIT)
        row.scan_attempts += 1
    sha256 = row.sha256 if row is not None else None
    db.session.commit()
    return sha256


def _note(sha256: str, virus: str | None, at: datetime) -> None:
    row = db.session.get(StoredFile, sha256, with_for_update=True)
    if row is not None and row.scan is Scan.PENDING:
        row.scan, row.scanned_at = (Scan.INFECTED if virus else Scan.CLEAN), at
        if virus:
            log.warning("virus found", sha256=sha256, virus=virus)
            for follow in FOUND:
                follow(sha256, at)
    db.session.commit()
