"""A reviewer finds what she is to judge, reads it beside its score sheet, saves, submits, revises and gives back."""

import io
from datetime import timedelta

import pytest
import sqlalchemy as sa
import world
from pages import Page, words
from pypdf import PdfReader
from signing_in import browser_of
from statements import statements

from msme_calls import clock
from msme_calls.calls.models import Blindness, Role
from msme_calls.extensions import db
from msme_calls.proposals.models import Conflict
from msme_calls.reviews import actions
from msme_calls.reviews.models import Assignment, Ended, Review, ReviewStatus

SCORES = {"score-trade": "4", "score-benefit": "2", "score-delivery": "-", "score-reuse": "0"}


@pytest.fixture
def mine(call, reviewer) -> Assignment:
    made = world.assignment(world.proposal(call), reviewer)
    db.session.commit()
    return made


def address(assignment: Assignment) -> str:
    return f"/en/reviews/{assignment.id}"


def sheet(her, assignment):
    return her.page(address(assignment)).form(f"/reviews/{assignment.id}")


def send(her, assignment, act="submit", form=None, **answers):
    return her.submit(form or sheet(her, assignment), ("act", act), **answers)


def stored() -> Review:
    return db.session.scalars(sa.select(Review)).one()


def test_her_queue_leads_to_the_proposal_and_says_what_is_done(her, mine, call):
    done = world.assignment(world.proposal(call), mine.reviewer)
    actions.submit_review(done, world.sheet(call), by=done.reviewer, at=clock.now())
    page = her.page("/en/reviews")
    assert "1 of 2 done" in page.text and "Submitted" in page.text and "To do" in page.text
    assert page.link(mine.proposal.title) == address(mine)


def test_an_empty_queue_says_what_will_be_there(her):
    assert "We will write when proposals are assigned to you" in her.page("/en/reviews").text


def test_the_queue_is_part_of_my_work(her, mine):
    assert her.page("/en/my-work").link(mine.proposal.title) == address(mine)


def test_she_reads_the_proposal_beside_its_score_sheet(her, mine, call):
    page = her.page(address(mine))
    assert page.title == mine.proposal.title
    for text in (mine.proposal.organisation, "Kenya", "Score sheet", "I can’t judge this. It stays out of the mean."):
        assert text in page.text
    assert words(page.all("aside//summary")[0]) == "Trade angle 30% To score"
    assert len(page.all("input[@type='radio']")) == sum(c.scale + 2 for c in call.criteria)


def test_she_saves_stops_and_resumes(her, mine):
    answer = send(her, mine, "save", **{"score-trade": "4", "comment_applicant": "Say who pays."})
    assert answer.location == address(mine)
    form = sheet(her, mine)
    assert (form.values["score-trade"], form.values["comment_applicant"]) == ("4", "Say who pays.")
    assert "score-benefit" not in form.values
    review = stored()
    assert (review.status, review.scores, review.score) == (ReviewStatus.DRAFT, {"trade": 4}, None)


def test_she_submits_and_missing_is_not_zero(her, mine):
    answer = send(her, mine, **SCORES)
    assert answer.location == "/en/reviews"
    review = stored()
    assert review.scores == {"trade": 4, "benefit": 2, "delivery": None, "reuse": 0}
    assert review.score == round((30 * 4 + 30 * 2) / 75 * 1e9)
    assert (review.submitted_at, review.late) == (clock.now(), False)


def test_what_is_missing_is_listed_and_what_she_wrote_is_saved(her, mine):
    answer = Page(send(her, mine, **{**SCORES, "score-reuse": None}))
    assert answer.status == 422
    assert "Score “Can be used elsewhere”, or say that you can’t judge it." in answer.text
    assert "What you wrote is saved." in answer.text
    assert stored().scores == {"trade": 4, "benefit": 2, "delivery": None}
    assert len(answer.all("aside//details[@open]")) == 1


@pytest.mark.parametrize("value", ["6", "99999999999999999999", "-1", "x", "٣", "4.5"])
def test_a_score_off_the_scale_is_refused_and_nothing_saved(her, mine, value):
    assert send(her, mine, **{**SCORES, "score-trade": value}).status_code == 422
    assert db.session.scalar(sa.select(Review)) is None


def test_save_and_go_to_the_next(her, mine, call):
    other = world.assignment(world.proposal(call), mine.reviewer)
    assert send(her, mine, "next").location == address(other)
    actions.submit_review(other, world.sheet(call), by=other.reviewer, at=clock.now())
    assert send(her, mine, "next", **SCORES).location == "/en/reviews"


def test_a_double_click_submits_once(her, mine):
    form = sheet(her, mine)
    for _ in range(2):
        assert send(her, mine, form=form, **SCORES).status_code == 302
    assert stored().former == []


def test_two_windows_overwrite_nothing_silently(her, mine):
    first, second = sheet(her, mine), sheet(her, mine)
    send(her, mine, "save", first, **{"score-trade": "1", "comment_committee": "from one window"})
    clash = Page(send(her, mine, "save", second, **{"score-trade": "5", "comment_committee": "from the other"}))
    assert clash.status == 409
    assert "from one window" in clash.text and "from the other" in clash.text
    assert stored().comment_committee == "from one window"
    again = clash.form(f"/reviews/{mine.id}")
    assert send(her, mine, "save", again).status_code == 302
    assert (stored().scores, stored().comment_committee) == ({"trade": 5}, "from the other")


def test_she_revises_with_a_reason_and_the_former_review_is_kept(her, mine):
    send(her, mine, **SCORES)
    changed = {**SCORES, "score-trade": "5"}
    refused = Page(send(her, mine, **changed))
    assert refused.status == 422 and "Say why you change the review" in refused.text
    assert stored().scores["trade"] == 4
    assert send(her, mine, **changed, reason="I had misread the annex.").status_code == 302
    review = stored()
    assert review.scores["trade"] == 5
    assert [(f.scores["trade"], f.reason) for f in review.former] == [(4, "I had misread the annex.")]
    assert "Former versions of your review" in her.page(address(mine)).text


def test_after_the_cut_off_the_sheet_is_locked_and_what_was_typed_is_shown(her, mine, call, at):
    call.review_due_at = call.review_cutoff_at = clock.now() + timedelta(hours=1)
    form = sheet(her, mine)
    at(call.review_cutoff_at)
    page = Page(send(her, mine, form=form, **SCORES, comment_applicant="Typed too late"))
    assert page.status == 403
    assert "they are locked" in page.text and "Typed too late" in page.text
    assert db.session.scalar(sa.select(Review)) is None
    assert not [f for f in her.page(address(mine)).forms if f.action.endswith(str(mine.id))]


def test_a_late_review_is_taken_and_marked(her, mine, call, at):
    call.review_due_at = at(clock.now() + timedelta(hours=1))
    assert "Late" in her.page("/en/reviews").text
    send(her, mine, **SCORES)
    assert stored().late is True
    assert "Submitted late" in her.page("/en/reviews").text


def test_mass_assignment_changes_nothing_that_is_not_on_the_sheet(her, mine):
    more = {
        "status": "submitted",
        "late": "1",
        "score": "5000000000",
        "assignment_id": str(mine.id),
        "score-other": "5",
    }
    send(her, mine, "save", **{**SCORES, **more})
    review = stored()
    assert (review.status, review.late, review.score) == (ReviewStatus.DRAFT, False, None)
    assert set(review.scores) == {"trade", "benefit", "delivery", "reuse"}


def test_she_gives_a_proposal_back_for_a_reason(her, mine):
    form = her.page(f"{address(mine)}/decline").form(button="Give the proposal back")
    assert her.submit(form, reason=" ").status_code == 422
    assert db.session.get(Assignment, mine.id).ended is None
    her.submit(form, reason="Too many other duties.")
    ended = db.session.get(Assignment, mine.id)
    assert (ended.ended, ended.ended_reason) == (Ended.DECLINED, "Too many other duties.")
    her.page(address(mine), status=404)


def test_a_declared_conflict_makes_the_proposal_absent_at_once(her, mine):
    form = her.page(f"{address(mine)}/conflict").form(button="Declare a conflict of interest")
    assert her.submit(form, reason="My brother works there.").location == "/en/reviews"
    row = db.session.scalars(sa.select(Conflict)).one()
    assert (row.person_id, row.proposal_id) == (mine.reviewer_id, mine.proposal_id)
    her.page(address(mine), status=404)
    assert mine.proposal.title not in her.page("/en/reviews").text


def test_a_link_alone_changes_nothing(her, mine):
    for end in ("", "/decline", "/conflict"):
        her.page(address(mine) + end)
    assert db.session.get(Assignment, mine.id).ended is None


def test_hidden_equals_absent_for_everybody_else(app, mine, call):
    """Threat A19."""
    for who in (world.person(), world.reviewer(call), world.member(call, Role.COORDINATOR), mine.proposal.owner):
        browser_of(app, who).page(address(mine), status=404)


@pytest.mark.parametrize("change", ["organisation", "ended", "withdrawn", "sealed"])
def test_her_page_is_absent_once_she_may_not_judge(her, blind, change):
    mine, call = blind, blind.proposal.call
    file = mine.proposal.versions[0].files[0]["id"]
    if change == "organisation":
        mine.reviewer.organisation = mine.proposal.organisation
    elif change == "ended":
        actions.unassign(mine, "x", confirmed=False, by=call.memberships[0].person, at=clock.now())
    elif change == "withdrawn":
        mine.proposal.status, mine.proposal.withdrawn_at = type(mine.proposal.status).WITHDRAWN, clock.now()
    else:
        call.sealed_at, call.seal_digest = clock.now(), "0" * 64
    for end in ("", "/decline", "/conflict", f"/files/{file}"):
        her.page(address(mine) + end, status=404)


# Blindness


@pytest.fixture
def blind(app, coordinator, reviewer):
    """A proposal whose applicant is hidden, with a canary in every hidden answer and in its file."""
    call = world.call("review", by=coordinator, economy_rule=False, blindness=Blindness.SINGLE, kind="rta-papers")
    hidden = {q.key: f"CANARY {q.key}" for q in call.questions if q.hidden and q.kind in ("short-text", "long-text")}
    owner = world.person("CANARY Owner", organisation="CANARY Organisation")
    proposal = world.proposal(call, owner, **hidden)
    made = world.assignment(proposal, world.reviewer(call, reviewer))
    db.session.commit()
    return made


def test_what_blindness_hides_is_on_no_page_of_the_reviewer(her, blind):
    for url in (
        "/en/reviews",
        "/en/my-work",
        address(blind),
        address(blind) + "/decline",
        address(blind) + "/conflict",
    ):
        page = her.page(url)
        html = page.response.get_data(as_text=True)
        assert "CANARY" not in html and blind.proposal.owner.email not in html
    assert "Applicant hidden" in her.page(address(blind)).text


def test_files_have_neutral_names_and_nothing_in_their_properties(her, blind):
    """Threat A13."""
    page = her.page(address(blind))
    links = [a.get("href") for a in page.all("article//a")]
    assert links and "Download document-1.pdf" in page.text
    with her.get(links[0]) as answer:
        assert 'filename="document-1.pdf"' in answer.headers["Content-Disposition"]
        content = answer.get_data()
    assert len(PdfReader(io.BytesIO(content)).pages) == 1
    canary = blind.proposal.call.prefix.encode()  # the builder writes the reference into the document's title
    assert canary not in content
    original = world.content(blind.proposal.attachments[0].sha256)
    assert canary in original, "what was sent is kept as it came"


def test_a_file_that_can_not_be_cleaned_is_not_shown(her, blind, monkeypatch):
    from msme_calls import reading

    def broken(*given, **more):
        raise reading.Unreadable

    monkeypatch.setattr(reading, "copy", broken)
    link = her.page(address(blind)).all("article//a")[0].get("href")
    page = her.page(link, status=403)
    assert "can’t be shown without what it says of its author" in page.text


def test_an_open_call_shows_the_file_as_it_came(her, call, reviewer):
    made = world.call("review", kind="rta-papers", economy_rule=False, blindness=Blindness.OPEN)
    mine = world.assignment(world.proposal(made), world.reviewer(made, reviewer))
    db.session.commit()
    link = her.page(address(mine)).all("article//a")[0].get("href")
    answer = her.get(link)
    assert 'filename="example.pdf"' in answer.headers["Content-Disposition"]
    assert made.prefix.encode() in answer.get_data()
    answer.close()


@pytest.mark.parametrize("over", ["sealed_at", "cancelled_at"])
def test_a_sheet_that_comes_after_the_end_is_refused_and_not_lost(app, her, blind, over):
    """For her alone: for others there is nothing, as before."""
    url, words = address(blind), "What she wrote on the train, for an hour. " * 3
    form, other = sheet(her, blind), browser_of(app, world.reviewer(blind.proposal.call))
    call = blind.proposal.call
    setattr(call, over, clock.now())
    if over == "sealed_at":
        call.seal_digest = "0" * 64
    db.session.commit()
    her.page(url, status=404)
    page = Page(her.submit(form, comment_committee=words))
    assert page.status == 403 and "Reviews are written while the call is in review" in page.text
    assert words.strip() in page.text and blind.proposal.title not in page.text
    token = other.page("/en/profile").all("input[@name='csrf_token']")[0].get("value")
    assert other.post(url, data={"csrf_token": token}).status_code == 404
    assert db.session.query(Review).count() == 0


# What pages cost


def test_the_queue_costs_the_same_for_3_and_30(her, reviewer, app):
    run = []
    for many in (3, 27):
        for _ in range(many // 3):
            call = world.call("review", economy_rule=False)
            world.reviewer(call, reviewer)
            for _ in range(3):
                made = world.assignment(world.proposal(call), reviewer)
            actions.submit_review(made, world.sheet(call), by=reviewer, at=clock.now() + timedelta(seconds=1))
        db.session.commit()
        with statements() as found:
            her.page("/en/reviews")
        run.append(len(found))
    assert run[0] == run[1]
