"""What invented people do in a rehearsal: applicants in their own time while the call is open, reviewers when asked."""

import io
import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from msme_calls import i18n, questions, uploads
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call, Question
from msme_calls.calls.phases import Phase
from msme_calls.errors import Refused
from msme_calls.extensions import db
from msme_calls.proposals import actions as proposing
from msme_calls.proposals import queries as proposals
from msme_calls.proposals.models import Proposal, Status
from msme_calls.questions import File
from msme_calls.rehearsals import filling
from msme_calls.reviews import actions as reviewing
from msme_calls.reviews import queries as reviews
from msme_calls.reviews.models import Assignment, ReviewStatus
from msme_calls.uploads import BadFile, Checked

NEVER = 6  # of so many applicants, one never submits her draft
Kept = dict[str, Checked]  # the file that is given to a question: looked through once for all who give it


def times(call: Call, n: int) -> tuple[datetime, datetime]:
    """When the n-th applicant begins her draft and when she submits it, while the call is open."""
    assert call.opens_at and call.life.closes_at
    length = call.life.closes_at - call.opens_at
    at = random.Random(f"{call.id} {n}")
    return call.opens_at + length * at.uniform(0.02, 0.4), call.opens_at + length * at.uniform(0.5, 0.995)


def coming(call: Call, since: datetime, to: datetime) -> list[datetime]:
    """The instants between two at which an applicant does something."""
    count = len(filling.applicants())
    return sorted(t for n in range(count) for t in times(call, n) if since < t <= to)


def apply(call: Call, at: datetime) -> int:
    """Let every applicant do what she would have done by now, unless it is too late for it; returns how many did."""
    if call.phase(at) is not Phase.OPEN:
        return 0
    done = 0
    for n, person in enumerate(filling.applicants()):
        begins, submits = times(call, n)
        mine = db.session.scalar(proposals.own_in(person, call))
        if mine is None and begins <= at:
            mine = write(call, person, n, at)
            done += 1
        if mine is not None and mine.status is Status.DRAFT and submits <= at and (n + 1) % NEVER:
            done += hand_in(mine, person, at)
        db.session.commit()
    return done


def hurry(call: Call, at: datetime) -> int:
    """Let all applicants who have not applied do so now; returns how many proposals were submitted."""
    done = 0
    for n, person in enumerate(filling.applicants()):
        mine = db.session.scalar(proposals.own_in(person, call)) or write(call, person, n, at)
        done += mine.status is Status.DRAFT and hand_in(mine, person, at)
        db.session.commit()
    return done


def write(call: Call, person: Person, n: int, at: datetime) -> Proposal:
    """A draft with an answer to every question."""
    with i18n.use(person.language if person.language in call.languages else call.languages[0]):
        proposal = proposing.start(call, by=person, at=at)
        db.session.flush()
        given = {q.key: _answer(q, call, person, n + 1) for q in call.questions}
        for section in call.sections:
            proposing.save_section(proposal, section, given, by=person, at=at)
        for question in (q for q in call.questions if q.kind == "file"):
            for file in _files(question):
                proposing.attach(proposal, question.key, file, by=person, at=at)
    return proposal


def hand_in(proposal: Proposal, person: Person, at: datetime) -> bool:
    """Submit a draft; False if the form asks for something that invented people can't give."""
    try:
        with db.session.begin_nested():
            proposing.submit(proposal, f"rehearsal-{proposal.id}", by=person, at=at)
    except Refused:
        return False
    return True


def _answer(question: Question, call: Call, person: Person, n: int) -> Any:
    own = {
        "title": _("Example project %(number)d", number=n), "organisation": person.organisation,
        "economy": next(iter(person.economy_codes), ""),
        "language": person.language if person.language in call.languages else call.languages[0],
    }  # fmt: skip
    kind = questions.kind_of(question)
    fitting = own.get(question.feeds)
    return fitting if fitting and not kind.problems(question, fitting) else kind.example(question, n)


def _files(question: Question) -> Iterator[Checked]:
    kept: Kept = current_app.extensions.setdefault("example_files", {})
    limits = File().limits(question)
    if "pdf" not in limits["kinds"]:
        return
    if question.key not in kept:
        title = i18n.said(question.label)[:60]
        try:
            kept[question.key] = uploads.take(
                io.BytesIO(document(title)), "example.pdf", kinds=limits["kinds"], max_bytes=limits["max_bytes"],
                max_pages=limits["max_pages"],
            )  # fmt: skip
        except BadFile:
            return
    yield kept[question.key]


def document(title: str) -> bytes:
    """A page of PDF that says that it is an example."""
    plain = title.encode("latin-1", "replace").translate(None, b"()\\")
    drawn = b"BT /F1 18 Tf 70 760 Td (Example: " + plain + b") Tj ET"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
        b"/Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
    ]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + table + end


def review(call: Call, at: datetime) -> int:
    """Let the reviewers hand in every review that can be written now; returns how many."""
    open_ = (
        sa.select(Assignment)
        .where(Assignment.call_id == call.id, Assignment.ended_at.is_(None))
        .options(joinedload(Assignment.reviewer), joinedload(Assignment.proposal))
        .order_by(Assignment.assigned_at, Assignment.id)
    )
    done = 0
    for assignment in db.session.scalars(open_).all():
        if assignment.review is not None and assignment.review.status is ReviewStatus.SUBMITTED:
            continue
        if reviews.load_own(assignment.reviewer, assignment.id, at) is None:  # a conflict of interest, or withdrawn
            continue
        try:
            reviewing.submit_review(assignment, _sheet(call, assignment), by=assignment.reviewer, at=at)
        except Refused:
            db.session.rollback()
            continue
        db.session.commit()
        done += 1
    return done


def _sheet(call: Call, assignment: Assignment) -> reviewing.Sheet:
    """Scores that differ, the same each time; some proposals are better than others, some reviewers stricter."""
    whose, who = assignment.proposal.owner.email, assignment.reviewer.email
    quality, bias = random.Random(whose).uniform(0.3, 0.95), random.Random(who).uniform(-0.15, 0.15)
    own = random.Random(f"{whose} {who}")
    scores: dict[str, int | None] = {
        c.key: min(c.scale, max(0, round(c.scale * (quality + bias + own.uniform(-0.15, 0.15))))) for c in call.criteria
    }
    with i18n.use(call.languages[0]):
        return reviewing.Sheet(
            scores, _("An invented comment to the applicant."), _("An invented comment to the committee."),
            call.languages[0],
        )  # fmt: skip
