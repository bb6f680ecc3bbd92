"""What must hold of a call's file beyond its shape: things that name one another, times, pictures."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from msme_calls import questions
from msme_calls.accounts.rules import no_address
from msme_calls.calls import deadlines, rules
from msme_calls.calls.filed.reading import Path, Problem
from msme_calls.calls.filed.shape import CallFile, Condition, Dates, Question
from msme_calls.calls.kinds import KINDS
from msme_calls.calls.phrases import UNPUBLISHED
from msme_calls.errors import SECRETS
from msme_calls.i18n import _l
from msme_calls.questions.conditions import VALUED

DATES = ("opens", "deadline", "review_due", "review_cutoff", "result")
MOST_NAMED = 60  # answers, in a sentence
FED_BY = {  # what gives a proposal each part of its public face
    "title": ("short-text",), "summary": ("long-text", "short-text"), "organisation": ("short-text",),
    "economy": ("economy",), "organisation_type": ("organisation-type",), "language": ("language",),
}  # fmt: skip


def problems(file: CallFile) -> Iterator[Problem]:
    """Everything that is wrong with a file of the right shape."""
    if file.kind not in KINDS:
        yield _one_of(("kind",), KINDS)
    yield from _twice(("languages",), file.languages)
    if file.texts.contact and (reason := no_address(file.texts.contact)):
        yield Problem(("texts", "contact"), reason)
    yield from _dates(file.dates)
    yield from _rules(file)
    yield from _criteria(file)
    yield from _form(file)
    yield from _partners(file)


def _one_of(path: Path, known: Iterable[str]) -> Problem:
    return Problem(path, _l("Write one of these: %(expected)s.", expected=", ".join(known)))


def _twice(path: Path, keys: Sequence[str], *inner: str) -> Iterator[Problem]:
    for n, key in enumerate(keys):
        if key in keys[:n]:
            yield Problem((*path, n, *inner), _l("“%(key)s” stands in the file twice. Name one of the two anew.",
                                                 key=key))  # fmt: skip


def _dates(dates: Dates) -> Iterator[Problem]:
    if dates.zone not in deadlines.zones() and dates.zone != "UTC":
        yield Problem(("dates", "zone"), _l("Write a time zone such as Europe/Zurich."))
        return
    found: dict[str, datetime | None] = {}
    for name in DATES:
        try:
            found[name] = instant(getattr(dates, name), dates.zone)
        except deadlines.NoSuchTime as wrong:
            words = (
                _l("The clocks go back on that day, and this time comes twice. Write the distance to UTC behind it.")
                if wrong.twice
                else _l("The clocks go forward on that day, and this time doesn’t exist.")
            )
            yield Problem(("dates", name), words)
        except ValueError:
            yield Problem(("dates", name), _l("There is no such day or time."))
    if len(found) == len(DATES):
        end = deadlines.last_instant(found["deadline"], dates.grace_minutes)
        if early := rules.disorder(found["opens"], end, found["review_due"], found["review_cutoff"], found["result"]):
            yield Problem(("dates", early[0]), early[1])


def instant(written: str | None, zone: str) -> datetime | None:
    """The instant that a file means by a time. Raises ValueError, and NoSuchTime if the time alone says too little."""
    if written is None:
        return None
    time = datetime.fromisoformat(written)
    if not 2000 <= time.year <= 2200:
        raise ValueError("a year far away")
    if time.tzinfo is None:
        return deadlines.instant(time, zone)
    if time.astimezone(ZoneInfo(zone)).utcoffset() != time.utcoffset():
        raise ValueError("another distance to UTC than the zone has then")
    return time.astimezone(deadlines.UTC)


def written(moment: datetime | None, zone: str) -> str | None:
    """An instant as a file writes it: local, with its distance to UTC only where the time comes twice."""
    if moment is None:
        return None
    there = moment.astimezone(ZoneInfo(zone))
    local = there.replace(tzinfo=None)
    try:
        deadlines.instant(local, zone)
    except deadlines.NoSuchTime:
        return _time(there)
    return _time(local)


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="auto" if moment.second or moment.microsecond else "minutes")


def _rules(file: CallFile) -> Iterator[Problem]:
    if not file.rules.reviews_per_proposal and file.kind in KINDS and KINDS[file.kind].ranking:
        yield Problem(("rules", "reviews_per_proposal"), _l("Write a number of at least %(ge)d.", ge=1))
    own = KINDS[file.kind].unpublished if file.kind in KINDS else []
    known = {
        "organisation_types": questions.ORGANISATION_TYPES, "unpublished": dict.fromkeys([*UNPUBLISHED, *own]),
        "tie_breaks": [c.key for c in file.criteria],
    }  # fmt: skip
    for name, allowed in known.items():
        given: list[str] = getattr(file.rules, name)
        yield from (_one_of(("rules", name, n), allowed) for n, key in enumerate(given) if key not in allowed)
        yield from _twice(("rules", name), given)


def _unsaid(path: Path, words: Mapping[Any, str]) -> Iterator[Problem]:
    if not words:
        yield Problem(path, _l("Write it in at least one language."))


def _criteria(file: CallFile) -> Iterator[Problem]:
    yield from _twice(("criteria",), [c.key for c in file.criteria], "key")
    for n, criterion in enumerate(file.criteria):
        yield from _unsaid(("criteria", n, "name"), criterion.name)
        for score in criterion.anchors:
            if int(score) > criterion.scale:
                yield Problem(("criteria", n, "anchors", score), _l("Scores of this criterion end at %(scale)d.",
                                                                    scale=criterion.scale))  # fmt: skip


def _form(file: CallFile) -> Iterator[Problem]:
    yield from _twice(("sections",), [s.key for s in file.sections], "key")
    seen: dict[str, Question] = {}
    fed: set[str] = set()
    for n, section in enumerate(file.sections):
        yield from _unsaid(("sections", n, "title"), section.title)
        for m, question in enumerate(section.questions):
            path: Path = ("sections", n, "questions", m)
            if question.key in seen or question.key in SECRETS:
                yield Problem((*path, "key"), _l("“%(key)s” stands in the file twice. Name one of the two anew.",
                                                 key=question.key))  # fmt: skip
            yield from _question(path, question, fed)
            yield from _conditions(path, question, seen, file)
            seen.setdefault(question.key, question)
            fed.add(question.feeds)


def _question(path: Path, question: Question, fed: set[str]) -> Iterator[Problem]:
    if question.kind not in questions.KINDS:
        yield _one_of((*path, "kind"), questions.KINDS)
        return
    yield from _unsaid((*path, "label"), question.label)
    yield from _fed(path, question, fed)
    known = questions.KINDS[question.kind].settings
    given = {name for name in type(question.options).model_fields if getattr(question.options, name) is not None}
    for name in sorted(given - set(known)):
        yield Problem((*path, "options", name), _l("A question of this kind has no such option. Take it out."))
    for name in ("choices", "columns"):
        yield from _twice((*path, "options", name), [i.key for i in getattr(question.options, name) or []], "key")
    for least, most in (("min_words", "max_words"), ("min", "max"), ("min_rows", "max_rows")):
        low, high = getattr(question.options, least), getattr(question.options, most)
        if low is not None and high is not None and low > high:
            yield Problem((*path, "options", most), _l("The most can’t be less than the least."))


def _conditions(path: Path, question: Question, before: Mapping[str, Question], file: CallFile) -> Iterator[Problem]:
    """Conditions look back only: so none can wait for itself, by whatever way round."""
    if question.shown_if is None:
        return
    if question.feeds:
        yield Problem((*path, "shown_if"), _l("Every proposal needs this answer: it is always asked. Take this out."))
    for n, condition in enumerate(question.shown_if.of):
        place: Path = (*path, "shown_if", "of", n)
        earlier = before.get(condition.on)
        if earlier is None:
            yield Problem((*place, "on"), _l("Name a question that comes before this one in the form."))
        elif earlier.kind in questions.KINDS:
            yield from _condition(place, condition, earlier, file)


def _condition(place: Path, condition: Condition, earlier: Question, file: CallFile) -> Iterator[Problem]:
    kind = questions.KINDS[earlier.kind]
    if condition.operator not in kind.operators:
        yield _one_of((*place, "operator"), kind.operators)
        return
    lists = {"types": file.rules.organisation_types, "languages": file.languages}
    options = {**(lists if earlier.kind in ("organisation-type", "language") else {}), **earlier.options.model_dump()}
    asked = SimpleNamespace(key=earlier.key, kind=earlier.kind, required=True, label=earlier.label, options=options)
    known, value = kind.comparable(asked), condition.value
    if condition.operator not in VALUED:
        if value:
            yield Problem((*place, "value"), _l("Take this out: nothing is compared here."))
    elif known and value not in known:
        yield _one_of((*place, "value"), list(known)[:MOST_NAMED])
    elif not known and not re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", value):
        yield Problem((*place, "value"), _l("Write a number in figures, in quotation marks."))


def _fed(path: Path, question: Question, fed: set[str]) -> Iterator[Problem]:
    part = question.feeds
    if not part:
        return
    if part not in FED_BY:
        yield _one_of((*path, "feeds"), FED_BY)
    elif part in fed:
        yield Problem((*path, "feeds"), _l("Another question gives every proposal this already. Keep one of the two."))
    elif question.kind not in FED_BY[part]:
        yield _one_of((*path, "kind"), FED_BY[part])
    elif not question.required:
        yield Problem((*path, "required"), _l("Every proposal needs this answer: write true."))


def _partners(file: CallFile) -> Iterator[Problem]:
    for n, partner in enumerate(file.partners):
        yield from _unsaid(("partners", n, "name"), partner.name)
        if reason := rules.no_link(partner.link):
            yield Problem(("partners", n, "link"), reason)
        if partner.logo is not None and logo(partner.logo) is None:
            yield Problem(("partners", n, "logo"), _l("This is no PNG picture in base64."))


def logo(written: str) -> bytes | None:
    """The picture of a partner, or None if it is none."""
    try:
        content = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return None
    return content if content.startswith(b"\x89PNG\r\n\x1a\n") else None
