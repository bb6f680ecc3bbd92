"""The tus protocol 1.0.0 for uploads that go on after a broken line: what its headers say, without files or pages.

https://tus.io/protocols/resumable-upload: core, and the extensions named below.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from werkzeug.datastructures import Headers

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
CHUNK_TYPE = "application/offset+octet-stream"
MISMATCH = "460 Checksum Mismatch"  # the protocol's own
ALGORITHMS: dict[str, Callable[[], Any]] = {
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),  # the one that every server has to know
    "sha256": hashlib.sha256,
}
_NUMBER = re.compile(r"[0-9]{1,15}")
_MOST_METADATA = 4000  # characters


class Wrong(Exception):
    """A request that the protocol refuses: the status, a sentence for whoever wrote the client, headers."""

    def __init__(self, status: int | str, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def agree(headers: Headers) -> None:
    """Refuse a client that speaks another version, or doesn't say which."""
    if headers.get("Tus-Resumable") != VERSION:
        raise Wrong(412, f"Send the header Tus-Resumable: {VERSION}.", Tus_Version=VERSION)


def number(headers: Headers, name: str) -> int:
    """A header that is a whole number, not below zero."""
    given = headers.get(name, "")
    if not _NUMBER.fullmatch(given):
        raise Wrong(400, f"The header {name} has to be a whole number.")
    return int(given)


def length(headers: Headers) -> int:
    """The length of the file that is going to be sent."""
    if "Upload-Defer-Length" in headers or "Upload-Concat" in headers:
        raise Wrong(400, f"Of the protocol's extensions these are known: {EXTENSIONS}.")
    return number(headers, "Upload-Length")


def metadata(headers: Headers) -> dict[str, str]:
    """What is said of the file: pairs of a name and a text in base64."""
    given, found = headers.get("Upload-Metadata", ""), {}
    if len(given) > _MOST_METADATA:
        raise Wrong(400, f"The header Upload-Metadata may have {_MOST_METADATA} characters.")
    for pair in filter(None, (part.strip() for part in given.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            raise Wrong(400, f"In Upload-Metadata the value of {name!r} has to be text in base64.") from None
    return found


def a_chunk(headers: Headers) -> None:
    """Refuse a body that doesn't say that it is a chunk."""
    if headers.get("Content-Type", "").partition(";")[0].strip().lower() != CHUNK_TYPE:
        raise Wrong(415, f"A chunk has the Content-Type {CHUNK_TYPE}.")


class Checksum:
    """The checksum that a chunk was sent with, and the one that it turns out to have; nothing, if none was sent."""

    def __init__(self, headers: Headers) -> None:
        self.wanted: bytes | None = None
        given = headers.get("Upload-Checksum")
        if given is None:
            return
        name, _, value = given.partition(" ")
        if name not in ALGORITHMS:
            raise Wrong(400, f"Checksums are known by these algorithms: {','.join(ALGORITHMS)}.")
        try:
            self.wanted = base64.b64decode(value.strip(), validate=True)
        except binascii.Error:
            raise Wrong(400, "A checksum is written in base64.") from None
        self.hash = ALGORITHMS[name]()

    def update(self, piece: bytes) -> None:
        if self.wanted is not None:
            self.hash.update(piece)

    def compare(self) -> None:
        """Refuse a chunk that isn't what was sent."""
        if self.wanted is not None and self.hash.digest() != self.wanted:
            raise Wrong(MISMATCH, "This chunk did not come as it was sent. Send it again.")


def meant(method: str, headers: Headers) -> str:
    """The method that a request means: where only POST goes through, it carries the real one in a header."""
    return headers.get("X-HTTP-Method-Override", method).upper() if method == "POST" else method


def instant(at: datetime) -> str:
    """An instant as headers have it."""
    return format_datetime(at.astimezone(UTC), usegmt=True)
