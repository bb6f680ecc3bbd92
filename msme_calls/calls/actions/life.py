"""The life of a call: made from a kind, launched, reviewed, decided; and ended early."""

import secrets
from collections.abc import Callable
from datetime import datetime

from msme_calls import history
from msme_calls.accounts.models import Person
from msme_calls.calls import deadlines, rules
from msme_calls.calls.kinds import CallKind
from msme_calls.calls.models import TEXTS, Blindness, Call, Criterion, Membership, Question, Role, Section
from msme_calls.errors import allow
from msme_calls.extensions import LANGUAGES, db

ZONE = "Europe/Zurich"  # the organisation's own
_QUESTION = ("key", "kind", "label", "help", "required", "feeds", "hidden", "public")


def create(kind: CallKind, slug: str, title: dict[str, str], prefix: str, *, by: Person | None, at: datetime) -> Call:
    """Make a draft call with the kind's defaults; its maker becomes its coordinator."""
    copied = ("outcomes", "winners", "runners_up", "reviews_per_proposal", "economy_rule", "organisation_types")
    call = Call(
        slug=slug,
        kind=kind.key,
        prefix=prefix,
        title=title,
        theme=dict(kind.texts.get("theme", {})),
        zone=ZONE,
        languages=list(LANGUAGES),
        blindness=Blindness(kind.blindness),
        tie_breaks=list(kind.tie_breaks),
        unpublished=list(kind.unpublished),
        created_at=at,
        **{name: _copy(getattr(kind, name)) for name in copied},
        **{name: {c: text.strip() for c, text in kind.texts.get(name, {}).items()} for name in TEXTS},
    )
    call.result_at = deadlines.next_msme_day(at, ZONE)
    call.criteria = [
        Criterion(
            position=n, key=c["key"], name=c["name"], description=c.get("description", {}), weight=c["weight"],
            scale=c.get("scale", 5), optional=c.get("optional", False), anchors=c.get("anchors", {}),
        )
        for n, c in enumerate(kind.criteria)
    ]  # fmt: skip
    call.sections = [_section(call, n, s) for n, s in enumerate(kind.sections)]
    db.session.add(call)
    if by is not None:
        call.memberships.append(Membership(person=by, role=Role.COORDINATOR, since=at))
    history.record("create-call", by=by, at=at, call=call, kind=kind.key, slug=slug)
    return call


def _copy(value: object) -> object:
    return list(value) if isinstance(value, list) else value


def _section(call: Call, position: int, data: dict) -> Section:
    section = Section(position=position, key=data["key"], title=data["title"], intro=data.get("intro", {}))
    section.questions = [question(call, n, q) for n, q in enumerate(data["questions"])]
    return section


def question(call: Call, position: int, data: dict) -> Question:
    """A question from its data: what isn't a column is an option of its kind."""
    options = {k: v for k, v in data.items() if k not in _QUESTION}
    if data["kind"] == "organisation-type":
        options["types"] = list(call.organisation_types)
    if data["kind"] == "language":
        options["languages"] = list(call.languages)
    columns = {k: data[k] for k in _QUESTION if k in data}
    return Question(position=position, options=options, **columns)


def launch(call: Call, missing: int, *, by: Person | None, at: datetime) -> None:
    """Announce the call to the world; from its opening on, proposals can be made."""
    allow(rules.no_launch(call.life, missing, at))
    call.launched_at = at
    history.record("launch", by=by, at=at, call=call, opens=call.opens_at, deadline=call.deadline_at)


# What stands against starting the review of a call: later features add what they know.
HOLDS: list[Callable[[Call, datetime], str | None]] = []


def no_review(call: Call, at: datetime) -> str | None:
    """Against starting the review now, for whatever reason."""
    held = (hold(call, at) for hold in HOLDS)
    return rules.no_start_review(call.life, at) or next((reason for reason in held if reason), None)


def start_review(call: Call, *, by: Person | None, at: datetime) -> None:
    """Let reviewers in; the deadline can't move any more. From now on equal proposals have an order among them.

    Its seed is made here: known earlier, it would tell which of many drafts to submit.
    """
    allow(no_review(call, at))
    call.review_started_at = at
    call.draw_seed = secrets.token_hex(16)
    history.record("start-review", by=by, at=at, call=call, draw_seed=call.draw_seed)


def start_deciding(call: Call, *, by: Person | None, at: datetime) -> None:
    """Turn from reviewing to deciding; reviews still due can be finished until their cut-off.

    Where nothing is scored there is no review between closing and deciding.
    """
    allow(rules.no_start_deciding(call.life, at, scored=call.scored))
    if call.review_started_at is None:
        start_review(call, by=by, at=at)
    call.deciding_started_at = at
    history.record("start-deciding", by=by, at=at, call=call)


def cancel(call: Call, reason: str, *, by: Person, at: datetime) -> None:
    """End the call without a result."""
    allow(rules.no_cancel(call.life, at))
    call.cancelled_at = at
    history.record("cancel", by=by, at=at, call=call, reason=reason)


def archive(call: Call, *, by: Person | None, at: datetime) -> None:
    """Put a call that is over among the past ones."""
    allow(rules.no_archive(call.life, at))
    call.archived_at = at
    history.record("archive", by=by, at=at, call=call)
