"""The data of a run: a call with N proposals and three reviews each, and an open one for new proposals.

Rows are inserted in bulk as the product's actions would leave them: people, answers by section, submitted versions,
assignments, score sheets, standings. Left out: files of these N, and their lines in the history.
"""

import itertools
import random
import secrets
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import world
from flask import current_app, session

from msme_calls import clock, history, i18n
from msme_calls.accounts.models import Person
from msme_calls.accounts.sessions import sign_in
from msme_calls.calls.actions import life
from msme_calls.calls.models import Call, Membership, Role, Section
from msme_calls.decisions.models import Decision, Outcome
from msme_calls.extensions import db
from msme_calls.proposals.models import Proposal, ProposalVersion, SectionDraft, Status
from msme_calls.reviews import ranking, scoring
from msme_calls.reviews.models import Assignment, Review, ReviewStatus, Standing
from msme_calls.reviews.queries import weighted

DAY = timedelta(days=1)
REVIEWERS, EACH = 200, 3
WORDS = "trade small enterprise digital market export training women customs border service supply chain".split()
FORM: list[dict[str, Any]] = [
    {"key": "title", "kind": "short-text", "feeds": "title"},
    {"key": "summary", "kind": "long-text", "feeds": "summary"},
    {"key": "organisation", "kind": "short-text", "feeds": "organisation"},
    {"key": "organisation_type", "kind": "organisation-type", "feeds": "organisation_type"},
    {"key": "economy", "kind": "economy", "feeds": "economy"},
    {"key": "language", "kind": "language", "feeds": "language"},
    {"key": "project", "kind": "long-text", "max_words": 500},
]
FILE = {"key": "document", "kind": "file", "kinds": ["pdf"], "max_bytes": 5_000_000, "max_pages": 20}


@dataclass
class Filled:
    """What the steps need to know of the data."""

    judged: str = "benchmark-judged"  # the call with N proposals
    open: str = "benchmark-open"
    coordinators: list[uuid.UUID] = field(default_factory=list)
    applicants: list[str] = field(default_factory=list)  # cookies
    reviewers: list[tuple[str, str, str]] = field(default_factory=list)  # (cookie, token, id of an open assignment)
    coordinator: str = ""  # a cookie
    tokens: dict[str, str] = field(default_factory=dict)  # cookie → form token

    def newcomers(self, many: int) -> list[str]:
        """So many applicants who have done nothing yet."""
        return _taken(self.applicants, many)

    def unwritten(self, many: int) -> list[tuple[str, str, str]]:
        """So many reviews that nobody has written yet."""
        return _taken(self.reviewers, many)


def _taken(there: list[Any], many: int) -> list[Any]:
    taken = there[:many]
    del there[:many]
    return taken


def words(many: int, seed: int) -> str:
    """So many words, the same for the same seed."""
    return " ".join(random.Random(seed).choices(WORDS, k=many))


def fill(n: int, applicants: int, reviews: int) -> Filled:
    """Make everything for N proposals, so many applicants to come and so many reviews to be written."""
    filled, at = Filled(), clock.now()
    judged = _judged_call(filled, at)
    _open_call(filled, at)
    reviewers = _people("reviewer", REVIEWERS, at)
    db.session.execute(
        sa.insert(Membership),
        [{"call_id": judged.id, "person_id": p, "role": Role.REVIEWER, "since": at} for p in reviewers],
    )
    waiting = _proposals(judged, n, reviewers, reviews, at)
    db.session.commit()
    for person in _load(_people("newcomer", applicants, at)):
        filled.applicants.append(_signed_in(filled, person, at))
    cookies = {p.id: _signed_in(filled, p, at) for p in _load(reviewers)}
    filled.reviewers = [(cookies[who], filled.tokens[cookies[who]], str(key)) for who, key in waiting]
    filled.coordinator = _signed_in(filled, db.session.get_one(Person, filled.coordinators[0]), at)
    db.session.commit()
    return filled


def _judged_call(filled: Filled, at: datetime) -> Call:
    first, second = world.person("First Coordinator"), world.person("Second Coordinator")
    call = world.call("deciding", by=first, slug=filled.judged, prefix="BJ", review_cutoff_at=at + 30 * DAY)
    call.draw_seed = secrets.token_hex(16)
    world.member(call, Role.COORDINATOR, second)
    filled.coordinators = [first.id, second.id]
    return call


def _open_call(filled: Filled, at: datetime) -> Call:
    """A call whose form is one page of questions and one file: what the measured applicant fills in."""
    call = world.call("open", slug=filled.open, prefix="BO")
    call.sections.clear()
    db.session.flush()
    for position, (key, asked) in enumerate((("project", FORM), ("documents", [FILE]))):
        part = Section(position=position, key=key, title=world.three(key))
        part.questions = [life.question(call, m, {"label": world.three(q["key"]), **q}) for m, q in enumerate(asked)]
        call.sections.append(part)
    db.session.flush()
    return call


def _people(name: str, many: int, at: datetime) -> list[uuid.UUID]:
    rows = [
        {
            "id": uuid.uuid4(), "email": f"{name}{m}@example.org", "name": f"{name} {m}", "name_folded": f"{name} {m}",
            "confirmed_at": at, "created_at": at, "organisation": f"Organisation of {name} {m}",
            "organisation_folded": i18n.folded(f"Organisation of {name} {m}"), "version": 1,
        }
        for m in range(many)
    ]  # fmt: skip
    _insert(Person, rows)
    return [row["id"] for row in rows]


def _load(ids: Iterable[uuid.UUID]) -> list[Person]:
    return [db.session.get_one(Person, key) for key in ids]


def _insert(model: Any, rows: Iterable[dict[str, Any]]) -> None:
    given = iter(rows)
    while part := list(itertools.islice(given, 2000)):
        db.session.execute(sa.insert(model), part)


def _proposals(
    call: Call, n: int, reviewers: list[uuid.UUID], open_reviews: int, at: datetime
) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """N judged proposals; gives (reviewer, assignment) of the reviews that are still to be written."""
    owners = _people("applicant", n, at)
    asked, keys = weighted(call.criteria), [c.key for c in call.criteria]
    codes = sorted(i18n.economies("en"))
    template = world.answers(call, 0)
    sections = [(s.id, [q.key for q in s.questions]) for s in call.sections]
    submitted = call.deadline_at - DAY if call.deadline_at else at
    given: dict[str, list[dict[str, Any]]] = {k: [] for k in ("proposal", "draft", "version", "task", "review", "rank")}
    waiting = []
    for m in range(n):
        key, reference = uuid.uuid4(), f"BJ-{m:06}"
        face = {
            "title": f"Project {m} {words(6, m)}", "summary": words(60, m), "organisation": f"Enterprise {m}",
            "economy": codes[m % len(codes)], "organisation_type": call.organisation_types[0], "language": "en",
        }  # fmt: skip
        answers = template | face | {"project": words(200, m), "trade_link": words(120, m)}
        given["proposal"].append(
            {
                **face, "id": key, "call_id": call.id, "owner_id": owners[m], "reference": reference,
                "status": Status.SUBMITTED, "title_folded": i18n.folded(face["title"]), "started_at": submitted,
                "organisation_folded": i18n.folded(face["organisation"]), "submitted_at": submitted,
                "submitted_version": 1, "version": 3,
            }
        )  # fmt: skip
        for section_id, own in sections:
            part = {k: answers[k] for k in own if k in answers}
            given["draft"].append(
                {"proposal_id": key, "section_id": section_id, "answers": part, "saved_at": submitted, "version": 1}
            )
        digest = history.sha256(history.canonical(answers).encode())
        given["version"].append(
            {
                "id": uuid.uuid4(), "proposal_id": key, "number": 1, "answers": answers, "files": [], "digest": digest,
                "idempotency_key": str(m), "submitted_at": submitted, "submitted_by_id": owners[m],
            }
        )  # fmt: skip
        sheets = []
        for r in range(EACH + (len(waiting) < open_reviews)):
            task, who = uuid.uuid4(), reviewers[(m * EACH + r * 67) % REVIEWERS]
            given["task"].append(
                {
                    "id": task, "proposal_id": key, "reviewer_id": who, "call_id": call.id, "why": {"by": "hand"},
                    "assigned_at": at - 20 * DAY,
                }
            )  # fmt: skip
            if r == EACH:
                waiting.append((who, task))
                continue
            sheets.append({k: random.Random(f"{m}{r}{k}").randint(0, 5) for k in keys})
            given["review"].append(
                {
                    "id": uuid.uuid4(), "assignment_id": task, "status": ReviewStatus.SUBMITTED, "scores": sheets[-1],
                    "comment_applicant": words(40, m + r), "comment_committee": words(20, m + r), "language": "en",
                    "score": scoring.billionths(scoring.review_score(sheets[-1], asked)), "late": False, "version": 2,
                    "saved_at": at - 9 * DAY, "submitted_at": at - 9 * DAY,
                }
            )  # fmt: skip
        given["rank"].append(_standing(call, key, reference, sheets))
    models = (Proposal, SectionDraft, ProposalVersion, Assignment, Review, Standing)
    for model, rows in zip(models, given.values(), strict=True):
        _insert(model, rows)
    return waiting


def _standing(call: Call, key: uuid.UUID, reference: str, sheets: list[dict[str, Any]]) -> dict[str, Any]:
    """The row that the reviews' own commits would have left (`reviews.actions.restand`)."""
    asked = {c.key: c for c in weighted(call.criteria)}
    scores = [s for sheet in sheets if (s := scoring.review_score(sheet, list(asked.values()))) is not None]
    single = [
        scoring.mean(scoring.review_score(sheet, [asked[k]]) for sheet in sheets) for k in call.tie_breaks if k in asked
    ]
    return {
        "proposal_id": key, "call_id": call.id, "count": len(scores),
        "mean": scoring.billionths(scoring.mean(scores)), "spread": scoring.spread(scores),
        "ties": ranking.tie_text(single), "draw": ranking.draw(call.draw_seed or call.slug, reference),
    }  # fmt: skip


def _signed_in(filled: Filled, person: Person, at: datetime) -> str:
    """The cookie of a browser in which somebody has signed in; its form token is noted."""
    from flask_wtf.csrf import generate_csrf

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    with app.test_request_context("/"):
        sign_in(person, at)
        token = generate_csrf()
        signed = app.session_interface.get_signing_serializer(app).dumps(dict(session))
    cookie = f"{app.config['SESSION_COOKIE_NAME']}={signed}"
    filled.tokens[cookie] = token
    return cookie


def decide(slug: str, coordinators: list[uuid.UUID], instant: datetime) -> str:
    """Decide on all proposals, the best as winners, and seal for an instant; gives a winner's public name."""
    from msme_calls.decisions import actions
    from msme_calls.reviews.standings import IN_ORDER

    at = clock.tick()
    call = db.session.scalars(sa.select(Call).filter_by(slug=slug)).one()
    first, second = _load(coordinators)
    ranked = db.session.scalars(
        sa.select(Proposal.id).join(Standing, Standing.proposal_id == Proposal.id)
        .where(Proposal.call_id == call.id).order_by(*IN_ORDER)
    ).all()  # fmt: skip
    name = f"Winner {secrets.token_hex(6)}"
    rows: Iterator[dict[str, Any]] = (
        {
            "proposal_id": key, "call_id": call.id, "decided_at": at, "decided_by_id": first.id, "version": 1,
            "outcome": Outcome.WINNER if place < call.winners else Outcome.NOT_SELECTED, "rationale": "",
            **{f"public_{part}": world.three(f"{name} {part}") for part in ("name", "project", "summary")},
        }
        for place, key in enumerate(ranked)
    )  # fmt: skip
    _insert(Decision, rows)
    call.result_at = instant
    db.session.commit()
    actions.propose(call, by=first, at=at)
    actions.confirm(call, by=second, at=clock.tick())
    db.session.commit()
    actions.seal(call, by=second, at=clock.tick())
    db.session.commit()
    return name
