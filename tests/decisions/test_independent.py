"""Two coordinators who agree are two: nobody confirms herself by a second address (threats E6, A20)."""

from datetime import timedelta
from typing import Any

import deciding
import mails
import pytest
import world
from signing_in import browser_of

from msme_calls import clock, history
from msme_calls.accounts.models import Person
from msme_calls.calls import queries as calls
from msme_calls.calls.actions import people
from msme_calls.calls.models import Call, Membership, Role
from msme_calls.decisions import actions, queries
from msme_calls.errors import Refused
from msme_calls.extensions import db

DURING = "During the review one of you two became coordinator by the other’s invitation"


def joins(call: Call, by: Person, address: str, role: Role = Role.COORDINATOR) -> Person:
    """Somebody whom a coordinator invites, and who takes the role."""
    invitation = people.invite(call, role, address, "Some Name", "en", by=by, at=clock.now())
    return people.accept(invitation, people.Standing(organisation=address, languages=["en"]), at=clock.now())


@pytest.fixture
def made(app: Any) -> deciding.Deciding:
    """Decided, by two coordinators who were there before the review."""
    made = deciding.decided()
    assert made.call.review_started_at
    for membership in made.call.memberships:
        membership.since = made.call.review_started_at - timedelta(days=30)
    db.session.commit()
    return made


def confirms(call: Call, proposer: Person, confirmer: Person) -> bool:
    """Whether what one proposes may be confirmed by the other; nothing is left of it."""
    actions.propose(call, by=proposer, at=clock.now())
    try:
        actions.confirm(call, by=confirmer, at=clock.now())
    except Refused as refused:
        assert DURING in str(refused)
        return False
    finally:
        actions.take_back(call, by=proposer, at=clock.now())
    return True


def test_whoever_was_invited_during_the_review_confirms_nothing_of_whoever_invited(made: Any) -> None:
    own = joins(made.call, made.first, "first.second.address@example.org")
    assert not confirms(made.call, made.first, own)
    assert not confirms(made.call, own, made.first)
    assert confirms(made.call, made.first, made.second)
    assert confirms(made.call, made.second, own)  # it was the other who invited her


def test_neither_does_a_chain_of_invitations_nor_a_second_one_of_the_same_person(made: Any) -> None:
    one, two = (joins(made.call, made.first, f"own{n}@example.org") for n in (1, 2))
    deeper = joins(made.call, one, "deeper@example.org")
    for person in (two, deeper):
        assert not confirms(made.call, made.first, person)
        assert not confirms(made.call, one, person)
    membership = next(m for m in made.call.memberships if m.person_id == one.id)
    people.remove(membership, by=made.first, at=clock.now())
    db.session.refresh(made.call)
    assert not confirms(made.call, made.first, deeper)  # the link between them may be gone by then
    invitation = people.invite(made.call, Role.COORDINATOR, "late@example.org", "Late", "en", by=deeper, at=clock.now())
    people.remove(calls.coordinator(made.call.slug, "deeper@example.org"), by=made.first, at=clock.now())
    late = people.accept(invitation, people.Standing(), at=clock.now())
    assert not confirms(made.call, made.first, late)


def test_who_was_coordinator_before_the_review_answers_for_herself(app: Any) -> None:
    call = world.call("closed")
    first = world.member(call, Role.COORDINATOR)
    early = joins(call, first, "early@example.org")
    waits = people.invite(call, Role.COORDINATOR, "waits@example.org", "Waits", "en", by=first, at=clock.now())
    call.review_started_at = clock.now() + timedelta(days=1)
    late = people.accept(waits, people.Standing(), at=clock.now() + timedelta(days=2))
    assert calls.independent(call, first.id, early.id)
    assert not calls.independent(call, first.id, late.id)
    assert calls.independent(call, early.id, late.id)
    assert not calls.independent(call, first.id, first.id)


def test_a_result_is_not_unsealed_that_way_either(app: Any) -> None:
    made, _seal = deciding.sealed()
    own = joins(made.call, made.first, "own@example.org")
    note = dict.fromkeys(made.call.languages, "A name is misspelt.")
    actions.ask_unseal(made.call, note, by=made.first, at=clock.now())
    with pytest.raises(Refused, match=DURING):
        actions.unseal(made.call, by=own, at=clock.now())
    assert queries.in_force(made.call) is not None
    actions.unseal(made.call, by=made.second, at=clock.now())
    assert queries.in_force(made.call) is None


def test_the_page_says_so_instead_of_a_button_and_no_mail_asks_her(made: Any, app: Any) -> None:
    own = joins(made.call, made.first, "own@example.org")
    mails.sent()
    actions.propose(made.call, by=made.first, at=clock.now())
    db.session.commit()
    asked = {m.to for m in mails.sent()}
    assert made.second.email in asked and not asked & {own.email, made.first.email}
    page = browser_of(app, own).page(f"/en/desk/{made.call.slug}/result")
    assert DURING in page.text and "Confirm this decision" not in page.text
    assert "Confirm this decision" in browser_of(app, made.second).page(f"/en/desk/{made.call.slug}/result").text


def test_all_who_answer_for_the_call_learn_of_a_new_coordinator_and_of_nobody_else(made: Any) -> None:
    admin = world.person(is_administrator=True, email="admin@example.org")
    world.person(is_administrator=True, active=False)
    joins(made.call, made.first, "rev@example.org", Role.REVIEWER)
    assert [m.subject for m in mails.sent() if "coordinator" in m.subject] == []
    joins(made.call, made.first, "new@example.org")
    told = [m for m in mails.sent() if m.subject.startswith("A new coordinator")]
    others = {m.person.email for m in made.call.memberships if m.role is Role.COORDINATOR} - {"new@example.org"}
    assert {m.to for m in told} == others | {admin.email} and {made.first.email, made.second.email} < others
    assert all("new@example.org" in m.text and f"came from {made.first.name}" in m.text for m in told)


def test_whoever_runs_the_server_can_answer_for_her_and_the_history_says_so(made: Any) -> None:
    """For a call whose other coordinators have left during the review."""
    new = joins(made.call, made.first, "new@example.org")
    people.vouch(calls.coordinator(made.call.slug, "NEW@example.org"), at=clock.now())
    db.session.commit()
    assert confirms(made.call, made.first, new)
    row = db.session.scalars(db.select(history.History).where(history.History.verb == "vouch")).one()
    assert (row.call_id, row.actor_id, row.said["details"]["person"]) == (made.call.id, None, str(new.id))
    assert calls.coordinator(made.call.slug, "nobody@example.org") is None
    assert db.session.scalars(db.select(Membership).where(Membership.vouched_by_id.is_not(None))).all() == []
