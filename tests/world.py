"""Builders of what tests are about: people, calls in a phase, proposals; made through the product's own actions."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from msme_calls import clock
from msme_calls.accounts.models import Person, PersonEconomy
from msme_calls.calls.actions import life
from msme_calls.calls.kinds import KINDS
from msme_calls.calls.models import Call, Membership, Role
from msme_calls.extensions import db
from msme_calls.proposals import actions as proposing
from msme_calls.proposals.models import Proposal
from msme_calls.storage import store

_count = itertools.count(1)
DAY = timedelta(days=1)
PHASES = ("draft", "announced", "open", "closed", "review", "deciding")


def three(text: str) -> dict[str, str]:
    """A text in each language, told apart by its language's code."""
    return {lang: f"{text} ({lang})" for lang in ("en", "fr", "es")}


def content(sha256: str) -> bytes:
    """What the store has under a hash."""
    with store().open(sha256) as kept:
        return kept.read()


def person(name: str = "", *, economies: tuple[str, ...] = (), **values: Any) -> Person:
    """Somebody with a confirmed account of her own organisation."""
    n = next(_count)
    name = name or f"Example Person {n}"
    values = {"email": f"person{n}@example.org", "organisation": f"Example Organisation {n}", **values}
    values = {"confirmed_at": clock.now(), "created_at": clock.now(), **values}
    made = Person(name=name, **values)
    made.economies = [PersonEconomy(code=code) for code in economies]
    db.session.add(made)
    db.session.flush()
    return made


def call(
    phase: str = "open", *, kind: str = "small-business-champions", by: Person | None = None, **values: Any
) -> Call:
    """A call that is in this phase now: one of PHASES. Its dates lie around the present."""
    n, at = next(_count), clock.now()
    made = life.create(KINDS[kind], f"example-call-{n}", three(f"Example Call {n}"), f"EX{n}", by=by or person(), at=at)
    made.theme, made.contact = three("Example theme"), "calls@example.org"
    opens, deadline = _dates(phase, at)
    made.opens_at, made.deadline_at, made.result_at = opens, deadline, at + 120 * DAY
    made.review_due_at, made.review_cutoff_at = deadline + 30 * DAY, deadline + 40 * DAY
    for name, value in values.items():
        setattr(made, name, value)
    reached = PHASES.index(phase)
    if reached >= 1:
        made.launched_at = opens - 10 * DAY
    if reached >= 4:
        made.review_started_at = deadline + DAY
    if reached >= 5:
        made.deciding_started_at = deadline + 31 * DAY
    db.session.flush()
    return made


def _dates(phase: str, at: datetime) -> tuple[datetime, datetime]:
    days = {"draft": (10, 60), "announced": (10, 60), "open": (-20, 20), "closed": (-50, -5), "review": (-80, -10)}
    opens, deadline = days.get(phase, (-90, -45))
    return at + opens * DAY, at + deadline * DAY


def member(of: Call, role: Role, who: Person | None = None) -> Person:
    """Somebody with a role in a call."""
    who = who or person()
    db.session.add(Membership(call=of, person=who, role=role, since=clock.now()))
    db.session.flush()
    return who


def answer_to(question: Any, of: Call, n: int, economy: str = "KE") -> Any:
    """An answer that its question accepts."""
    fixed: dict[str, Any] = {
        "number": "85",
        "date": "2027-09-01",
        "yes-no": "yes",
        "economy": economy,
        "organisation-type": of.organisation_types[0],
        "language": "en",
        "link": "www.example.org",
        "email": "contact@example.org",
        "people": [{"name": f"Example Author {n}", "affiliation": f"Example Institute {n}", "economy": economy}],
        "file": [],
    }
    if question.kind in ("choice", "choices"):
        key = question.options["choices"][0]["key"]
        return key if question.kind == "choice" else [key]
    if question.kind == "table":
        return [{c["key"]: f"Cell {n}" for c in question.options["columns"]}] * question.options.get("min_rows", 1)
    least = question.options.get("min_words", 0)
    text = f"Example {question.key} {n}" + " more" * least
    return fixed.get(question.kind, text)


def answers(of: Call, n: int | None = None, **changes: Any) -> dict[str, Any]:
    """Answers to every question of a call's form, each acceptable; `changes` by question key."""
    n = n if n is not None else next(_count)
    return {q.key: answer_to(q, of, n) for q in of.questions} | changes


def draft(of: Call, by: Person | None = None, **changes: Any) -> Proposal:
    """A draft whose every answer is there. The call may have any phase: it is written while it was open."""
    by = by or person()
    made = proposing.start(of, by=by, at=_while_open(of))
    db.session.flush()
    given = answers(of, **changes)
    for section in of.sections:
        proposing.save_section(made, section, given, by=by, at=_while_open(of))
    _attach_required(made, by)
    db.session.flush()
    return made


def _attach_required(made: Proposal, by: Person) -> None:
    from io import BytesIO

    from pypdf import PdfWriter

    from msme_calls import uploads

    for question in made.call.questions:
        if question.kind == "file" and question.required:
            writer, out = PdfWriter(), BytesIO()
            writer.add_blank_page(200, 200)
            writer.add_metadata({"/Title": made.reference})
            writer.write(out)
            out.seek(0)
            checked = uploads.take(out, "example.pdf", kinds=("pdf",), max_bytes=10**6, max_pages=None)
            proposing.attach(made, question.key, checked, by=by, at=_while_open(made.call))


def _while_open(of: Call) -> datetime:
    assert of.opens_at and of.deadline_at
    return min(clock.now(), of.deadline_at - timedelta(hours=1)) if clock.now() > of.opens_at else of.opens_at


def proposal(of: Call, by: Person | None = None, **changes: Any) -> Proposal:
    """A submitted proposal, by somebody of her own organisation."""
    made = draft(of, by, **changes)
    proposing.submit(made, f"key-{next(_count)}", by=made.owner, at=_while_open(of))
    db.session.flush()
    return made


def reviewer(of: Call, who: Person | None = None, languages: tuple[str, ...] = (), most: int | None = None) -> Person:
    """A reviewer of a call."""
    who = who or person()
    terms: dict[str, Any] = {"languages": list(languages), "most_reviews": most}
    db.session.add(Membership(call=of, person=who, role=Role.REVIEWER, since=clock.now(), **terms))
    db.session.flush()
    return who


def assignment(of: Proposal, who: Person | None = None, by: Person | None = None) -> Any:
    """A proposal assigned to a reviewer, by somebody who may."""
    from msme_calls.reviews import actions as reviewing

    who = who or reviewer(of.call)
    made = reviewing.assign(of, who, by=by or person(), at=clock.now())
    db.session.flush()
    return made


def sheet(of: Call, *scores: int | None, **comments: str) -> Any:
    """A score sheet that answers the call's criteria in order: all with 3 unless told."""
    from msme_calls.reviews.actions import Sheet

    given = scores or (3,) * len(of.criteria)
    return Sheet({c.key: s for c, s in zip(of.criteria, given, strict=False)}, **comments)


def review(of: Proposal, *scores: int | None, by: Person | None = None, **comments: str) -> Any:
    """A submitted review, by a reviewer of its own unless told."""
    from msme_calls.reviews import actions as reviewing

    made = assignment(of, by)
    written = reviewing.submit_review(made, sheet(of.call, *scores, **comments), by=made.reviewer, at=clock.now())
    db.session.flush()
    return written
