"""The sealed result: one canonical text of all that is published, its fingerprint, and the way back to pages.

Commit and reveal: the SHA-256 of the bytes is public at once, the bytes at the instant of the result. A nonce of
256 bits keeps anybody from guessing the result by trying plausible lists (`docs/decisions/0002-seal.md`).
"""

import hashlib
import hmac
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from msme_calls.calls.deadlines import MSME_DAY

FORMAT = "msme-calls-result"
VERSION = 1
Words = dict[str, str]  # by language


class Broken(Exception):
    """Sealed bytes are not what was sealed: nothing of them may be shown."""


@dataclass(frozen=True)
class Rule:
    """A criterion by which the proposals were judged."""

    key: str
    name: Words
    weight: int
    scale: int


@dataclass  # not frozen: the kinds of questions ask for plain attributes
class Asked:
    """A question whose answer is public, with as much of it as is needed to show the answer."""

    key: str
    kind: str
    label: Words
    options: dict[str, Any]
    required: bool = True


@dataclass(frozen=True)
class Answer:
    """A public answer of the version that was judged."""

    question: Asked
    value: Any


@dataclass(frozen=True)
class Entry:
    """A proposal that the world learns of, under its public words."""

    reference: str
    outcome: str
    name: Words
    project: Words
    summary: Words
    economy: str
    organisation_type: str
    language: str
    answers: tuple[Answer, ...] = ()
    symbol: str = ""  # of the document that it becomes; seals from before there were any have none


@dataclass(frozen=True)
class Result:
    """The whole result of a call. Entries stand by outcome, then in the order of the ranking."""

    slug: str
    kind: str
    prefix: str
    title: Words
    theme: Words
    languages: tuple[str, ...]
    zone: str
    result_at: datetime
    sealed_at: datetime
    criteria: tuple[Rule, ...]
    tie_breaks: tuple[str, ...]
    winners: int
    runners_up: int
    reviews_per_proposal: int
    received: int
    economies: int
    entries: tuple[Entry, ...]
    others: tuple[str, ...]  # commitments to the outcomes that aren't published, sorted
    history_seq: int
    history_hash: str
    nonce: str  # 256 bits, hexadecimal

    def of(self, outcome: str) -> tuple[Entry, ...]:
        """The entries of an outcome, in order."""
        return tuple(e for e in self.entries if e.outcome == outcome)

    def entry(self, reference: str) -> Entry | None:
        """The entry of a reference."""
        return next((e for e in self.entries if e.reference == reference), None)

    @property
    def on_msme_day(self) -> bool:
        """Whether the result appears on 27 June, by the clocks of the call's zone."""
        local = self.result_at.astimezone(ZoneInfo(self.zone))
        return (local.month, local.day) == MSME_DAY

    @property
    def shares(self) -> list[tuple[Rule, float]]:
        """The criteria, each with its share (0 to 1) of all weights."""
        total = sum(c.weight for c in self.criteria)
        return [(c, c.weight / total) for c in self.criteria]


def canonical(value: Any) -> bytes:
    """JSON of one form only: sorted keys, no spaces, NFC text; strings, whole numbers, booleans, null (RFC 8785).

    Raises ValueError for anything else, so that no two programs can write the same result differently.
    """
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Mapping) and all(isinstance(k, str) for k in value):
        return {unicodedata.normalize("NFC", k): _plain(v) for k, v in value.items()}
    raise ValueError(f"not for a canonical text: {value!r}")


def seal_bytes(result: Result) -> bytes:
    """The bytes that are sealed: the same result always gives the same bytes."""
    said = {
        "format": FORMAT,
        "version": VERSION,
        "call": {name: getattr(result, name) for name in ("slug", "kind", "prefix", "title", "theme", "zone")}
        | {"languages": result.languages},
        "result_at": _text(result.result_at),
        "sealed_at": _text(result.sealed_at),
        "rules": {
            "criteria": [asdict(c) for c in result.criteria],
            "tie_breaks": result.tie_breaks,
            "winners": result.winners,
            "runners_up": result.runners_up,
            "reviews_per_proposal": result.reviews_per_proposal,
        },
        "counts": {"received": result.received, "economies": result.economies},
        "entries": [asdict(e) for e in result.entries],
        "others": result.others,
        "history": {"seq": result.history_seq, "hash": result.history_hash},
        "nonce": result.nonce,
    }
    return canonical(said)


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()


def digest(content: bytes) -> str:
    """The fingerprint of sealed bytes: SHA-256 in hexadecimal, as `sha256sum` prints it."""
    return hashlib.sha256(content).hexdigest()


def open_sealed(content: bytes, expected: str) -> Result:
    """The result in sealed bytes whose fingerprint must be the expected one. Raises Broken if it isn't."""
    if not hmac.compare_digest(digest(content), expected):
        raise Broken("the sealed bytes do not have their digest")
    return open_result(content)


@lru_cache(maxsize=64)
def open_result(content: bytes) -> Result:
    """The result in sealed bytes, whatever their fingerprint. Raises Broken if they aren't one of this format."""
    try:
        return _read(json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Broken(f"the sealed bytes can't be read: {error}") from error


def _read(said: dict[str, Any]) -> Result:
    if (said["format"], said["version"]) != (FORMAT, VERSION):
        raise ValueError("another format")
    call, rules = said["call"], said["rules"]
    return Result(
        **{name: call[name] for name in ("slug", "kind", "prefix", "title", "theme", "zone")},
        languages=tuple(call["languages"]),
        result_at=datetime.fromisoformat(said["result_at"]),
        sealed_at=datetime.fromisoformat(said["sealed_at"]),
        criteria=tuple(Rule(**c) for c in rules["criteria"]),
        tie_breaks=tuple(rules["tie_breaks"]),
        **{name: rules[name] for name in ("winners", "runners_up", "reviews_per_proposal")},
        **{name: said["counts"][name] for name in ("received", "economies")},
        entries=tuple(_entry(e) for e in said["entries"]),
        others=tuple(said["others"]),
        history_seq=said["history"]["seq"],
        history_hash=said["history"]["hash"],
        nonce=said["nonce"],
    )


def _entry(said: dict[str, Any]) -> Entry:
    answers = tuple(Answer(Asked(**a["question"]), a["value"]) for a in said["answers"])
    return Entry(**{**said, "answers": answers})


def salt(secret: str, reference: str) -> str:
    """The salt of one proposal's commitment; hers to know, while the seal's secret stays here."""
    return hmac.new(bytes.fromhex(secret), reference.encode(), hashlib.sha256).hexdigest()


def commitment(own_salt: str, reference: str, outcome: str) -> str:
    """SHA-256 of “salt:reference:outcome”: what the sealed result says of a proposal that isn't named.

    Whoever knows the salt can recompute it (`printf %s SALT:REFERENCE:OUTCOME | sha256sum`); nobody else can guess.
    """
    return hashlib.sha256(f"{own_salt}:{reference}:{outcome}".encode()).hexdigest()
