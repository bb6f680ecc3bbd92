"""Two people at once: one assignment, one review, a standing that counts everybody's, and caps that hold.

Threat D8.
"""

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa
import world

from msme_calls import clock
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.errors import Refused
from msme_calls.extensions import db, lock
from msme_calls.proposals import actions as proposing
from msme_calls.proposals.models import Proposal
from msme_calls.reviews import actions
from msme_calls.reviews.models import Assignment, Review, Standing


@pytest.fixture
def at_once(make_app, app) -> Callable[..., list[str]]:
    """Run acts in threads of their own, each with an application and a session of its own; what each came to."""

    def run(*acts: Callable[[], object]) -> list[str]:
        db.session.commit()
        apps, start, came = [make_app() for _ in acts], threading.Barrier(len(acts)), [""] * len(acts)

        def one(n: int) -> None:
            with apps[n].app_context():
                start.wait()
                try:
                    acts[n]()
                    db.session.commit()
                    came[n] = "done"
                except Refused as refused:
                    db.session.rollback()
                    came[n] = str(refused)

        threads = [threading.Thread(target=one, args=(n,)) for n in range(len(acts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        db.session.expire_all()
        return came

    return run


def test_two_coordinators_assign_the_same_pair_and_one_is_told(at_once, call, reviewer, coordinator):
    proposal_id, who, by = world.proposal(call).id, reviewer.id, coordinator.id

    def assign() -> None:
        proposal = db.session.get(Proposal, proposal_id)
        actions.assign(proposal, db.session.get(Person, who), by=db.session.get(Person, by), at=clock.now())

    assert sorted(at_once(assign, assign)) == ["This reviewer has the proposal already.", "done"]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Assignment)) == 1


def test_the_last_place_of_a_reviewer_is_given_once(at_once, call, coordinator):
    who, by = world.reviewer(call, most=1).id, coordinator.id

    def assign(proposal_id) -> Callable[[], None]:
        def act() -> None:
            proposal = db.session.get(Proposal, proposal_id)
            actions.assign(proposal, db.session.get(Person, who), by=db.session.get(Person, by), at=clock.now())

        return act

    came = at_once(assign(world.proposal(call).id), assign(world.proposal(call).id))
    assert sum(c == "done" for c in came) == 1 and any("as many reviews as agreed" in c for c in came)


def test_two_draws_at_once_assign_once(at_once, call, coordinator):
    for _ in range(3):
        world.proposal(call)
        world.reviewer(call)
    from msme_calls.reviews.board import Board

    plan = Board(call, coordinator, clock.now()).plan("seed")
    call_id, by = call.id, coordinator.id

    def draw() -> None:
        if actions.save_draw(
            db.session.get(Call, call_id), "seed", plan.digest, by=db.session.get(Person, by), at=clock.now()
        ) is None:  # fmt: skip
            raise Refused("changed")

    assert sorted(at_once(draw, draw)) == ["changed", "done"]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Assignment)) == 6


def test_reviews_submitted_at_once_all_count(at_once, call):
    proposal = world.proposal(call)
    made = [world.assignment(proposal).id for _ in range(3)]

    def submit(assignment_id, score: int) -> Callable[[], None]:
        def act() -> None:
            assignment = db.session.get(Assignment, assignment_id)
            sheet = world.sheet(assignment.proposal.call, *[score] * 4)
            actions.submit_review(assignment, sheet, 0, by=assignment.reviewer, at=clock.now())

        return act

    assert at_once(*(submit(a, score) for a, score in zip(made, (1, 2, 3), strict=True))) == ["done"] * 3
    standing = db.session.get(Standing, proposal.id)
    assert (standing.count, standing.mean, standing.spread) == (3, 2 * 10**9, 10**9)


def test_the_same_review_submitted_twice_at_once_is_one(at_once, call):
    assignment_id = world.assignment(world.proposal(call)).id

    def submit() -> None:
        assignment = db.session.get(Assignment, assignment_id)
        sheet = world.sheet(assignment.proposal.call)
        actions.submit_review(assignment, sheet, 0, by=assignment.reviewer, at=clock.now())

    assert at_once(submit, submit) == ["done", "done"]
    review = db.session.scalars(sa.select(Review)).one()
    assert review.former == []


def test_a_review_and_its_removal_at_once_leave_one_of_them(at_once, call, coordinator):
    made = world.assignment(world.proposal(call))
    assignment_id, by, proposal_id = made.id, coordinator.id, made.proposal_id

    def submit() -> None:
        assignment = db.session.get(Assignment, assignment_id)
        sheet = world.sheet(assignment.proposal.call)
        actions.submit_review(assignment, sheet, 0, by=assignment.reviewer, at=clock.now())

    def remove() -> None:
        assignment = db.session.get(Assignment, assignment_id)
        actions.unassign(assignment, "x", confirmed=False, by=db.session.get(Person, by), at=clock.now())

    came = at_once(submit, remove)
    assert sum(c == "done" for c in came) == 1
    ended = db.session.get(Assignment, assignment_id).ended_at is not None
    standing = db.session.get(Standing, proposal_id)
    assert (standing is None) if ended else standing.count == 1


def test_an_assignment_by_hand_and_a_review_of_the_same_proposal_do_not_stop_one_another(at_once, call, coordinator):
    """Each holds what the other's new row refers to."""
    proposal = world.proposal(call)
    given, other, by = world.assignment(proposal).id, world.reviewer(call).id, coordinator.id
    call_id, proposal_id, both = call.id, proposal.id, threading.Barrier(2)

    def assign() -> None:
        lock(db.session.get(Call, call_id))
        both.wait()
        who = db.session.get(Person, other)
        actions.assign(db.session.get(Proposal, proposal_id), who, by=db.session.get(Person, by), at=clock.now())

    def review() -> None:
        mine = db.session.get(Assignment, given)
        lock(mine.proposal)
        both.wait()
        actions.submit_review(mine, world.sheet(mine.proposal.call), by=mine.reviewer, at=clock.now())

    if db.engine.dialect.name == "sqlite":  # its writers queue for the whole of it
        both = threading.Barrier(1)
    assert at_once(assign, review) == ["done", "done"]


LATER = {
    "review": ("sealed_at", "Reviews are written while the call is in review."),
    "submit": ("cancelled_at", "This call was cancelled: proposals can no longer be written or changed."),
    "withdraw": ("deciding_started_at", "The decision is being taken: write to the coordinators if you want"),
}


@pytest.mark.parametrize("name", LATER)
def test_who_waits_while_the_phase_changes_is_judged_by_the_phase_after_it(app, make_app, name):
    """Her page was drawn, and her request began, in the phase before."""
    call = world.call("open" if name == "submit" else "review", economy_rule=False)
    proposal = world.draft(call) if name == "submit" else world.proposal(call)
    assignment_id = world.assignment(proposal).id if name == "review" else None
    proposal_id, began, came, other = proposal.id, threading.Event(), [], make_app()
    db.session.commit()

    def act() -> None:
        with other.app_context():
            mine = db.session.get(Proposal, proposal_id)
            given = db.session.get(Assignment, assignment_id) if assignment_id else None
            held = mine.call  # as a page does: what nobody holds is forgotten, and read anew by itself
            held.phase(clock.now())
            began.set()
            try:
                if given:
                    actions.save_review(given, world.sheet(mine.call), by=given.reviewer, at=clock.now())
                else:
                    {"submit": lambda: proposing.submit(mine, "key", by=mine.owner, at=clock.now()),
                     "withdraw": lambda: proposing.withdraw(mine, by=mine.owner, at=clock.now())}[name]()  # fmt: skip
            except Refused as refused:
                came.append(str(refused))
            db.session.rollback()

    lock(proposal)
    thread = threading.Thread(target=act)
    thread.start()
    if db.engine.dialect.name == "postgresql":  # with SQLite she waits before she has read anything
        assert began.wait(30)
    column, words = LATER[name]
    setattr(call, column, clock.now())
    if column == "sealed_at":
        call.seal_digest = "0" * 64
    db.session.commit()
    thread.join(30)
    assert came and came[0].startswith(words)
