"""Coordinators assign by hand and by a draw they look at first, follow progress, and read the ranking."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
import world
from pages import Page, words
from signing_in import browser_of
from statements import statements

from msme_calls import clock, history, outbox
from msme_calls.calls.models import Role
from msme_calls.extensions import db
from msme_calls.proposals import actions as proposing
from msme_calls.reviews import actions, standings
from msme_calls.reviews.models import Assignment, Ended
from msme_calls.reviews.ranking import draw

DAY = timedelta(days=1)


def url(call, end: str) -> str:
    return f"/en/desk/{call.slug}/{end}"


def told(element) -> str:
    """The words of a row's cells, or of a list item's parts, with a space between."""
    return " ".join(words(part) for part in element)


def mails() -> list[outbox.Email]:
    return list(db.session.scalars(sa.select(outbox.Email).filter_by(name="review_assigned")))


def active() -> list[Assignment]:
    return list(db.session.scalars(sa.select(Assignment).where(Assignment.ended_at.is_(None))))


# Assigning


def test_the_page_says_who_has_what_and_what_lacks(desk, call):
    proposal = world.proposal(call)
    mine = world.assignment(proposal)
    world.review(world.proposal(call))
    page = desk.page(url(call, "assignments"))
    assert "2 proposals lack reviewers" in page.text and "Assign 1 more" in page.text
    assert page.link(mine.reviewer.name) == url(call, f"assignments/{mine.id}")
    assert proposal.title in page.text and "To do" in page.text and "Submitted" in page.text


def test_it_can_show_only_what_lacks(desk, call):
    lacking, full = world.proposal(call), world.proposal(call)
    for _ in range(2):
        world.assignment(full)
    page = desk.page(url(call, "assignments?show=lacking"))
    assert lacking.title in page.text and full.title not in page.text


def test_before_the_review_the_reason_stands_in_place_of_the_buttons(app, coordinator, desk):
    call = world.call("closed", by=coordinator)
    world.proposal(call)
    world.reviewer(call)
    db.session.commit()
    page = desk.page(url(call, "assignments"))
    assert "Reviewers are assigned once the review has started." in page.text
    assert "Preview a draw" not in page.text and "Assign by hand" not in page.text
    assert not desk.page(url(call, "assignments/by-hand")).all("main//form")


def test_she_assigns_by_hand(desk, call, reviewer):
    proposal = world.proposal(call)
    form = desk.page(url(call, f"assignments/by-hand?proposal={proposal.id}")).form(button="Assign and send the mail")
    assert form.values["proposal"] == str(proposal.id)
    answer = desk.submit(form, reviewer=str(reviewer.id), why="x", extended_to="2030-01-01T00:00")
    assert answer.location == url(call, "assignments")
    (made,) = active()
    assert (made.proposal_id, made.reviewer_id, made.why, made.extended_to) == (
        proposal.id, reviewer.id, {"by": "hand"}, None
    )  # fmt: skip


def test_refusals_by_hand_are_sentences_beside_the_field(desk, call):
    proposal = world.proposal(call)
    same = world.reviewer(call, world.person(organisation=proposal.organisation))
    form = desk.page(url(call, "assignments/by-hand")).form(button="Assign and send the mail")
    page = Page(desk.submit(form, proposal=str(proposal.id), reviewer=str(same.id)))
    assert page.status == 403
    assert words(page.one("p[@class='error']")) == (
        "This reviewer has a conflict of interest with the proposal. Choose somebody else."
    )
    assert page.form(button="Assign and send the mail").values["proposal"] == str(proposal.id)
    assert active() == []


@pytest.mark.parametrize("value", ["", "x", "00000000-0000-0000-0000-000000000000"])
def test_only_what_is_in_the_lists_can_be_sent(desk, call, reviewer, value):
    world.proposal(call)
    form = desk.page(url(call, "assignments/by-hand")).form(button="Assign and send the mail")
    page = Page(desk.submit(form, proposal=value, reviewer=str(reviewer.id)))
    assert page.status == 422 and "Choose" in words(page.one("p[@class='error']"))


def test_a_proposal_of_another_call_can_not_be_sent(desk, call, reviewer):
    world.proposal(call)
    other = world.proposal(world.call("review"))
    form = desk.page(url(call, "assignments/by-hand")).form(button="Assign and send the mail")
    assert desk.submit(form, proposal=str(other.id), reviewer=str(reviewer.id)).status_code == 422
    assert active() == []


# The draw


@pytest.fixture
def drawn(call, desk):
    """Four proposals, two reviewers for each, looked at."""
    for _ in range(4):
        world.proposal(call)
        world.reviewer(call)
    return desk.page(url(call, "assignments/draw"), follow=True)


def test_the_preview_shows_who_gets_what_and_why_and_saves_nothing(drawn, desk):
    seed = drawn.form(button="Save and send 4 mails").values["seed"]
    assert re.fullmatch(r"[0-9a-f]{32}", seed) and seed in drawn.text
    assert "Of 4 who may judge it and read English, who has least to do." in drawn.text
    assert active() == [] == mails()
    again = desk.page(drawn.url)
    assert again.form(button="Save and send 4 mails").values == drawn.form(button="Save and send 4 mails").values | {
        "csrf_token": again.form(button="Save and send 4 mails").values["csrf_token"]
    }


def test_what_was_looked_at_is_saved_with_one_mail_a_reviewer(drawn, desk, call):
    assert desk.submit(drawn.form(button="Save and send 4 mails")).location == url(call, "assignments")
    made = active()
    assert len(made) == 8 and all(a.why["by"] == "draw" for a in made)
    listed = [m.values["assignments"] for m in mails()]
    assert sorted(len(ids) for ids in listed) == [2, 2, 2, 2]
    assert "“" not in str(listed)
    desk.submit(drawn.form(button="Save and send 4 mails"))
    assert len(active()) == 8, "the same button twice assigns once"


def test_a_change_meanwhile_shows_the_draw_anew_and_saves_nothing(drawn, desk, call):
    world.proposal(call)
    page = Page(desk.submit(drawn.form(button="Save and send 4 mails")))
    assert page.status == 409
    assert "Something changed since you looked" in page.text and active() == []
    assert desk.submit(page.form(button="Save and send 4 mails")).status_code == 302
    assert len(active()) == 10


def test_what_can_not_be_met_is_said_by_name_with_why(desk, call):
    proposal = world.proposal(call)
    world.reviewer(call, most=0)
    world.reviewer(call, languages=("fr",))
    world.reviewer(call, world.person(organisation=proposal.organisation))
    page = desk.page(url(call, "assignments/draw"), follow=True)
    assert told(page.one("section[@aria-labelledby='lacks']//li")) == (
        f"{proposal.title} It lacks 2 reviewers: 1 eligible, who takes no more; 1 has a conflict of interest; "
        "1 doesn’t read its language."
    )


# One assignment


def test_she_removes_an_assignment_for_a_reason(desk, call):
    mine = world.assignment(world.proposal(call))
    form = desk.page(url(call, f"assignments/{mine.id}")).form(button="Remove the assignment")
    assert Page(desk.submit(form, reason="")).status == 422
    assert desk.submit(form, reason="Too many for her.").status_code == 302
    ended = db.session.get(Assignment, mine.id)
    assert (ended.ended, ended.ended_reason) == (Ended.REMOVED, "Too many for her.")
    desk.page(url(call, f"assignments/{mine.id}"), status=404)


def test_a_submitted_review_is_removed_only_if_confirmed(desk, call):
    review = world.review(world.proposal(call))
    address = url(call, f"assignments/{review.assignment_id}")
    form = desk.page(address).form(button="Remove the assignment")
    page = Page(desk.submit(form, reason="Unfit."))
    assert page.status == 403 and "Confirm that it shall no longer count." in page.text
    assert page.form(button="Remove the assignment").values["reason"] == "Unfit."
    assert desk.submit(form, reason="Unfit.", confirmed="y").status_code == 302
    assert active() == []


def test_she_gives_one_reviewer_more_time_in_the_zone_of_the_call(desk, call):
    mine = world.assignment(world.proposal(call))
    form = desk.page(url(call, f"assignments/{mine.id}")).form(button="Give more time")
    for wrong in ("", "tomorrow", "2027-03-28T02:30"):
        assert Page(desk.submit(form, until=wrong, because="Ill.")).status == 422
    assert Page(desk.submit(form, until="2027-02-25T10:00", because="Ill.")).status == 403
    assert desk.submit(form, until="2027-05-01T18:00", because="Ill.").status_code == 302
    assert db.session.get(Assignment, mine.id).extended_to.isoformat() == "2027-05-01T16:00:00+00:00"
    assert "extend-review" in db.session.scalars(sa.select(history.History.verb)).all()


# Recusal


@pytest.fixture
def conflicted(call, coordinator):
    """A proposal of the coordinator's own organisation, reviewed and ranked between two others."""
    coordinator.organisation = "Example Own Organisation"
    made = [world.proposal(call, title=f"Example Title {n}") for n in range(3)]
    made[1].organisation = "EXAMPLE own Organisation"
    for proposal, scores in zip(made, ((5, 5, 5, 5), (4, 4, 4, 4), (3, 3, 3, 3)), strict=True):
        world.review(proposal, *scores, comment_committee=f"Secret of {proposal.title}")
    db.session.commit()
    return made[1]


def test_a_recused_coordinator_sees_its_place_and_nothing_else(desk, call, conflicted):
    for end in ("assignments", "assignments/by-hand", "assignments/draw", "progress", "ranking"):
        page = desk.page(url(call, end), follow=True)
        html = page.response.get_data(as_text=True)
        for secret in (conflicted.title, conflicted.reference, str(conflicted.id), "4.00"):
            assert secret not in html, (end, secret)
    assert "Recused: you can’t see this proposal." in desk.page(url(call, "assignments")).text
    rows = [told(r) for r in desk.page(url(call, "ranking")).all("tbody/tr")]
    assert rows[1] == "2 Recused: you can’t see this proposal. Another coordinator handles it."
    assert rows[0].startswith("1 ") and rows[2].startswith("3 ")


def test_a_recused_coordinator_can_neither_open_remove_extend_nor_read(desk, call, conflicted):
    (its,) = [a for a in active() if a.proposal_id == conflicted.id]
    desk.page(url(call, f"assignments/{its.id}"), status=404)
    desk.page(url(call, f"ranking/{conflicted.id}"), status=404)
    for end in ("remove", "extend"):
        answer = desk.post(
            url(call, f"assignments/{its.id}/{end}"), data={"csrf_token": token(desk, call), "reason": "x"}
        )
        assert answer.status_code == 404
    assert db.session.get(Assignment, its.id).ended is None


def token(desk, call) -> str:
    return desk.page(url(call, "progress")).forms[0].values["csrf_token"]


@pytest.mark.parametrize("name", ["ranking", "progress/reviews"])
def test_exports_hide_it_too(desk, call, conflicted, name):
    """Threat A14."""
    for ending in ("csv", "json"):
        text = desk.get(url(call, f"{name}.{ending}")).get_data(as_text=True)
        for secret in (conflicted.title, conflicted.reference, "Secret of Example Title 1"):
            assert secret not in text
        assert "Example Title 0" in text


def test_the_conflict_holds_for_every_role(app, call, conflicted):
    """Threat A18."""
    for role in (Role.ASSISTANT, Role.CHAIR, Role.COORDINATOR):
        who = world.member(call, role, world.person(organisation=conflicted.organisation))
        browser = browser_of(app, who)
        page = browser.page(url(call, "progress"))
        assert "1 proposal is not counted here" in page.text
        browser.page(url(call, f"ranking/{conflicted.id}"), status=404)


# Who may


@pytest.mark.parametrize(("role", "may"), [
    (Role.COORDINATOR, {"assignments", "progress", "ranking", "ranking.csv", "progress/reviews.csv"}),
    (Role.ASSISTANT, {"assignments", "progress"}),
    (Role.CHAIR, {"progress", "ranking", "ranking.csv", "progress/reviews.csv"}),
    (Role.OBSERVER, {"progress"}),
    (Role.REVIEWER, set()),
])  # fmt: skip
def test_roles_open_what_is_theirs_and_the_rest_is_absent(app, call, role, may):
    browser = browser_of(app, world.member(call, role))
    for end in ("assignments", "progress", "ranking", "ranking.csv", "progress/reviews.csv"):
        assert browser.get(url(call, end)).status_code == (200 if end in may else 404), end


# Progress


def test_progress_says_who_has_done_what(desk, call, reviewer, at):
    call.review_due_at = clock.now() + timedelta(hours=1)
    proposal = world.proposal(call)
    world.review(proposal)
    world.assignment(proposal, reviewer)
    page = desk.page(url(call, "progress"))
    assert "1 of 2 assigned reviews are submitted." in page.text
    at(call.review_due_at)
    page = desk.page(url(call, "progress"))
    (row,) = [told(r) for r in page.all("tbody/tr") if reviewer.name in told(r)]
    assert row == f"{reviewer.name} 1 0 1 " and "1 is late." in page.text


def test_a_conflict_that_came_later_is_said_and_its_reviewer_is_out(desk, call):
    mine = world.assignment(world.proposal(call))
    mine.reviewer.organisation = mine.proposal.organisation
    assert "1 assignment is with nobody" in desk.page(url(call, "progress")).text
    page = desk.page(url(call, "assignments"))
    assert "Conflict of interest" in page.text and "Assign 2 more" in page.text


def test_the_desk_says_what_needs_her(desk, call, at):
    call.review_due_at = clock.now() + timedelta(hours=1)
    late = world.assignment(world.proposal(call))
    out = world.assignment(late.proposal)
    out.reviewer.organisation = late.proposal.organisation
    at(call.review_due_at)
    page = desk.page(f"/en/desk/{call.slug}")
    for heading in ("1 proposal lacks reviewers", "1 review is late", "1 assignment is with nobody"):
        assert heading in page.text


# The ranking


def ranked(call, *scores) -> list:
    made = []
    for row in scores:
        proposal = world.proposal(call)
        for one in row:
            world.review(proposal, *one)
        made.append(proposal)
    return made


def test_the_ranking_orders_ties_and_cuts(desk, call):
    call.winners = 2
    best = [(5, 5, 5, 5)]
    tied = [(4, 4, 4, 4)]
    by_trade = [(5, 4, 4, 2)]  # the same mean: 30·5 + 30·4 + 25·4 + 15·2 = 400
    made = ranked(call, tied, best, by_trade, tied, [], [(None, None, None, None)])
    page = desk.page(url(call, "ranking"))
    rows = [told(r) for r in page.all("tbody/tr")]
    assert rows[0].startswith(f"1 {made[1].title}") and rows[0].endswith("5.00 – 1")
    assert rows[1].startswith(f"2 {made[2].title}") and "by tie-break" in rows[1]
    assert rows[2] == "2 winners above this line"
    assert sorted(r[:2] for r in rows[3:5]) == ["3=", "3="]
    assert sorted(r[:1] for r in rows[5:]) == ["–", "–"]
    assert "2 proposals have no score yet" in page.text
    first = max((made[0], made[3]), key=lambda p: draw(call.draw_seed or call.slug, p.reference))
    assert first.title in rows[3]


def test_a_cut_through_a_tie_is_said(desk, call):
    call.winners = 1
    ranked(call, [(4, 4, 4, 4)], [(4, 4, 4, 4)])
    assert "Only the draw decides the last winner" in desk.page(url(call, "ranking")).text


def test_a_proposals_reviews_are_read_with_both_comments_and_what_they_were_before(desk, call):
    review = world.review(world.proposal(call), 4, 3, None, 2, comment_applicant="To you", comment_committee="To us")
    reviewer = review.assignment.reviewer
    sheet = world.sheet(call, 1, 1, 1, 1, comment_committee="Changed")
    actions.submit_review(review.assignment, sheet, reason="Misread.", by=reviewer, at=clock.now())
    page = desk.page(url(call, f"ranking/{review.assignment.proposal_id}"))
    for text in (reviewer.name, "1.00", "Changed", "To us", "To you", "Can’t judge", "Changed because: Misread."):
        assert text in page.text


def test_who_still_judges_a_proposal_does_not_see_the_others_reviews_of_it(app, call, at):
    call.review_due_at = clock.now() + timedelta(hours=1)
    both = world.member(call, Role.COORDINATOR)
    proposal = world.proposal(call)
    world.review(proposal, 5, 5, 5, 5, comment_committee="Secret")
    mine = world.assignment(proposal, world.reviewer(call, both))
    browser = browser_of(app, both)
    for submitted in (False, True):
        if submitted:
            actions.submit_review(mine, world.sheet(call, 1, 1, 1, 1), by=both, at=clock.now())
        page = browser.page(url(call, f"ranking/{proposal.id}"))
        assert "Secret" not in page.text and "appear here once yours is final" in page.text
        assert "Hidden until your own review of it is final" in browser.page(url(call, "ranking")).text
        assert "Secret" not in browser.get(url(call, "progress/reviews.csv")).get_data(as_text=True)
        exported = json.loads(browser.get(url(call, "ranking.json")).get_data())
        assert exported[0]["mean"] is None
    at(call.review_due_at)
    assert "Secret" in browser.page(url(call, f"ranking/{proposal.id}")).text


def test_exports_have_every_criterion_and_the_comments(desk, call):
    review = world.review(world.proposal(call), 5, 0, None, 2, comment_applicant="=SUM(1)", comment_committee="us")
    text = desk.get(url(call, "progress/reviews.csv")).get_data(as_text=True).lstrip("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text))
    names = [f"score: {c.name['en']}" for c in call.criteria]
    assert [row[n] for n in names] == ["5", "0", "–", "2"]
    assert (row["comment_applicant"], row["comment_committee"]) == ("'=SUM(1)", "us")
    assert row["reference"] == review.assignment.proposal.reference
    (exported,) = json.loads(desk.get(url(call, "ranking.json")).get_data())
    assert (exported["place"], exported["reviews"], exported["mean"]) == ("1", 1, review.score / 1e9)


def test_ranked_says_the_same_as_the_page_to_whoever_calls_it(call, coordinator, conflicted):
    rows = standings.ranked(coordinator, call)
    assert [str(r.place) for r in rows] == ["1", "2", "3"]
    assert (rows[1].proposal, rows[1].standing) == (None, None)
    assert [r.standing.mean for r in (rows[0], rows[2])] == [5 * 10**9, 3 * 10**9]
    assert standings.ranked(coordinator, call, 1, 3) == rows[1:]


def test_a_withdrawn_proposal_is_in_no_ranking(desk, call):
    made = ranked(call, [(5, 5, 5, 5)], [(4, 4, 4, 4)])
    proposing.move(made[0], proposing.Status.WITHDRAWN, at=clock.now())
    page = desk.page(url(call, "ranking"))
    assert made[0].title not in page.text
    assert told(page.all("tbody/tr")[0]).startswith(f"1 {made[1].title}")


# What pages cost


def test_desk_pages_cost_the_same_for_3_and_30(desk, call):
    run: dict[str, list[int]] = {}
    for many in (3, 27):
        for _ in range(many):
            world.review(world.proposal(call, world.person(economies=("KE",))))
        db.session.commit()
        for end in ("assignments", "assignments/by-hand", "assignments/draw?seed=" + "0" * 32, "progress", "ranking",
                    "ranking.csv", "progress/reviews.csv"):  # fmt: skip
            with statements() as found:
                assert desk.get(url(call, end)).status_code == 200
            run.setdefault(end, []).append(len(found))
    assert {end: counts[0] for end, counts in run.items()} == {end: counts[1] for end, counts in run.items()}
