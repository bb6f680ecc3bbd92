"""The desk's pages of the decision, and the applicant's own outcome, as people use them."""

from datetime import timedelta

import deciding
import pytest
import sqlalchemy as sa
import world
from pages import StrictClient
from signing_in import browser_of
from statements import statements

from msme_calls import clock
from msme_calls.calls.models import Role
from msme_calls.decisions import actions, queries
from msme_calls.decisions.actions import Choice
from msme_calls.decisions.models import Outcome, Seal
from msme_calls.extensions import db
from msme_calls.proposals.actions import declare_conflict

LANGS = ("en", "fr", "es")


def desk(made, page="decisions") -> str:
    return f"/en/desk/{made.call.slug}/{page}"


@pytest.fixture
def made(app) -> deciding.Deciding:
    return deciding.decided()


@pytest.fixture
def first(app, made) -> StrictClient:
    return browser_of(app, made.first)


@pytest.fixture
def second(app, made) -> StrictClient:
    return browser_of(app, made.second)


def test_outcomes_are_chosen_in_the_order_of_the_ranking(app):
    made = deciding.deciding(3)
    browser = browser_of(app, made.first)
    page = browser.page(desk(made))
    assert [h.findall("a")[0].text for h in page.all("main//li/h2")] == [p.title for p in made.proposals]
    best, last = (str(made.proposals[n].id) for n in (0, 2))
    form = page.form(button="Save these decisions")
    assert browser.submit(form, **{f"outcome-{best}": "winner", f"rationale-{best}": "Clear"}).status_code == 302
    assert queries.decision_of(made.proposals[0]).rationale == "Clear"
    assert queries.decision_of(made.proposals[1]) is None
    page = browser.page(desk(made))
    assert "1 decision is saved." in page.text and "Winner: 1" in page.text
    refused = browser.submit(page.form(button="Save these decisions"), **{f"rationale-{last}": "Only a reason"})
    assert refused.status_code == 422 and "a reason alone" in refused.text and "Only a reason" in refused.text


def test_nobody_overwrites_what_another_saved_meanwhile(app, made, first, second):
    key = str(made.proposals[0].id)
    stale = first.page(desk(made)).form(button="Save these decisions")
    second.submit(second.page(desk(made)).form(button="Save these decisions"), **{f"outcome-{key}": "shortlisted"})
    other = str(made.proposals[4].id)
    answer = first.submit(stale, **{f"outcome-{other}": "shortlisted"})
    assert answer.status_code == 302, "an untouched row of an old form changes nothing"
    assert queries.decision_of(made.proposals[0]).outcome is Outcome.SHORTLISTED
    answer = first.submit(stale, **{f"outcome-{key}": "runner-up"})
    assert answer.status_code == 422 and "Somebody else saved “Shortlisted” here" in answer.text
    assert queries.decision_of(made.proposals[0]).outcome is Outcome.SHORTLISTED
    from pages import Page

    again = Page(answer).form(button="Save these decisions")
    assert again.values[f"outcome-{key}"] == "runner-up", "what was typed is still there"
    assert first.submit(again).status_code == 302
    assert queries.decision_of(made.proposals[0]).outcome is Outcome.RUNNER_UP


def test_a_recused_coordinator_sees_a_gap_in_its_place_and_nothing_else(app, made, second):
    hidden = made.proposals[1]
    declare_conflict(hidden, made.second, "", by=made.second, at=clock.now())
    page = second.page(desk(made))
    items = page.all("ol[@class='list decisions']/li")
    assert "Recused" in "".join(items[1].itertext()) and len(items) == 5
    second.page(desk(made, f"decisions/{hidden.id}"), status=404)
    second.page(desk(made, "decisions/00000000-0000-4000-8000-000000000000"), status=404)
    for where in ("decisions", "decisions/by-rank", "result", "result/preview"):
        text = second.get(desk(made, where)).text
        for secret in (hidden.title, hidden.reference, hidden.organisation, "Canary Name 1", "Canary Project 1"):
            assert secret not in text, (where, secret)
    assert "You don’t see all of it" in second.page(desk(made, "result/preview")).text


def test_decisions_by_rank_are_shown_before_they_are_saved_and_leave_recused_ones_alone(app):
    made = deciding.deciding(6, winners=2, runners_up=1)
    declare_conflict(made.proposals[1], made.first, "", by=made.first, at=clock.now())
    made.proposals[5].reference  # noqa: B018  loaded before the next page
    browser = browser_of(app, made.first)
    page = browser.page(desk(made, "decisions/by-rank"))
    assert "stay as it is" in page.text or "stays as it is" in page.text
    assert browser.submit(page.form(button="Save 5 decisions")).status_code == 302
    outcomes = [d.outcome if d else None for d in map(queries.decision_of, made.proposals)]
    rest = [Outcome.RUNNER_UP, *[Outcome.NOT_SELECTED] * 3]
    assert outcomes == [Outcome.WINNER, None, *rest], "the recused one keeps its place, and stays undecided"


def test_a_call_without_a_number_of_winners_asks_how_many_are_selected(app):
    made = deciding.deciding(3, kind="rta-papers")
    browser = browser_of(app, made.first)
    page = browser.page(desk(made, "decisions/by-rank"))
    assert "Say how many" in page.text and not [f for f in page.forms if "stamp" in f.values]
    page = browser.page(desk(made, "decisions/by-rank?top=2"))
    browser.submit(page.form(button="Save 3 decisions"))
    outcomes = [queries.decision_of(p).outcome for p in made.proposals]
    assert outcomes == [Outcome.SELECTED, Outcome.SELECTED, Outcome.NOT_SELECTED]


def test_equal_proposals_on_both_sides_of_the_cut_are_pointed_out(app):
    made = deciding.deciding(0, winners=1, runners_up=0)
    for _ in range(3):
        deciding.standing(world.proposal(made.call), mean=4 * deciding.BILLION)
    page = browser_of(app, made.first).page(desk(made, "decisions/by-rank"))
    assert "Place 1= is shared: only the published draw parts these proposals" in page.text


def test_a_plan_that_is_no_longer_what_was_shown_is_shown_anew(app):
    made = deciding.deciding(3, winners=1, runners_up=1)
    browser = browser_of(app, made.first)
    form = browser.page(desk(made, "decisions/by-rank")).form(button="Save 3 decisions")
    choice = actions.Choice(made.proposals[2], Outcome.SHORTLISTED)
    actions.decide(made.call, [choice], by=made.second, at=clock.now())
    answer = browser.submit(form)
    assert answer.status_code == 200 and "Nothing is saved yet" in answer.text
    assert queries.decision_of(made.proposals[0]) is None


def test_public_words_start_from_the_applicants_own_and_are_kept_by_language(app):
    made = deciding.deciding(1)
    browser, proposal = browser_of(app, made.first), made.proposals[0]
    page = browser.page(desk(made, f"decisions/{proposal.id}"))
    form = page.form(button="Save the decision")
    assert form.values["project-en"] == proposal.title and form.values["project-fr"] == ""
    assert form.values["name-es"] == proposal.organisation
    changes = {f"outcome-{proposal.id}": "winner", "project-fr": "Le froid  à la caisse", "summary-en": "word " * 121}
    answer = browser.submit(form, **changes)
    assert answer.status_code == 422 and "1 word too long" in answer.text and queries.decision_of(proposal) is None
    assert browser.submit(form, **{**changes, "summary-en": "Short"}).status_code == 302
    decision = queries.decision_of(proposal)
    assert (decision.outcome, decision.public_project["fr"]) == (Outcome.WINNER, "Le froid à la caisse")


def test_the_whole_way_to_the_seal_takes_two_people_and_says_what_happens(made, first, second):
    page = first.page(desk(made, "result"))
    assert "Every proposal has an outcome" in page.text
    first.submit(page.form(button="Propose this decision"))
    own = first.page(desk(made, "result"))
    assert "another coordinator must confirm it" in own.text
    assert not [f for f in own.forms if f.action.endswith("confirm")]
    second.submit(second.page(desk(made, "result")).form(button="Confirm this decision"))
    page = first.page(desk(made, "result"))
    assert "Nobody can change them unnoticed" in page.text and "every applicant is told" in page.text
    first.submit(page.form(button="Seal the result"))
    page = second.page(desk(made, "result"))
    seal = db.session.scalar(sa.select(Seal))
    assert seal.digest in page.text.replace(" ", "") and "The result is sealed" in page.text
    second.submit(
        page.form(button="Ask another coordinator to unseal"), **{f"note-{lang}": f"Why {lang}" for lang in LANGS}
    )
    assert "another coordinator must unseal" in second.page(desk(made, "result")).text
    first.submit(first.page(desk(made, "result")).form(button="Unseal the result"))
    page = first.page(desk(made, "result"))
    assert "Why en" in page.text and page.form(button="Propose this decision")


def test_a_note_that_lacks_a_language_keeps_what_was_typed(app):
    made, _ = deciding.sealed()
    browser = browser_of(app, made.first)
    form = browser.page(desk(made, "result")).form(button="Ask another coordinator to unseal")
    answer = browser.submit(form, **{"note-en": "A typing error"})
    assert answer.status_code == 422 and "A typing error" in answer.text and "Write the note in French." in answer.text


def test_what_is_missing_leads_to_where_it_is_mended(app):
    made = deciding.deciding(2)
    page = browser_of(app, made.first).page(desk(made, "result"))
    assert page.link(made.proposals[0].title).endswith(f"/decisions/{made.proposals[0].id}")
    assert "Complete what is missing first" in page.text
    assert not [f for f in page.forms if f.action.endswith("propose")]


@pytest.mark.parametrize("lang", LANGS)
def test_the_preview_shows_each_language_as_it_will_be(made, first, lang):
    page = first.page(f"/{lang}/desk/{made.call.slug}/result/preview")
    assert f"Canary Name 0 ({lang})" in page.text and "Canary Name 4" not in page.text


def test_the_preview_counts_all_proposals_whether_decided_or_not(made, first):
    """By fewer a coordinator would learn whether the one that she is recused from is decided."""
    db.session.delete(queries.decision_of(made.proposals[4]))
    db.session.commit()
    assert "5 proposals from 5 economies" in first.page(desk(made, "result/preview")).text


def test_a_preview_never_says_that_none_was_chosen_to_whoever_sees_none(app, made, second):
    made.proposals[4].owner = made.second
    db.session.commit()
    page = second.page(desk(made, "result/preview"))
    assert "You don’t see all of it" in page.text and "chosen" not in page.text.replace("that are chosen appear", "")
    assert not page.all("section[@class='preview']") and "Canary" not in page.text


@pytest.mark.parametrize("role", [Role.ASSISTANT, Role.CHAIR, Role.REVIEWER, Role.OBSERVER, None])
def test_only_coordinators_know_the_decision(app, made, role):
    person = world.member(made.call, role) if role else made.proposals[0].owner
    browser = browser_of(app, person)
    for where in ("decisions", "decisions/by-rank", f"decisions/{made.proposals[0].id}", "result", "result/preview"):
        browser.page(desk(made, where), status=404)


def test_coordinators_are_told_on_the_overview_what_waits_for_them(app, made, first, second):
    overview = f"/en/desk/{made.call.slug}"
    assert "The decision isn’t proposed yet" in first.page(overview).text
    for proposal in made.proposals[3:]:
        db.session.delete(queries.decision_of(proposal))
    declare_conflict(made.proposals[4], made.second, "", by=made.second, at=clock.now())
    db.session.commit()
    assert "2 proposals have no outcome yet" in first.page(overview).text
    assert "1 proposal has no outcome yet" in second.page(overview).text, "of those that she sees"
    for proposal in made.proposals[3:]:
        actions.decide(made.call, [Choice(proposal, Outcome.NOT_SELECTED)], by=made.first, at=clock.now())
    actions.propose(made.call, by=made.first, at=clock.now())
    assert "Confirm the decision" in second.page(overview).text
    assert "Confirm the decision" not in first.page(overview).text
    actions.confirm(made.call, by=made.second, at=clock.now())
    assert "The decision is confirmed: seal it" in first.page(overview).text


def test_an_applicant_reads_the_outcome_and_the_comments_at_the_instant_and_not_before(app, at):
    made = deciding.confirmed(review_cutoff_at=clock.now() + timedelta(days=1))
    told = made.proposals[4]
    world.review(told, comment_applicant="Write about customs.")
    made.call.result_at = clock.now() + timedelta(days=9)
    deciding_seal(made)
    own, other = browser_of(app, told.owner), browser_of(app, made.proposals[0].owner)
    url, nowhere = f"/en/proposals/{told.id}/outcome", "/en/proposals/00000000-0000-4000-8000-000000000000/outcome"
    at(made.call.result_at - timedelta(seconds=1))
    before, absent = own.get(url), own.get(nowhere)
    assert (before.status_code, before.data) == (404, absent.data)
    at(made.call.result_at)
    page = own.page(url)
    assert "was not selected" in page.text and "Write about customs." in page.text
    assert "sha256sum" in page.text
    assert (other.get(url).status_code, other.get(url).data) == (404, other.get(nowhere).data)
    assert "is a winner" in other.page(f"/en/proposals/{made.proposals[0].id}/outcome").text


def deciding_seal(made) -> None:
    actions.seal(made.call, by=made.second, at=clock.now())
    db.session.commit()


@pytest.mark.parametrize("where", ["decisions", "decisions/by-rank", "result", "result/preview"])
def test_pages_cost_the_same_for_many_proposals(app, where):
    counts = []
    for n in (3, 30):
        made = deciding.deciding(n, winners=n)
        for rank, proposal in enumerate(made.proposals):
            actions.decide(made.call, [actions.Choice(proposal, Outcome.WINNER)], by=made.first, at=clock.now())
            deciding.words(made, proposal, rank)
        browser = browser_of(app, made.second)
        browser.page(desk(made, where))
        with statements() as run:
            browser.page(desk(made, where))
        counts.append(len(run))
    assert counts[0] == counts[1], f"{counts} statements at 3 and 30 proposals"


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ("archived_at", "The call was archived without a sealed result: no outcome was published here."),
        ("cancelled_at", "The call was cancelled: nothing is decided any more."),
    ],
)
def test_a_call_that_ended_without_a_seal_promises_no_result(app, made, first, over, said):
    setattr(made.call, over, clock.now())
    db.session.commit()
    page = first.page(desk(made, "result"))
    assert "There is no result" in page.text and said in page.text
    assert "No result yet" not in page.text and "The instant of the result" not in page.text
