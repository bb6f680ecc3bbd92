"""What taking over a file would change in a call: part by part, in words, with what was and what will be."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from msme_calls import i18n, questions
from msme_calls.calls import completeness, phrases, rules
from msme_calls.calls.models import Blindness
from msme_calls.i18n import _l
from msme_calls.questions import wording

if TYPE_CHECKING:
    from msme_calls.calls.filed.shape import CallFile

Value = Any
FIELDS: dict[str, Any] = {
    "contact": _l("Address for questions"), "zone": _l("Time zone of the call"),
    "grace_minutes": _l("Grace in minutes"),
    "languages": _l("Languages of the call"), "organisation_types": _l("Types of organisation"),
    "blindness": _l("Who reviewers see"), "economy_rule": _l("Nobody judges a proposal from their own economy"),
    "reviews_per_proposal": _l("Reviews for each proposal"), "winners": _l("Winners"), "runners_up": _l("Runners-up"),
    "tie_breaks": _l("Ties are broken by"), "unpublished": _l("Parts that are this site’s default"),
    "name": _l("Name"), "description": _l("Description"), "weight": _l("Weight"), "scale": _l("Highest score"),
    "optional": _l("May be left out"), "title": _l("Title"), "intro": _l("Introduction"), "label": _l("Question"),
    "help": _l("Help"), "kind": _l("Kind of question"), "required": _l("Required"),
    "feeds": _l("Gives every proposal its"), "hidden": _l("Hidden from reviewers when the applicant is hidden"),
    "public": _l("Shown publicly if the proposal wins"),
    "link": _l("Link"), "logo": _l("Logo"), "section": _l("Section"), "place": _l("Place"),
    "shown_if": _l("Asked only if"),
    "min_words": _l("At least this many words"), "max_words": _l("At most this many words"),
    "max_chars": _l("At most this many characters"), "min": _l("Least number"), "max": _l("Greatest number"),
    "max_mb": _l("At most this many megabytes for each file"), "max_pages": _l("At most this many pages"),
    "max_files": _l("At most this many files"), "max_rows": _l("At most this many rows"),
    "min_rows": _l("At least this many rows"), "max_people": _l("At most this many people"),
    "must": _l("Only proposals that say yes here can be submitted"), "types": _l("Kinds of file"),
    "choices": _l("Answers to choose from"), "columns": _l("Columns"),
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One thing that differs: what it is, how it stands now, how it will; each with the language it is in, if any."""

    what: Any
    now: str
    then: str
    lang: str = ""


@dataclass
class Thing:
    """A criterion, section, question or partner that is added, removed or changed."""

    state: str  # added, removed, changed
    name: dict[str, str]
    changes: list[Change] = field(default_factory=list)


@dataclass
class Group:
    """A part of the set-up: what changes in its own fields, and its things."""

    heading: Any
    changes: list[Change] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many things differ."""
        return len(self.changes) + len(self.things)


def found(now: "CallFile | None", then: "CallFile") -> list[Group]:
    """What differs, in the order of the desk's pages; without the parts in which nothing does."""
    old = now.model_dump() if now else _nothing()
    new = then.model_dump()
    groups = [
        Group(_l("Texts"), [*_fields(old["texts"], new["texts"])]),
        Group(_l("Dates"), [*_fields(old["dates"], new["dates"])]),
        Group(_l("Rules"), [*_fields(_rules(old), _rules(new))]),
        Group(_l("Criteria"), things=[*_things(old["criteria"], new["criteria"], "name")]),
        Group(_l("Form: sections"), things=[*_things(_sections(old), _sections(new), "title")]),
        Group(_l("Form: questions"), things=[*_things(_questions(old), _questions(new), "label")]),
        Group(_l("Partners"), things=[*_things(_partners(old), _partners(new), "name")]),
    ]
    return [group for group in groups if group.count]


def _nothing() -> dict[str, Any]:
    return {"texts": {}, "dates": {}, "rules": {}, "languages": None, "criteria": [], "sections": [], "partners": []}


def _rules(file: dict[str, Any]) -> dict[str, Any]:
    named = {c["key"]: i18n.said(c["name"]) for c in file["criteria"]}
    ties = file["rules"].get("tie_breaks")
    said = None if ties is None else ", ".join(named.get(key, key) for key in ties)
    return {"languages": file["languages"], **file["rules"], "tie_breaks": said}


def _sections(file: dict[str, Any]) -> list[dict[str, Any]]:
    return [{k: v for k, v in s.items() if k != "questions"} for s in file["sections"]]


def _questions(file: dict[str, Any]) -> list[dict[str, Any]]:
    """Each with its options and conditions among its fields and the section it stands in."""
    found = []
    named = {q["key"]: q for section in file["sections"] for q in section["questions"]}
    for section in file["sections"]:
        for question in section["questions"]:
            plain = {k: v for k, v in question.items() if k not in ("options", "shown_if")}
            asked = _asked(question["shown_if"], named)
            found.append({**plain, **question["options"], "shown_if": asked, "section": section["title"]})
    return found


def _asked(shown_if: dict[str, Any] | None, named: dict[str, dict[str, Any]]) -> str:
    """When a question is asked, in words."""
    if shown_if is None:
        return ""
    rows = [
        SimpleNamespace(depends_on=_earlier(named[c["on"]]), operator=c["operator"], value=c["value"])
        for c in shown_if["of"]
    ]
    return wording.clauses(SimpleNamespace(conditions=rows, match=shown_if["match"]))


def _earlier(question: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(**{**question, "conditions": ()})


def _partners(file: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": i18n.said(p["name"], "en"), **p} for p in file["partners"]]


def _things(old: list[dict[str, Any]], new: list[dict[str, Any]], name: str) -> Iterator[Thing]:
    """Added and changed things in their new order, then those that are taken away."""
    there = {row["key"]: row for row in old}
    kept = [row["key"] for row in new if row["key"] in there]
    moved = _moved([row["key"] for row in old if row["key"] in set(kept)], kept)
    for n, row in enumerate(new, 1):
        former = there.pop(row["key"], None)
        if former is None:
            yield Thing("added", row[name], [*_fields({}, row)])
        else:
            changes = [*_fields(former, row)]
            if row["key"] in moved:
                place = old.index(former) + 1
                changes.append(Change(FIELDS["place"], str(place), str(n)))
            if changes:
                yield Thing("changed", former[name], changes)
    for former in there.values():
        yield Thing("removed", former[name])


def _moved(old: list[str], new: list[str]) -> set[str]:
    """Keys that stand in another order among those that stay: all but the longest run that kept its order."""
    from bisect import bisect_left

    place = {key: n for n, key in enumerate(old)}
    ends: list[int] = []
    runs: list[list[str]] = []
    for key in new:
        at = bisect_left(ends, place[key])
        run = [*(runs[at - 1] if at else []), key]
        ends[at : at + 1], runs[at : at + 1] = [place[key]], [run]
    return set(new) - set(runs[-1] if runs else [])


def _fields(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for name in [*new, *(n for n in old if n not in new)]:
        was, will = old.get(name), new.get(name)
        if name == "key" or was == will or (not was and not will and not isinstance(will, bool)):
            continue
        if name == "anchors":
            yield from _anchors(was or {}, will or {})
        elif name in ("choices", "columns"):
            yield from _items(name, was or [], will or [])
        elif isinstance(was or will, dict):
            yield from _by_language(_label(name), was or {}, will or {})
        else:
            yield Change(_label(name), _shown(name, was, old), _shown(name, will, new))


def _label(name: str) -> Any:
    if name in completeness.DATES:
        return completeness.DATES[name]
    return FIELDS[name] if name in FIELDS else completeness.TEXTS[name][0]


def _by_language(label: Any, was: dict[str, str], will: dict[str, str]) -> Iterator[Change]:
    for code in i18n.LANGUAGES:
        if was.get(code, "") != will.get(code, ""):
            what = _("%(label)s (%(language)s)", label=label, language=i18n.language_name(code))
            yield Change(what, was.get(code, ""), will.get(code, ""), code)


def _anchors(was: dict[str, Any], will: dict[str, Any]) -> Iterator[Change]:
    for score in sorted({*was, *will}, key=int, reverse=True):
        label = _("What %(score)d means", score=int(score))
        yield from _by_language(label, was.get(score, {}), will.get(score, {}))


def _items(name: str, was: list[dict[str, Any]], will: list[dict[str, Any]]) -> Iterator[Change]:
    for code in i18n.LANGUAGES:
        before, after = ("\n".join(item["label"].get(code, "–") for item in items) for items in (was, will))
        if before != after:
            what = _("%(label)s (%(language)s)", label=FIELDS[name], language=i18n.language_name(code))
            yield Change(what, before, after, code)
    if [i["key"] for i in was] != [i["key"] for i in will] and [i["label"] for i in was] == [i["label"] for i in will]:
        label = _("%(label)s: names in lists for other programs", label=FIELDS[name])
        yield Change(label, ", ".join(i["key"] for i in was), ", ".join(i["key"] for i in will))


LISTED: dict[str, Any] = {
    "organisation_types": questions.ORGANISATION_TYPES, "unpublished": phrases.UNPUBLISHED, "languages": i18n.NAMES,
}  # fmt: skip


def _shown(name: str, value: Value, among: dict[str, Any]) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if name in completeness.DATES:
        return _time(value, among["zone"])
    if name == "logo":
        return _("a picture of %(size)d kB", size=len(value) * 3 // 4 // 1000 + 1)
    return _word(name, value)


def _word(name: str, value: Value) -> str:
    words: dict[str, Any] = {
        "blindness": lambda: phrases.BLINDNESS[Blindness(value)][0], "feeds": lambda: rules.FEEDS[value],
        "kind": lambda: questions.KINDS[value].label, "must": lambda: _("Yes"),
    }  # fmt: skip
    if name in words:
        return str(words[name]())
    if name in LISTED:
        return ", ".join(str(LISTED[name].get(key, key)) for key in value)
    return ", ".join(value) if isinstance(value, list) else str(value)


def _time(value: str, zone: str) -> str:
    from msme_calls.calls.filed import checks

    moment = checks.instant(value, zone)
    assert isinstance(moment, datetime)
    return f"{i18n.written(moment, zone)} ({i18n.zone_name(moment, zone)})"
