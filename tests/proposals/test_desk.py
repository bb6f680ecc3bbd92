"""Coordinators find, read and export proposals; drafts and what they have a conflict with are as if absent."""

import csv
import io
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
import world
from pages import words
from signing_in import browser_of
from statements import statements

from msme_calls import clock
from msme_calls.calls.models import Role
from msme_calls.errors import Refused
from msme_calls.extensions import db
from msme_calls.history import History
from msme_calls.proposals import actions
from msme_calls.proposals.models import Conflict
from msme_calls.reviews.models import Ended


@pytest.fixture
def coordinator(call):
    return world.member(call, Role.COORDINATOR, world.person("Example Coordinator"))


@pytest.fixture
def desk(app, coordinator):
    """The coordinator’s browser."""
    return browser_of(app, coordinator)


def titles(page):
    return [words(a) for a in page.all("tbody//th//a")]


def test_the_list_has_what_was_submitted_and_no_draft(desk, call):
    world.draft(call, title="Example draft")
    world.proposal(call, title="Example proposal")
    page = desk.page(f"/en/desk/{call.slug}/proposals")
    assert titles(page) == ["Example proposal"]
    assert "1 proposal on this list." in page.text


def test_an_empty_list_says_what_will_be_there(desk, call):
    assert "No proposals yet" in desk.page(f"/en/desk/{call.slug}/proposals").text
    assert "Nothing matches" in desk.page(f"/en/desk/{call.slug}/proposals?search=x").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=ECOLE", ["École 100% verte"]),
        ("search=100%25", ["École 100% verte"]),
        ("search=%25", ["École 100% verte"]),
        ("search=_", []),
        ("search='", []),
        ("search=%00", ["Zebra", "École 100% verte"]),
        ("economy=PE", ["École 100% verte"]),
        ("economy=XX", []),
        ("language=fr", ["École 100% verte"]),
        ("status=withdrawn", ["Zebra"]),
        ("status=submitted", ["École 100% verte"]),
        ("organisation_type=small-business", ["Zebra", "École 100% verte"]),
        ("sort=title", ["École 100% verte", "Zebra"]),
        ("sort=title;drop", ["Zebra", "École 100% verte"]),
        ("owner_id=1", ["Zebra", "École 100% verte"]),
        ("page=99", ["Zebra", "École 100% verte"]),
    ],
)
def test_the_list_is_narrowed_and_ordered_only_as_offered(desk, call, at, query, found):
    world.proposal(call, title="École 100% verte", economy="PE", language="fr")
    later = at("2027-02-24T17:00:00Z")
    zebra = world.proposal(call, title="Zebra")
    actions.withdraw(zebra, by=zebra.owner, at=later)
    assert titles(desk.page(f"/en/desk/{call.slug}/proposals?{query}")) == found


def test_a_search_finds_a_reference(desk, call):
    proposal = world.proposal(call)
    world.proposal(call)
    page = desk.page(f"/en/desk/{call.slug}/proposals?search={proposal.reference.lower()}")
    assert titles(page) == [proposal.title]


def test_what_she_has_a_conflict_with_is_counted_and_nothing_more(desk, call, coordinator):
    own = world.proposal(call, title="Example hidden one", economy="NP", organisation=coordinator.organisation)
    world.proposal(call, title="Example seen one", economy="KE")
    url = f"/en/desk/{call.slug}/proposals"
    page = desk.page(url)
    assert titles(page) == ["Example seen one"]
    assert "You are recused from 1 more" in page.text
    assert "NP" not in [o.get("value") for o in page.all("select[@id='economy']/option")]
    assert titles(desk.page(f"{url}?search=hidden")) == []
    for ending in ("csv", "json"):
        assert b"hidden" not in desk.get(f"{url}.{ending}").data
    absent = f"{url}/00000000-0000-4000-8000-000000000000"
    assert desk.get(f"{url}/{own.id}").data == desk.get(absent).data


def test_a_coordinator_who_applies_sees_none_of_her_competitors_proposals_and_why(desk, call, coordinator):
    """Threat A18. Not before she hands hers in either: she could learn from theirs."""
    other = world.proposal(call, title="Example competitor", economy="NP")
    url = f"/en/desk/{call.slug}/proposals"
    assert titles(desk.page(url)) == ["Example competitor"]
    mine = world.draft(call, by=coordinator)
    for submitted in (False, True):
        if submitted:
            actions.submit(mine, "key", by=coordinator, at=clock.now())
        db.session.commit()
        page = desk.page(url)
        assert "No proposals yet" not in page.text, "there are some, and none of her concern"
        assert titles(page) == [] and "you neither see nor judge the others" in page.text
        assert "NP" not in [o.get("value") for o in page.all("select[@id='economy']/option")]
        assert b"competitor" not in desk.get(f"{url}.csv").data
        desk.page(f"{url}/{other.id}", status=404)


def test_who_has_a_role_is_told_before_she_starts_what_applying_costs_her(desk, call, her):
    words = "Whoever applies in a call neither reviews nor decides in it."
    url = f"/en/calls/{call.slug}/start"
    assert words in desk.page(url).text and words not in her.page(url).text


def test_a_declared_conflict_hides_the_proposal_at_once(app, desk, call, coordinator):
    chair = world.member(call, Role.CHAIR, world.person("Example Chair", email="chair@example.org"))
    proposal = world.proposal(call)
    url = f"/en/desk/{call.slug}/proposals/{proposal.id}"
    theirs = browser_of(app, chair)
    theirs.page(url)
    page = desk.page(url)
    form = page.form(button="Note the conflict")
    desk.submit(form, address=" Chair@Example.org ", reason="Former colleague", declared_by_id="x", person_id="y")
    conflict = db.session.scalars(db.select(Conflict)).one()
    assert (conflict.person_id, conflict.declared_by_id, conflict.reason) == (
        chair.id, coordinator.id, "Former colleague",
    )  # fmt: skip
    theirs.page(url, status=404)
    assert "Example Chair" in desk.page(url).text
    assert desk.submit(form, address=coordinator.email, reason="Mine").location == f"/en/desk/{call.slug}/proposals"
    desk.page(url, status=404)


def test_a_conflict_declared_for_somebody_is_taken_back_with_a_reason_and_what_it_ended_stays_ended(
    app, desk, call, coordinator
):
    who = world.reviewer(call, world.person("Example Reviewer"))
    proposal = world.proposal(call)
    call.review_started_at, call.deadline_at = clock.now(), clock.now() - timedelta(hours=1)
    given = world.assignment(proposal, who)
    actions.declare_conflict(proposal, who, "Mistaken for a namesake", by=coordinator, at=clock.now())
    db.session.commit()
    assert given.ended is Ended.CONFLICT
    page = desk.page(f"/en/desk/{call.slug}/proposals/{proposal.id}")
    page = desk.page(page.link("Take back Example Reviewer"))
    form = page.form(button="Take the conflict back")
    assert desk.submit(form).status_code == 422 and db.session.query(Conflict).count() == 1
    assert desk.submit(form, reason="Another person of this name").status_code == 302
    assert db.session.query(Conflict).count() == 0 and given.ended is Ended.CONFLICT
    row = db.session.scalar(db.select(History).where(History.verb == "take-back-conflict"))
    assert row.said["details"] == {"person": str(who.id), "reason": "Another person of this name"}
    words = f"Example Coordinator took back that Example Reviewer has a conflict of interest with {proposal.reference}"
    assert words in desk.page(f"/en/desk/{call.slug}/history").text
    assert world.assignment(proposal, who).ended is None, "she can be asked anew, by a person"


def test_what_somebody_declared_of_herself_stands(desk, call, coordinator):
    """Threat A18. Also where a coordinator had declared it before her."""
    who = world.reviewer(call)
    first, second = world.proposal(call), world.proposal(call)
    actions.declare_conflict(first, who, "Mine", by=who, at=clock.now())
    actions.declare_conflict(second, who, "Said by another", by=coordinator, at=clock.now())
    actions.declare_conflict(second, who, "Mine", by=who, at=clock.now())
    db.session.commit()
    for row in db.session.query(Conflict):
        url = f"/en/desk/{call.slug}/proposals/{row.proposal_id}"
        assert "Take back" not in desk.page(url).text
        assert "declared this conflict in person" in desk.page(f"{url}/conflicts/{row.id}").text
        with pytest.raises(Refused):
            actions.take_back_conflict(row, "No", by=coordinator, at=clock.now())
    other = first if second.id == row.proposal_id else second
    desk.page(f"/en/desk/{call.slug}/proposals/{other.id}/conflicts/{row.id}", status=404)


def test_only_coordinators_take_a_conflict_back_and_not_after_the_seal(app, desk, call, coordinator):
    chair = world.member(call, Role.CHAIR)
    proposal, who = world.proposal(call), world.reviewer(call)
    row = actions.declare_conflict(proposal, who, "Said", by=coordinator, at=clock.now())
    db.session.commit()
    url = f"/en/desk/{call.slug}/proposals/{proposal.id}"
    theirs = browser_of(app, chair)
    assert "Take back" not in theirs.page(url).text
    theirs.page(f"{url}/conflicts/{row.id}", status=404)
    call.sealed_at, call.seal_digest = clock.now(), "0" * 64
    db.session.commit()
    assert "Take back" not in desk.page(url).text
    with pytest.raises(Refused, match="sealed"):
        actions.take_back_conflict(row, "Late", by=coordinator, at=clock.now())


def test_a_conflict_needs_somebody_of_the_call_and_a_reason(desk, call):
    world.person(email="stranger@example.org")
    url = f"/en/desk/{call.slug}/proposals/{world.proposal(call).id}"
    form = desk.page(url).form(button="Note the conflict")
    for address, reason in (("stranger@example.org", "Because"), ("nobody@example.org", "Because"), ("", "")):
        assert desk.submit(form, address=address, reason=reason).status_code == 422
    assert db.session.scalars(db.select(Conflict)).all() == []


def test_conflicts_that_follow_from_facts_are_shown(desk, call):
    world.member(call, Role.REVIEWER, world.person("Example Neighbour", economies=("KE",)))
    page = desk.page(f"/en/desk/{call.slug}/proposals/{world.proposal(call, economy='KE').id}")
    assert "Example NeighbourSame economy" in page.text


def test_the_desk_shows_the_version_that_counts_and_not_the_draft_after_it(desk, call):
    proposal = world.proposal(call, contact_name="Example First Name")
    section = next(s for s in call.sections if s.key == "contact")
    actions.save_section(proposal, section, {"contact_name": "Example Later Name"}, by=proposal.owner, at=clock.now())
    page = desk.page(f"/en/desk/{call.slug}/proposals/{proposal.id}")
    assert "Example First Name" in page.text and "Example Later Name" not in page.text


def test_the_export_has_every_answer_and_runs_in_no_spreadsheet(desk, call):
    world.proposal(call, title="=HYPERLINK(1)", beneficiaries_number="1250", start_date="2027-09-01")
    data = desk.get(f"/en/desk/{call.slug}/proposals.csv").get_data(as_text=True)
    row = next(csv.DictReader(io.StringIO(data.removeprefix("\ufeff"))))
    assert row["title"] == "'=HYPERLINK(1)"
    assert (row["answer_beneficiaries_number"], row["answer_start_date"]) == ("1250", "2027-09-01")
    rows = json.loads(desk.get(f"/en/desk/{call.slug}/proposals.json").data)
    assert [r["answer_beneficiaries_number"] for r in rows] == [1250]
    assert {f"answer_{q.key}" for q in call.questions} <= set(rows[0])
    assert json.loads(desk.get(f"/en/desk/{call.slug}/proposals.json?search=nothing").data) == []


def test_the_export_reads_some_proposals_at_a_time_however_many_there_are(desk, call):
    world.proposal(call)
    parts = []

    def look(connection, cursor, statement, values, context, many):
        if "proposal_versions" in statement:
            parts.append(context.execution_options.get("yield_per"))

    sa.event.listen(db.engine, "before_cursor_execute", look)
    try:
        assert desk.get(f"/en/desk/{call.slug}/proposals.csv").data.count(b"\r\n") == 2
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", look)
    assert parts == [500]


def test_roles_without_part_in_proposals_find_no_such_page(app, call):
    proposal = world.proposal(call)
    for role in (Role.OBSERVER, Role.REVIEWER):
        theirs = browser_of(app, world.member(call, role))
        for path in ("", ".csv", f"/{proposal.id}"):
            assert theirs.get(f"/en/desk/{call.slug}/proposals{path}").status_code == 404, (role, path)
    elsewhere = browser_of(app, world.member(world.call("open"), Role.COORDINATOR))
    elsewhere.page(f"/en/desk/{call.slug}/proposals", status=404)


def test_a_proposal_of_another_call_is_not_found_through_this_one(desk, call):
    other = world.proposal(world.call("open"))
    desk.page(f"/en/desk/{call.slug}/proposals/{other.id}", status=404)


def test_pages_ask_the_database_as_often_for_thirty_as_for_three(app, call):
    counts = {}
    for n in (3, 30):
        call = world.call("review")
        made = [
            world.proposal(call, economy=["KE", "PE", "VN"][i % 3], language=["en", "fr", "es"][i % 3])
            for i in range(n)
        ]
        for i in range(n):
            member = world.member(call, Role.REVIEWER, world.person(economies=("FR", "PE")))
            if i:
                db.session.add(
                    Conflict(proposal_id=made[0].id, person_id=member.id, reason="Example", declared_at=clock.now())
                )
        desk = browser_of(app, world.member(call, Role.COORDINATOR))
        for path in ("", ".csv", ".json", f"/{made[0].id}"):
            with statements() as run:
                assert desk.get(f"/en/desk/{call.slug}/proposals{path}").status_code == 200
            counts.setdefault(path.partition("/")[1] or path, set()).add(len(run))
    assert {path: len(found) for path, found in counts.items()} == dict.fromkeys(counts, 1), counts
