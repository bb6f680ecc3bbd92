"""A call is created, launched, extended, ended; its desk says what comes next and its history what was done."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import mails
import pytest
import sqlalchemy as sa
import world
from pages import Page
from signing_in import browser_of, sign_in
from statements import statements

from msme_calls import clock, history
from msme_calls.calls import alerts
from msme_calls.calls import desk as desks
from msme_calls.calls.actions import clone, extend, form, life
from msme_calls.calls.models import Call, Invitation, Membership, Partner, Role
from msme_calls.calls.phases import Phase
from msme_calls.errors import Refused
from msme_calls.extensions import db


def press(browser, call, act):
    """Send an act as a button would, also where none is shown."""
    token = browser.page(f"/en/desk/{call.slug}").form(action="/sign-out").values["csrf_token"]
    return browser.post(f"/en/desk/{call.slug}/{act}", data={"csrf_token": token})


# New calls


def test_a_convenor_creates_a_call_from_its_kind(client):
    sign_in(client, someone := world.person(is_convenor=True))
    form = client.page("/en/desk/new").form(button="Create the call")
    sent = client.submit(form, kind="small-business-champions", **{
        "title-en": "Small Business Champions", "title-fr": "Champions", "title-es": "Campeones"})  # fmt: skip
    assert sent.location == "/en/desk/small-business-champions-2027", "from the title and the year of its result"
    call = db.session.scalars(sa.select(Call)).one()
    assert (call.prefix, call.kind, call.title["fr"]) == ("SBC27", "small-business-champions", "Champions")
    assert call.result_at == datetime(2027, 6, 27, 8, 0, tzinfo=UTC), "the next 27 June, 10:00 in Geneva"
    assert call.phase(clock.now()) is Phase.DRAFT
    assert [(m.person, m.role) for m in call.memberships] == [(someone, Role.COORDINATOR)]
    assert client.page(sent.location).status == 200


def test_an_address_is_made_that_is_free_and_a_typed_one_is_checked(client):
    sign_in(client, world.person(is_convenor=True))
    form = client.page("/en/desk/new").form(button="Create the call")
    given = {"kind": "rta-papers", "title-en": "Éléments & More 2028", "title-fr": "", "title-es": ""}
    assert client.submit(form, **given).location == "/en/desk/elements-more-2028"
    assert client.submit(form, **given).location == "/en/desk/elements-more-2028-2"
    for slug, said in (("elements-more-2028", "Another call has this address."), ("new", "Another call has this"),
                       ("a b", "Use small letters without accents"), ("../x", "Use small letters")):  # fmt: skip
        page = Page(client.submit(form, **given, slug=slug))
        assert page.status == 422 and said in page.text
    assert client.submit(form, **given, slug="My-Own").location == "/en/desk/my-own"


@pytest.mark.parametrize("values", [{"title-en": ""}, {"kind": "none"}, {"kind": None}, {"prefix": "SBC-1"}])
def test_a_call_without_title_or_kind_is_not_created(client, values):
    sign_in(client, world.person(is_convenor=True))
    form = client.page("/en/desk/new").form(button="Create the call")
    if values == {"kind": None}:
        values = {"kind": ""}
    page = Page(client.submit(form, **{"title-en": "Title", "kind": "rta-papers", **values}))
    assert page.status == 422
    assert db.session.scalars(sa.select(Call)).all() == []


def test_the_page_of_new_calls_is_absent_for_others(client, draft):
    sign_in(client, world.member(draft, Role.COORDINATOR))
    assert client.get("/en/desk/new").status_code == 404
    assert client.get(f"/en/desk/{draft.slug}/copy").status_code == 404


def test_a_copy_has_the_words_and_rules_but_nothing_that_happened(desk, by):
    source = world.call("deciding", by=by, tie_breaks=["reuse"], grace_minutes=15)
    source.title = {"en": "Champions 2027", "fr": "Champions 2027", "es": "Campeones 2027"}
    source.partners.append(Partner(position=0, name=world.three("Partner"), link="https://example.org"))
    second = world.member(source, Role.COORDINATOR)
    for role in (Role.REVIEWER, Role.ASSISTANT, Role.CHAIR, Role.OBSERVER):
        world.member(source, role)
    world.proposal(source)
    page = desk.page(f"/en/desk/{source.slug}/copy")
    assert "Champions 2028" in page.form(button="Create the copy").values["title-en"]
    sent = desk.submit(page.form(button="Create the copy"))
    assert sent.status_code == 302
    copy = db.session.scalars(sa.select(Call).where(Call.id != source.id)).one()
    assert sent.location == f"/en/desk/{copy.slug}/dates"
    assert {m.person for m in copy.memberships} == {by, second}
    assert {m.role for m in copy.memberships} == {Role.COORDINATOR}
    assert copy.phase(clock.now()) is Phase.DRAFT
    assert (copy.lead, copy.theme, copy.contact, copy.tie_breaks, copy.grace_minutes) == (
        source.lead, source.theme, source.contact, ["reuse"], 15
    )  # fmt: skip
    assert [(c.key, c.anchors, c.weight) for c in copy.criteria] == [
        (c.key, c.anchors, c.weight) for c in source.criteria
    ]
    assert [(q.key, q.kind, q.label, q.options, q.feeds, q.hidden) for q in copy.questions] == [
        (q.key, q.kind, q.label, q.options, q.feeds, q.hidden) for q in source.questions
    ]
    assert [(p.name, p.link) for p in copy.partners] == [(world.three("Partner"), "https://example.org")]
    from msme_calls.proposals.models import Proposal

    for table in (Proposal, Invitation):
        assert not db.session.scalars(sa.select(table).where(table.call_id == copy.id)).all()


def test_dates_of_a_copy_keep_day_and_hour_across_the_change_of_clocks(by):
    source = world.call("draft", by=by)
    source.opens_at, source.deadline_at = datetime(2026, 3, 1, 8, tzinfo=UTC), datetime(2026, 3, 28, 22, 59, tzinfo=UTC)
    copy = clone.clone(source, "copy", world.three("Copy"), "CP", 1, by=by, at=clock.now())
    db.session.commit()
    assert copy.opens_at == datetime(2027, 3, 1, 8, tzinfo=UTC)
    assert copy.deadline_at == datetime(2027, 3, 28, 21, 59, tzinfo=UTC), "23:59 too, in summer time by then"
    assert source.deadline_at.year == 2026


def test_the_page_of_the_copy_shows_weekdays_before_and_after(desk, by):
    source = world.call("draft", by=by, deadline_at=datetime(2027, 4, 30, 21, 59, tzinfo=UTC))
    page = desk.page(f"/en/desk/{source.slug}/copy")
    assert "Fri 30 April 2027, 23:59" in page.text and "Sun 30 April 2028, 23:59" in page.text


# The life of a call


def test_a_call_is_launched_by_its_button_and_opens_by_the_clock(desk, draft, at):
    page = desk.page(f"/en/desk/{draft.slug}")
    assert desk.submit(page.form(button="Launch the call")).status_code == 302
    assert draft.launched_at == clock.now()
    page = desk.page(f"/en/desk/{draft.slug}")
    assert "The call opens by itself in" in page.text
    assert not [f for f in page.forms if f.action.endswith("/launch")]
    at(draft.opens_at)
    assert "The call closes by itself in" in desk.page(f"/en/desk/{draft.slug}").text
    assert desk.application.test_client().get(f"/en/calls/{draft.slug}").status_code == 200


def test_what_is_missing_is_missing_also_for_who_sends_the_form_by_hand(desk, draft):
    draft.lead = {"en": "Lead"}
    assert press(desk, draft, "launch").status_code == 403
    assert draft.launched_at is None
    draft.languages = ["en"]
    assert press(desk, draft, "launch").status_code == 302


@pytest.mark.parametrize(
    ("phase", "act", "column"),
    [("closed", "start-review", "review_started_at"), ("review", "start-deciding", "deciding_started_at")],
)
def test_review_and_deciding_are_started_once_and_in_order(desk, by, phase, act, column):
    for other in world.PHASES:
        call = world.call(other, by=by)
        before = getattr(call, column)
        code = press(desk, call, act).status_code
        assert (code, getattr(call, column)) == ((302, clock.now()) if other == phase else (403, before)), other


def test_a_call_is_cancelled_on_a_page_of_its_own_with_a_reason(desk, by):
    call = world.call("open", by=by)
    form = desk.page(desk.page(f"/en/desk/{call.slug}").link("Cancel the call…")).form(
        button="Cancel the call for good"
    )
    assert Page(desk.submit(form, reason=" ")).status == 422
    assert call.cancelled_at is None
    assert desk.submit(form, reason="Too few partners.").status_code == 302
    assert call.phase(clock.now()) is Phase.CANCELLED
    assert "Example Coordinator cancelled the call: Too few partners." in desk.page(f"/en/desk/{call.slug}").text
    assert desk.submit(form, reason="Again").status_code == 403


@pytest.mark.parametrize("role", [Role.ASSISTANT, Role.CHAIR, Role.OBSERVER])
def test_only_coordinators_move_the_life_of_a_call(client, by, role):
    call = world.call("closed", by=by)
    someone = sign_in(client, world.member(call, role))
    page = someone.page(f"/en/desk/{call.slug}")
    assert "A coordinator does this: Start the review." in page.text
    for act in ("launch", "start-review", "start-deciding", "archive", "cancel", "extend"):
        assert press(someone, call, act).status_code == 404


# A later deadline


def later(call, days=3):
    from zoneinfo import ZoneInfo

    return (call.deadline_at + timedelta(days=days)).astimezone(ZoneInfo(call.zone)).strftime("%Y-%m-%dT%H:%M")


def test_an_extension_is_announced_and_told_to_everyone_with_a_draft(desk, by):
    call = world.call("open", by=by)
    drafts, _done = [world.draft(call) for _ in range(3)], world.proposal(call)
    former = call.deadline_at
    page = desk.page(f"/en/desk/{call.slug}/extend")
    assert "3 people with a draft, by e-mail" in page.text
    form = page.form(button="Extend the deadline for all")
    assert (
        desk.submit(form, deadline=later(call), **{"reason-en": "A power cut.", "reason-fr": "Une panne."}).status_code
        == 302
    )
    assert former < call.deadline_at
    move = call.deadline_moves[0]
    assert (move.former, move.new, move.reason) == (
        former,
        call.deadline_at,
        {"en": "A power cut.", "fr": "Une panne."},
    )
    told = [m for m in mails.sent() if m.to in {d.owner.email for d in drafts}]
    assert {m.to for m in told} == {d.owner.email for d in drafts}, "nobody else, and each once"
    assert all("A power cut." in m.text and "A power cut." in m.html for m in told)
    public = desk.application.test_client().get(f"/en/calls/{call.slug}").text
    assert "The deadline moved to" in public and "A power cut." in public
    assert "moved the deadline from" in desk.page(f"/en/desk/{call.slug}").text


def test_a_form_open_while_the_deadline_moves_is_judged_by_the_new_one(desk, by, at):
    from msme_calls.proposals import actions

    call = world.call("open", by=by)
    draft, former = world.draft(call), call.deadline_at
    extend.extend(call, former + timedelta(days=1), {}, by=by, at=clock.now())
    db.session.commit()
    at(former + timedelta(hours=1))
    assert actions.submit(draft, "k", by=draft.owner, at=clock.now()).number == 1


def test_a_closed_call_opens_again_by_an_extension_until_the_review_starts(desk, by):
    call = world.call("closed", by=by)
    call.review_due_at, call.review_cutoff_at = (
        call.deadline_at + timedelta(days=60),
        call.deadline_at + timedelta(days=70),
    )
    form = desk.page(f"/en/desk/{call.slug}/extend").form(button="Extend the deadline for all")
    assert desk.submit(form, deadline=later(call, 10)).status_code == 302
    assert call.phase(clock.now()) is Phase.OPEN
    over = world.call("review", by=by)
    assert "only until the review has started" in desk.page(f"/en/desk/{over.slug}/extend").text
    with pytest.raises(Refused):
        extend.extend(over, clock.now() + timedelta(days=9), {}, by=by, at=clock.now())


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Choose the new deadline."),
        ("2027-03-28T02:30", "02:30 doesn’t exist"),
        ("2027-03-01T00:00", "A deadline can only move to a later instant."),
        ("2028-03-01T00:00", "Reviews have to be due after the deadline for proposals."),
    ],
)
def test_a_deadline_moves_only_to_a_later_instant_before_what_follows(desk, by, typed, said):
    call = world.call("open", by=by)
    before = call.deadline_at
    page = Page(desk.submit(desk.page(f"/en/desk/{call.slug}/extend").form(button="Extend the deadline for all"),
                            deadline=typed, **{"reason-en": "Typed"}))  # fmt: skip
    assert page.status == 422 and said in page.text
    assert page.form(button="Extend the deadline for all").values["reason-en"] == "Typed"
    assert (call.deadline_at, call.deadline_moves) == (before, [])


# The desk


def test_coordinators_are_told_once_of_a_result_that_is_late(app, by, at):
    call = world.call("deciding", by=by)
    second = world.member(call, Role.COORDINATOR)
    world.member(call, Role.REVIEWER)
    db.session.commit()
    at(call.result_at - timedelta(seconds=1))
    assert alerts.alert_overdue_results(clock.now()) == 0
    at(call.result_at)
    assert alerts.alert_overdue_results(clock.now()) == 2
    assert alerts.alert_overdue_results(clock.now()) == 0
    assert {m.to for m in mails.sent()} == {by.email, second.email}
    call.result_at = call.result_at + timedelta(days=1)
    at(call.result_at)
    assert alerts.alert_overdue_results(clock.now()) == 2, "another instant, another alert"


def test_the_alert_is_not_sent_once_the_result_is_sealed(app, by, at):
    call = world.call("deciding", by=by)
    at(call.result_at)
    alerts.alert_overdue_results(clock.now())
    call.sealed_at, call.seal_digest = clock.now(), "0" * 64
    db.session.commit()
    assert mails.sent() == []


def test_the_desk_says_what_needs_its_reader(desk, by, at):
    call = world.call("deciding", by=by, result_at=clock.now() + timedelta(days=1))
    at(call.result_at)
    assert "The announced instant of the result has passed" in desk.page(f"/en/desk/{call.slug}").text
    closed = world.call("closed", by=by, result_at=clock.now() + timedelta(days=90))
    assert "The call has closed" in desk.page(f"/en/desk/{closed.slug}").text
    quiet = world.call("open", by=by)
    assert "Nothing needs you now" in desk.page(f"/en/desk/{quiet.slug}").text


def test_features_add_figures_to_those_who_may_know_them(client, by, monkeypatch):
    monkeypatch.setattr(desks, "FIGURES", [])
    desks.figures("desk")(lambda call, at: [("Proposals", 207)])
    desks.figures("scores")(lambda call, at: [("Mean", "4.42")])
    call = world.call("review", by=by)
    chair, observer = world.member(call, Role.CHAIR), world.member(call, Role.OBSERVER)
    seen = sign_in(client, chair).page(f"/en/desk/{call.slug}").text
    assert "Proposals207" in seen.replace(" ", "") and "Mean4.42" in seen.replace(" ", "")
    seen = sign_in(client, observer).page(f"/en/desk/{call.slug}").text
    assert "207" in seen and "4.42" not in seen


# The history


def test_the_history_tells_in_words_who_did_what(desk, by):
    call = world.call("open", by=by)
    life.cancel(call, "=2+5", by=by, at=clock.now())
    page = desk.page(f"/en/desk/{call.slug}/history")
    assert "Example Coordinator created the call." in page.text
    assert "Example Coordinator cancelled the call: =2+5" in page.text
    file = desk.get(f"/en/desk/{call.slug}/history.csv")
    rows = list(csv.DictReader(io.StringIO(file.get_data(as_text=True).lstrip("\ufeff"))))
    assert [r["act"] for r in rows] == ["cancel", "create-call"]
    told = json.loads(desk.get(f"/en/desk/{call.slug}/history.json").data)
    assert told[0]["words"] == "Example Coordinator cancelled the call: =2+5"
    assert history.verify()[1] is None


def test_the_history_calls_the_parts_of_a_form_by_their_words(desk, by):
    call = world.call("draft", by=by)
    question = next(q for s in call.sections for q in s.questions if not q.feeds)
    words, key = question.label["en"], question.key
    form.move_question(question, 1, by=by, at=clock.now())
    db.session.commit()
    assert f"moved the question “{words}”." in desk.page(f"/en/desk/{call.slug}/history").text
    form.remove_question(question, by=by, at=clock.now())
    db.session.commit()
    page = desk.page(f"/en/desk/{call.slug}/history").text
    assert f"removed the question “{words}” from the form." in page and f"“{key}”" not in page


def test_acts_of_other_calls_and_persons_gone_are_told_rightly(desk, by):
    call, other = world.call("open", by=by), world.call("open")
    gone = world.person(name="Example Gone")
    db.session.commit()
    life.cancel(other, "Other", by=gone, at=clock.now())
    life.cancel(call, "Own", by=gone, at=clock.now())
    db.session.commit()
    db.session.delete(gone)
    text = desk.page(f"/en/desk/{call.slug}/history").text
    assert "Somebody whose account is gone cancelled the call: Own" in text
    assert "Other" not in text and "Example Gone" not in text


def test_acts_about_proposals_are_told_to_whom_may_see_the_proposal(desk, by):
    call = world.call("review", by=by)
    seen, own = world.proposal(call), world.proposal(call, organisation=by.organisation)
    started = world.draft(call)
    db.session.commit()
    text = desk.page(f"/en/desk/{call.slug}/history").text
    assert seen.reference in text, "she may see it"
    assert own.reference not in text, "one of her own organisation is hidden from her here, as everywhere"
    assert started.reference not in text and started.owner.name not in text, "a draft is its applicant’s alone"
    file = desk.get(f"/en/desk/{call.slug}/history.json").text
    assert seen.reference in file and own.reference not in file and started.owner.name not in file


# Statements


def fill(call, n, by):
    for i in range(n):
        member = world.member(call, Role.REVIEWER, world.person(economies=("KE", "FR")))
        db.session.add(Invitation(call=call, address=f"i{i}-{n}@example.org", name="I", role=Role.REVIEWER,
                                  invited_by_id=member.id, invited_at=clock.now()))  # fmt: skip
        call.partners.append(Partner(position=i, name=world.three(f"P{i}")))
        history.record("join", by=member, at=clock.now(), call=call, role="reviewer")
        history.record("remove-member", by=by, at=clock.now(), call=call, role="chair", person=str(member.id))


@pytest.mark.parametrize("page", ["", "/people", "/partners", "/history", "/form", "/criteria", "/texts"])
def test_a_page_asks_for_the_same_statements_whatever_their_number(desk, by, page):
    counts = []
    for n in (3, 30):
        call = world.call("draft", by=by)
        fill(call, n, by)
        desk.page(f"/en/desk/{call.slug}{page}")
        with statements() as run:
            desk.page(f"/en/desk/{call.slug}{page}")
        counts.append(len(run))
    assert counts[0] == counts[1] <= 20, counts


def test_one_browser_of_two_coordinators_launches(desk, draft):
    other = browser_of(desk.application, world.member(draft, Role.COORDINATOR))
    forms = [b.page(f"/en/desk/{draft.slug}").form(button="Launch the call") for b in (desk, other)]
    assert [desk.submit(forms[0]).status_code, other.submit(forms[1]).status_code] == [302, 403]
    assert len(db.session.scalars(sa.select(Membership).filter_by(call_id=draft.id)).all()) == 2


def test_nobody_knows_the_draw_among_equals_while_proposals_can_be_made(desk, by):
    first, second = world.call("closed", slug="first", by=by), world.call("closed", slug="second", by=by)
    assert (first.draw_seed, second.draw_seed) == (None, None)
    for call in (first, second):
        press(desk, call, "start-review")
    assert first.draw_seed and second.draw_seed and first.draw_seed != second.draw_seed
