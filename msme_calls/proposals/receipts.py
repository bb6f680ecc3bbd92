"""The receipt of a submission: what it says, the signature over it, and what can be told of one that somebody brings.

A receipt is JSON of two parts: `receipt`, what is said, and `signature`, Ed25519 over its canonical text (RFC 8785).
`docs/receipts.md` says how to check one by hand.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from msme_calls.signing import Malformed, PublicKey, canonical, holds, moment, parsed

FORMAT, VERSION = "msme-calls-receipt", 1
USE = "receipts"  # a key that signs something else signs no receipt
LARGEST = 200_000  # bytes of a receipt
_STREAM = re.compile(rb"stream\r?\n")
_STREAMS = 300  # of a PDF that are looked into
_START = b'{"receipt":{'


class Finding(Enum):
    """What can be said of a receipt."""

    VALID = "valid"
    CHANGED = "changed"  # the key is ours, but this is not what it signed
    NOT_OURS = "not-ours"  # signed, if at all, with a key that isn't known here
    RETIRED = "retired"  # dated after its key had gone out of use
    NO_RECEIPT = "no-receipt"


@dataclass(frozen=True)
class Checked:
    """What was found out. `said`: what the receipt says, if it is valid; `where`: the part that can't be ours."""

    finding: Finding
    said: dict[str, Any] | None = None
    where: str = ""

    @property
    def valid(self) -> bool:
        return self.finding is Finding.VALID

    @property
    def received(self) -> datetime:
        """The instant that a valid receipt proves."""
        assert self.said is not None
        return datetime.fromisoformat(self.said["received_at"])


def composed(
    *, site: str, call: Mapping[str, Any], reference: str, number: int, at: datetime, digest: str,
    files: Iterable[Mapping[str, Any]], kid: str,
) -> dict[str, Any]:  # fmt: skip
    """What a receipt says. `call`: its slug, title by language, zone; `files`: as the version lists them."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "site": site,
        "call": {"slug": call["slug"], "title": dict(call["title"]), "zone": call["zone"]},
        "reference": reference,
        "submission": number,
        "received_at": moment(at),
        "digest": digest,
        "files": [{"name": f["name"], "sha256": f["sha256"], "size": f["size"]} for f in files],
        "key": kid,
    }


def signed(said: dict[str, Any], sign: Callable[[bytes], str]) -> str:
    """The whole receipt as text."""
    return canonical({"receipt": said, "signature": sign(canonical(said))}).decode()


def check(content: bytes, keys: Iterable[PublicKey]) -> Checked:
    """What can be told of a receipt (JSON, or our PDF with the JSON in it) by the known keys alone."""
    try:
        whole = parsed(_out_of_pdf(content) if content.lstrip()[:5] == b"%PDF-" else content)
    except Malformed:
        return Checked(Finding.NO_RECEIPT)
    said = whole.get("receipt") if isinstance(whole, dict) else None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        return Checked(Finding.NO_RECEIPT)
    if where := _unlike(whole, SHAPE):
        return Checked(Finding.CHANGED, where=where)
    return _proven(said, whole["signature"], keys)


def _proven(said: dict[str, Any], signature: str, keys: Iterable[PublicKey]) -> Checked:
    key = next((key for key in keys if key.kid == said["key"] and key.use == USE), None)
    if key is None:
        return Checked(Finding.NOT_OURS)
    try:
        if not holds(key, canonical(said), signature):
            return Checked(Finding.CHANGED)
    except Malformed:
        return Checked(Finding.CHANGED)
    at = datetime.fromisoformat(said["received_at"])
    return Checked(Finding.RETIRED if key.until and at > key.until else Finding.VALID, said)


def _is(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53  # what every program reads alike


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _instant(value: Any) -> bool:
    try:
        return _text(value) and moment(datetime.fromisoformat(value)) == value
    except (ValueError, OverflowError):  # no such date, or one that is in no year in UTC
        return False


def _titles(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_text, value.values()))


_HASH, _KEY = _is("[0-9a-f]{64}"), _is("[A-Za-z0-9_-]{43}")
SHAPE: dict[str, Any] = {
    "receipt": {
        "format": FORMAT.__eq__,
        "version": lambda value: type(value) is int and value == VERSION,
        "site": _text,
        "call": {"slug": _text, "title": _titles, "zone": _text},
        "reference": _text,
        "submission": _count,
        "received_at": _instant,
        "digest": _HASH,
        "files": [{"name": _text, "sha256": _HASH, "size": _count}],
        "key": _KEY,
    },
    "signature": _is("[A-Za-z0-9_-]{86}"),
}


def _unlike(value: Any, shape: Any, path: str = "") -> str:
    """The path of the first part that no receipt has, or has otherwise; empty if it is like one."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return path
        names = [*shape, *sorted(set(value) - set(shape))]
        places = ((name, f"{path}.{name}".lstrip(".")) for name in names)
        return next((w for n, p in places if (w := _part(value, shape, n, p))), "")
    if isinstance(shape, list):
        if not isinstance(value, list):
            return path
        return next((w for n, v in enumerate(value) if (w := _unlike(v, shape[0], f"{path}[{n}]"))), "")
    return "" if shape(value) is True else path


def _part(value: dict[str, Any], shape: dict[str, Any], name: str, path: str) -> str:
    if name not in value or name not in shape:
        return path[:100]
    return _unlike(value[name], shape[name], path)


def _out_of_pdf(content: bytes) -> bytes:
    """The receipt that our own PDF carries. Nothing of a PDF is read but short streams. Raises Malformed."""
    for number, start in enumerate(_STREAM.finditer(content)):
        if number >= _STREAMS:
            break
        try:
            packed = content[start.end() : start.end() + LARGEST]
            if zlib.decompressobj().decompress(packed[:100], len(_START)) == _START:
                return zlib.decompressobj().decompress(packed, LARGEST)
        except zlib.error:
            continue
    raise Malformed("PDF")
