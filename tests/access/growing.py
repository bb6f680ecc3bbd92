"""More of everything: rows whose related rows all differ, added to the calls of the world."""

import itertools
import uuid
from typing import Any

import sqlalchemy as sa
from access.cast import CALLS, Cast
from world import DAY

from msme_calls import clock, history
from msme_calls.accounts.models import LoginSession, Person, PersonEconomy
from msme_calls.calls.models import (
    Call,
    Criterion,
    DeadlineMove,
    Invitation,
    Membership,
    Partner,
    Question,
    Role,
    Section,
)
from msme_calls.decisions.models import Decision, Outcome
from msme_calls.extensions import db
from msme_calls.i18n import economies
from msme_calls.proposals.models import (
    Attachment,
    Conflict,
    Member,
    Proposal,
    ProposalVersion,
    SectionDraft,
    Status,
    TeamInvitation,
    TeamRole,
)
from msme_calls.publication.models import PastEdition
from msme_calls.reviews.models import Assignment, FormerReview, Review, ReviewStatus, Standing

_count = itertools.count(1)
CODES = sorted(economies("en"))


def grow(cast: Cast, more: int) -> None:
    """Add so many of each thing to each call, so many people, calls and past editions."""
    people = [_person(n) for n in itertools.islice(_count, more)]
    db.session.flush()
    for name in CALLS:
        _grow_call(cast, name, people)
    for who in people:
        _call_of(cast, who)
        year = 1000 + len(who.name) + next(_count)
        edition = PastEdition(
            kind="small-business-champions", year=year, recorded_at=clock.now(), title={"en": who.name}
        )
        db.session.add(edition)
    db.session.commit()


def _person(n: int) -> Person:
    at = clock.now()
    made = Person(email=f"more{n}@more{n}.example", name=f"More {n}", organisation=f"Organisation {n}")
    made.confirmed_at, made.created_at = at, at
    made.economies = [PersonEconomy(code=CODES[n % len(CODES)])]
    db.session.add(made)
    return made


def _grow_call(cast: Cast, name: str, people: list[Person]) -> None:
    call = db.session.get_one(Call, cast.value(name, "call"))
    for n, who in enumerate(people, start=next(_count)):
        _settings(call, n, who)
        if (name, "A.proposal") in cast.ids:
            _about_a(cast, name, call, n, who)
            _proposal(cast, name, call, n, who)
    db.session.flush()


def _settings(call: Call, n: int, who: Person) -> None:
    at, words = clock.now(), {"en": f"More {n} of {call.slug}"}
    first = call.sections[0].questions[0]
    db.session.add_all(
        [
            Partner(call_id=call.id, position=n, name=words),
            DeadlineMove(call_id=call.id, former=at, new=at + DAY, at=at, reason=words, moved_by_id=who.id),
            Membership(call_id=call.id, person_id=who.id, role=Role.REVIEWER, since=at, languages=["en"]),
            Membership(call_id=call.id, person_id=who.id, role=Role.ASSISTANT, since=at),
            Invitation(
                call_id=call.id, address=f"more{n}@x.example", role=Role.REVIEWER, invited_at=at, invited_by_id=who.id
            ),
        ]
    )  # fmt: skip
    if call.launched_at is None:  # where the form and the criteria can still grow
        section = Section(call_id=call.id, position=n, key=f"more-{n}", title=words)
        options = {"kind": "short-text", "label": words, "options": {}, "required": False}
        section.questions = [Question(position=0, key=f"more-{n}", **options)]
        criterion = Criterion(call_id=call.id, position=n, key=f"more-{n}", name=words, weight=1)
        also = Question(section_id=first.section_id, position=n, key=f"also-{n}", **options)
        db.session.add_all([section, criterion, also])
    history.record("submit", by=who, at=at, call=call)


def _about_a(cast: Cast, name: str, call: Call, n: int, who: Person) -> None:
    """More versions, files, conflicts and reviews of applicant A's proposal."""
    at, a = clock.now(), cast.value(name, "A.proposal")
    first = db.session.scalars(sa.select(ProposalVersion).filter_by(proposal_id=a, number=1)).one()
    file = db.session.get_one(Attachment, cast.value(name, "A.file"))
    row = Attachment(
        proposal_id=a, question=file.question, sha256=file.sha256, name=f"more{n}.pdf", kind="pdf", size=9, added_at=at
    )
    db.session.add_all([_version(first, a, n + 1), row, Conflict(proposal_id=a, person_id=who.id, declared_at=at)])
    db.session.add(Member(proposal_id=a, person_id=who.id, role=TeamRole.VIEW, since=at))
    db.session.add(TeamInvitation(proposal_id=a, address=f"more{n}@y.example", role=TeamRole.VIEW, invited_at=at))
    if call.review_started_at:
        _review(call, a, who, at)
        former = cast.value(name, "A.colleague.review")
        db.session.add(
            FormerReview(
                review_id=former, number=n + 1, scores={}, comment_applicant="", comment_committee="", language="en",
                submitted_at=at, reason="x",
            )
        )  # fmt: skip


def _version(of: ProposalVersion, proposal_id: uuid.UUID, number: int) -> ProposalVersion:
    return ProposalVersion(
        proposal_id=proposal_id, number=number, answers=of.answers, files=of.files, digest=of.digest,
        idempotency_key=f"{proposal_id}{number}", submitted_at=of.submitted_at, submitted_by_id=of.submitted_by_id,
    )  # fmt: skip


def _review(call: Call, proposal_id: uuid.UUID, who: Person, at: Any, done: bool = True) -> None:
    made = Assignment(proposal_id=proposal_id, reviewer_id=who.id, call_id=call.id, assigned_at=at)
    made.review = Review(
        status=ReviewStatus.SUBMITTED if done else ReviewStatus.DRAFT, saved_at=at, submitted_at=at if done else None,
        scores={c.key: 3 for c in call.criteria}, comment_applicant=who.name, comment_committee=who.name,
        score=3_000_000_000 if done else None,
    )  # fmt: skip
    db.session.add(made)


def _proposal(cast: Cast, name: str, call: Call, n: int, who: Person) -> None:
    """Somebody else's proposal, reviewed by her own reviewers and by the reviewer, decided."""
    at = clock.now()
    first = db.session.scalars(
        sa.select(ProposalVersion).filter_by(proposal_id=cast.value(name, "A.proposal"), number=1)
    )
    made = Proposal(
        call_id=call.id, owner=who, reference=f"MORE-{name}-{n}", status=Status.SUBMITTED, title=f"More {n}",
        summary=f"More {n}", organisation=who.organisation, economy=CODES[(n + 99) % len(CODES)],
        organisation_type=call.organisation_types[n % len(call.organisation_types)], language="en", started_at=at,
        submitted_at=at, submitted_version=1,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    db.session.add(_version(first.one(), made.id, 1))
    if call.review_started_at:
        _review(call, made.id, db.session.get_one(Person, cast.people["reviewer"]), at, done=False)
        db.session.add(
            Standing(proposal_id=made.id, call_id=call.id, count=1, mean=n * 1_000_000, spread=0, draw=f"{n}")
        )
    if call.deciding_started_at:
        words = {"en": f"More {n}"}
        db.session.add(
            Decision(
                proposal_id=made.id, call_id=call.id, outcome=Outcome.NOT_SELECTED, decided_at=at, decided_by_id=who.id,
                public_name=words, public_project=words, public_summary=words,
            )
        )  # fmt: skip


def _call_of(cast: Cast, who: Person) -> None:
    """Another open call: the coordinator coordinates it, the owner has a draft in it, somebody has a session."""
    at, n = clock.now(), next(_count)
    made = Call(
        slug=f"more-{n}", kind="small-business-champions", prefix=f"M{n}", title={"en": f"More call {n}"},
        created_at=at, opens_at=at - DAY, deadline_at=at + n * DAY, launched_at=at - DAY,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    section = Section(call_id=made.id, position=0, key="one", title={"en": "One"})
    draft = Proposal(call_id=made.id, owner_id=cast.people["owner"], reference=f"MORE-{n}", started_at=at)
    db.session.add_all([section, draft])
    for role, name in ((Role.COORDINATOR, "coordinator"), (Role.REVIEWER, "reviewer"), (Role.OBSERVER, "observer")):
        db.session.add(Membership(call_id=made.id, person_id=cast.people[name], role=role, since=at))
    db.session.flush()
    db.session.add(SectionDraft(proposal_id=draft.id, section_id=section.id, answers={}, saved_at=at))
    for person_id in cast.people.values():
        db.session.add(LoginSession(sid_hash=uuid.uuid4().hex, person_id=person_id, started_at=at))
