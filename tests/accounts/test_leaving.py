"""One's own data: all of it is given to whom it is about, and nothing of it stays when she leaves but what must."""

import json
import zipfile
from datetime import timedelta
from io import BytesIO
from typing import Any

import mails
import pytest
import sqlalchemy as sa
import world
from pages import words
from signing_in import PASSWORD, browser_of, owner

from msme_calls import clock, history, personal
from msme_calls.accounts import expiry, leaving, links, sessions
from msme_calls.accounts.models import Person
from msme_calls.calls.actions import people
from msme_calls.calls.models import Role
from msme_calls.decisions.models import Decision, Outcome
from msme_calls.errors import Refused
from msme_calls.extensions import Base, db
from msme_calls.history import History
from msme_calls.proposals import team
from msme_calls.proposals.models import Member, Proposal, ProposalVersion, Status, TeamRole
from msme_calls.reviews.models import Assignment, Ended, Review

PAGE = "/en/profile/data"
CANARY = "Quetzal"  # in everything that she is called by


def leaver(**values: Any) -> Person:
    return owner(name=f"{CANARY} Ejemplo", email="quetzal@example.org", organisation=f"{CANARY} Weavers", **values)


def everything() -> str:
    """Every value of every table."""
    rows = [row for table in Base.metadata.sorted_tables for row in db.session.execute(sa.select(table)).all()]
    return json.dumps([[str(value) for value in row] for row in rows])


def test_each_column_about_people_belongs_to_one_feature(app: Any) -> None:
    """A table that comes to know people must say what becomes of it when they leave."""
    named = {"person_id", "actor_id", "address"}
    about = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name in named
        or column.name.endswith("_by_id")
        or any(key.column.table.name == "people" for key in column.foreign_keys)
    }
    covered = [column for holding in personal.HOLDINGS.values() for column in holding.columns]
    assert sorted(covered) == sorted(about)


def test_she_takes_everything_with_her(app: Any, at: Any) -> None:
    person = leaver()
    call = world.call("open", kind="rta-papers")  # its form takes a file
    proposal = world.proposal(call, person, title="A loom for all", organisation=f"{CANARY} Weavers")
    theirs = world.proposal(world.call("review"))
    world.review(theirs, by=world.reviewer(theirs.call, person), comment_applicant="Well woven")
    browser = browser_of(app, person)
    page = browser.page(PAGE)
    answer = browser.get(page.one("main//a[.='Download my data']").get("href"))
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Cache-Control"] == "no-store"
    packed = zipfile.ZipFile(BytesIO(answer.data))
    answer.close()
    assert packed.testzip() is None
    account, calls, own, reviews = (
        json.loads(packed.read(f"{name}.json")) for name in ("account", "calls", "proposals", "reviews")
    )
    assert (account["email"], account["organisation"]) == ("quetzal@example.org", f"{CANARY} Weavers")
    assert [act["verb"] for act in account["acts"]] == ["start", "submit", "submit-review"]
    assert [(held["call"], held["role"]) for held in calls] == [(theirs.call.slug, "reviewer")]
    assert [p["reference"] for p in own["own"]] == [proposal.reference]
    assert own["own"][0]["versions"][0]["answers"]["title"] == "A loom for all"
    assert [r["review"]["comment_applicant"] for r in reviews] == ["Well woven"]
    listed = [f["path"] for f in own["own"][0]["files"]]
    assert listed and [n for n in packed.namelist() if n.startswith("files/")] == listed
    assert packed.read(listed[0]) == world.content(own["own"][0]["files"][0]["sha256"])


def test_nobody_takes_anything_of_anybody_else(app: Any, at: Any) -> None:
    person, other = leaver(), world.person()
    world.proposal(world.call("open", kind="rta-papers"), person)
    db.session.commit()
    answer = browser_of(app, other).get(f"{PAGE}/download")
    packed = zipfile.ZipFile(BytesIO(answer.data))
    answer.close()
    assert not any(CANARY.encode() in packed.read(n) or b"quetzal" in packed.read(n) for n in packed.namelist())
    assert not [n for n in packed.namelist() if n.startswith("files/")]


def test_data_and_leaving_ask_her_who_she_is(app: Any, at: Any) -> None:
    """A browser left open gives neither her data away nor her account."""
    person = leaver()
    browser = browser_of(app, person)
    page = browser.page(PAGE)
    at(clock.now() + sessions.FRESH + timedelta(minutes=1))
    assert browser.get(f"{PAGE}/download").status_code == 401
    asked = browser.submit(page.form(button="Delete it for good"))
    assert asked.status_code == 401 and db.session.get(Person, person.id).erased_at is None
    db.session.expire_all()


def test_what_was_hers_is_gone_and_what_calls_must_keep_stays_without_her_name(app: Any, at: Any) -> None:
    person = leaver()
    over = world.call("review")
    kept = world.proposal(over, person, organisation="Example of the call’s record")
    over.archived_at = clock.now()
    running = world.call("open")
    submitted, draft = world.proposal(running, person), world.draft(world.call("open"), person)
    judged = world.proposal(world.call("review"))
    done = world.review(judged, by=world.reviewer(judged.call, person))
    waiting = world.assignment(world.proposal(judged.call), person)
    people.invite(running, Role.OBSERVER, person.email, CANARY, "en", by=world.person(), at=clock.now())
    links.issue("sign-in", "quetzal@example.org", at=clock.now(), lasts=timedelta(hours=1))
    ids = [thing.id for thing in (submitted, draft, kept, done, waiting)]
    score = done.score
    db.session.commit()
    browser = browser_of(app, person)
    page = browser.page(PAGE)
    assert any(submitted.reference in words(li) for li in page.all("main//li"))
    answer = browser.submit(page.form(button="Delete it for good"))
    assert answer.location == "/en/sign-in"
    db.session.expire_all()
    (told,) = [mail for mail in mails.sent() if mail.subject == "Your account is deleted"]
    assert told.to == "quetzal@example.org"
    assert [db.session.get(Proposal, i) for i in ids[:2]] == [None, None]
    left = db.session.get(Proposal, ids[2])
    assert left.status is Status.SUBMITTED and left.owner.name == "–"
    versions = db.session.scalars(sa.select(ProposalVersion.proposal_id)).all()
    assert ids[2] in versions and ids[0] not in versions
    assert db.session.get(Review, ids[3]).score == score
    assert db.session.get(Assignment, ids[4]).ended is Ended.DECLINED
    assert browser.get(PAGE).status_code == 302
    expiry.forget_old_mails.__wrapped__(clock.now() + timedelta(days=2))
    dump = everything()
    assert "quetzal@example.org" not in dump
    assert dump.count(CANARY) == 0
    assert history.verify()[1] is None


@pytest.mark.parametrize("case", ["withdrawn", "cancelled"])
def test_what_others_judged_goes_with_nobody(app: Any, at: Any, case: str) -> None:
    """Neither withdrawing first, nor the end of a call, lets an applicant take away what reviewers wrote."""
    person, call = leaver(), world.call("review")
    proposal = world.proposal(call, person)
    review = world.review(proposal, by=world.reviewer(call))
    if case == "withdrawn":
        proposal.status, proposal.withdrawn_at = Status.WITHDRAWN, clock.now()
    else:
        made = Decision(proposal_id=proposal.id, call_id=call.id, outcome=Outcome.WINNER, decided_at=clock.now())
        db.session.add(made)
        call.deciding_started_at = call.cancelled_at = clock.now()
    db.session.flush()
    ids = proposal.id, review.id, review.score
    leaving.delete_account(person, by=person, at=clock.now())
    db.session.commit()
    db.session.expire_all()
    assert db.session.get(Proposal, ids[0]).owner.name == "–"
    assert db.session.get(Review, ids[1]).score == ids[2]


def test_what_was_withdrawn_before_anybody_judged_goes(app: Any, at: Any) -> None:
    person, call = leaver(), world.call("review")
    proposal = world.proposal(call, person)
    proposal.status, proposal.withdrawn_at = Status.WITHDRAWN, call.review_started_at - timedelta(hours=1)
    db.session.flush()
    gone = proposal.id
    leaving.delete_account(person, by=person, at=clock.now())
    db.session.commit()
    assert db.session.get(Proposal, gone) is None


def test_what_was_offered_to_her_can_be_offered_to_somebody_else(app: Any, at: Any) -> None:
    person, applicant, other = leaver(), world.person(), world.person()
    draft = world.draft(world.call("open"), applicant)
    for who in (person, other):
        db.session.add(Member(proposal_id=draft.id, person_id=who.id, role=TeamRole.EDIT, since=clock.now()))
    db.session.flush()
    team.offer(draft, person, by=applicant, at=clock.now())
    db.session.commit()
    leaving.delete_account(person, by=person, at=clock.now())
    db.session.commit()
    db.session.expire_all()
    team.offer(draft, other, by=applicant, at=clock.now())
    assert draft.offered_to_id == other.id


def test_a_team_hears_that_somebody_on_it_has_ended_her_account(app: Any, at: Any) -> None:
    """As of whoever leaves it: the owner is told, and the proposal's history has it; only her name is gone."""
    person, applicant = leaver(), world.person()
    draft, former = world.draft(world.call("open"), applicant), world.draft(world.call("open"), applicant)
    for made, left in ((draft, None), (former, clock.now())):
        role = {"role": TeamRole.EDIT, "since": clock.now(), "left_at": left}
        db.session.add(Member(proposal_id=made.id, person_id=person.id, **role))
    db.session.commit()
    mails.sent()
    leaving.delete_account(person, by=person, at=clock.now())
    (told,) = [mail for mail in mails.sent() if mail.to == applicant.email]
    assert told.subject == "Somebody has left your team"
    assert draft.reference in told.text and "has ended her or his account" in told.text and CANARY not in told.text
    acts = [(act.verb, act.actor_id) for act in db.session.scalars(sa.select(History).filter_by(proposal_id=draft.id))]
    assert acts[-1] == ("leave-team", person.id)
    assert not db.session.scalar(sa.select(sa.func.count()).select_from(Member))


def test_her_address_is_free_again(app: Any, at: Any) -> None:
    person = leaver()
    leaving.delete_account(person, by=person, at=clock.now())
    db.session.commit()
    again = leaver()
    assert again.id != person.id and again.erased_at is None


@pytest.mark.parametrize("case", ["administrator", "coordinator", "judged"])
def test_what_others_depend_on_is_handed_over_first(app: Any, at: Any, case: str) -> None:
    person = leaver(is_administrator=case == "administrator")
    if case == "coordinator":
        world.call("open", by=person)
    if case == "judged":
        world.proposal(world.call("review"), person)
    db.session.commit()
    page = browser_of(app, person).page(PAGE)
    assert "It can’t be deleted yet:" in words(page.one("main"))
    assert not page.all("main//button[.='Delete it for good']")
    with pytest.raises(Refused):
        leaving.delete_account(person, by=person, at=clock.now())
    db.session.rollback()
    assert db.session.get(Person, person.id).erased_at is None


def test_an_erased_account_can_do_nothing(app: Any, at: Any) -> None:
    person = leaver()
    browser, address = browser_of(app, person), person.email
    leaving.delete_account(person, by=person, at=clock.now())
    db.session.commit()
    assert browser.get("/en/profile").status_code == 302
    form = app.test_client().page("/en/sign-in").form()
    assert app.test_client().submit(form, email=address, password=PASSWORD).status_code != 302
