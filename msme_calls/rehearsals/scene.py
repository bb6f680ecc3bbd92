"""A rehearsal as its coordinators see it from outside: what time it is there, who is there, what would be mailed."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask_babel import gettext as _
from markupsafe import Markup

from msme_calls.calls.models import Membership, Role
from msme_calls.calls.phases import Phase
from msme_calls.extensions import db
from msme_calls.mailbox import paragraphs
from msme_calls.proposals.models import Proposal, Status
from msme_calls.rehearsals import filling, rules, worlds
from msme_calls.reviews.models import Assignment, Review, ReviewStatus

if TYPE_CHECKING:
    from datetime import timedelta

    from msme_calls import Application


@dataclass(frozen=True)
class Part:
    """Somebody in a rehearsal whom a coordinator can play."""

    id: uuid.UUID
    name: str
    about: str
    invented: bool = True


@dataclass(frozen=True)
class Scene:
    """How a rehearsal stands."""

    now: datetime
    phase: Phase
    jumps: list[rules.Jump]
    coordinators: list[Part]
    applicants: list[Part]
    reviewers: list[Part]
    waiting: int  # applicants who act by themselves and have not submitted yet
    to_review: int  # reviews that are asked for and not submitted
    mails: int

    def name_of(self, person_id: str) -> str:
        """Whoever this is."""
        every = (*self.coordinators, *self.applicants, *self.reviewers)
        return next((p.name for p in every if str(p.id) == person_id), "")


def scene(app: "Application", lead: "timedelta", now: datetime) -> Scene:
    """Read it: the same few statements however many people there are."""
    with worlds.inside(app, lead):
        call = worlds.only_call()
        roles = _roles()
        people = filling.everybody()
        stands = _proposals()
        asked, done = _reviews()
        left = {p.id for p in filling.applicants()} - {i for i, s in stands.items() if s is not Status.DRAFT}
        return Scene(
            now=now,
            phase=call.phase(now),
            jumps=[j for j in rules.jumps(call.life, call.review_due_at, call.review_cutoff_at) if j.at > now],
            coordinators=[
                Part(p.id, p.name or p.email, p.email, filling.is_invented(p))
                for p in people
                if roles.get(p.id) is Role.COORDINATOR
            ],
            applicants=[Part(p.id, p.name, _stand(stands.get(p.id))) for p in people if p.id not in roles],
            reviewers=[
                Part(p.id, p.name, _("%(done)d of %(all)d reviews", done=done.get(p.id, 0), all=asked.get(p.id, 0)))
                for p in people
                if roles.get(p.id) is Role.REVIEWER
            ],
            waiting=len(left),
            to_review=sum(asked.values()) - sum(done.values()),
            mails=db.session.scalar(sa.select(sa.func.count()).select_from(worlds.MAILS)) or 0,
        )


def _roles() -> dict[uuid.UUID, Role]:
    rows = db.session.execute(sa.select(Membership.person_id, Membership.role))
    return {person_id: role for person_id, role in rows}


def _proposals() -> dict[uuid.UUID, Status]:
    rows = db.session.execute(sa.select(Proposal.owner_id, Proposal.status).order_by(Proposal.started_at))
    return {owner_id: status for owner_id, status in rows}


def _reviews() -> tuple[dict[uuid.UUID, int], dict[uuid.UUID, int]]:
    """How many reviews each reviewer is asked for, and how many she has submitted."""
    rows = (
        sa.select(Assignment.reviewer_id, Review.status, sa.func.count())
        .outerjoin(Assignment.review)
        .where(Assignment.ended_at.is_(None))
        .group_by(Assignment.reviewer_id, Review.status)
    )
    asked: dict[uuid.UUID, int] = {}
    done: dict[uuid.UUID, int] = {}
    for reviewer_id, status, count in db.session.execute(rows):
        asked[reviewer_id] = asked.get(reviewer_id, 0) + count
        if status is ReviewStatus.SUBMITTED:
            done[reviewer_id] = count
    return asked, done


def _stand(status: Status | None) -> str:
    words = {
        None: _("has not begun"), Status.DRAFT: _("has a draft"), Status.SUBMITTED: _("has submitted"),
        Status.WITHDRAWN: _("has withdrawn"),
    }  # fmt: skip
    return words[status]


@dataclass(frozen=True)
class Mail:
    """A mail that would have been sent."""

    at: datetime
    address: str
    language: str
    subject: str
    body: str

    @property
    def text(self) -> Markup:
        """Its paragraphs; addresses in the rehearsal can be followed."""
        return paragraphs(self.body)


def mails(app: "Application", lead: "timedelta", offset: int, size: int) -> list[Mail]:
    """Some of them, the newest first."""
    columns = [worlds.MAILS.c[name] for name in Mail.__dataclass_fields__]
    rows = (
        sa.select(*columns).order_by(worlds.MAILS.c.at.desc(), worlds.MAILS.c.number.desc()).offset(offset).limit(size)
    )
    with worlds.inside(app, lead):
        return [Mail(*row) for row in db.session.execute(rows)]


def may_be_played(app: "Application", lead: "timedelta", person_id: uuid.UUID, by: uuid.UUID) -> bool:
    """Whether somebody is there whom a coordinator may play: herself, or whoever is invented."""
    with worlds.inside(app, lead):
        return person_id == by or person_id in {p.id for p in filling.everybody() if filling.is_invented(p)}
