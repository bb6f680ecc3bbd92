"""Kinds of call: what a new call of each kind starts with. A kind is one file of data in `kinds/`."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Words = dict[str, str]


@dataclass(frozen=True)
class CallKind:
    """The defaults of a kind: rules, texts by language, criteria and form."""

    key: str
    prefix: str
    name: Words
    ranking: bool
    blindness: str
    outcomes: list[str]
    winners: int
    runners_up: int
    reviews_per_proposal: int
    economy_rule: bool
    organisation_types: list[str]
    symbol: str = ""  # the series of the documents that what is accepted becomes; "" if it becomes none
    closes_days: int = 0  # how long before its meeting a round closes; 0 for kinds that follow no meetings
    round_title: Words = field(default_factory=dict)  # with %(day)s for the day of the meeting
    unpublished: list[str] = field(default_factory=list)
    tie_breaks: list[str] = field(default_factory=list)
    texts: dict[str, Words] = field(default_factory=dict)
    criteria: list[dict[str, Any]] = field(default_factory=list)
    sections: list[dict[str, Any]] = field(default_factory=list)


def _load(path: Path) -> CallKind:
    data = tomllib.loads(path.read_text("utf-8"))
    known = {name: data[name] for name in CallKind.__dataclass_fields__ if name in data}
    return CallKind(**known)


KINDS: dict[str, CallKind] = {
    kind.key: kind for kind in map(_load, sorted((Path(__file__).parent / "kinds").glob("*.toml")))
}
