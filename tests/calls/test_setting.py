"""Coordinators write texts, dates and rules; two of them never overwrite each other unseen."""

from datetime import UTC, datetime, timedelta

import pytest
import world
from pages import Page
from signing_in import browser_of

from msme_calls import clock
from msme_calls.calls.actions import setting
from msme_calls.calls.deadlines import NoSuchTime, usual
from msme_calls.calls.models import Call, Role
from msme_calls.errors import Refused
from msme_calls.extensions import db


def acts(call):
    from msme_calls.history import History

    rows = db.session.scalars(db.select(History).where(History.call_id == call.id).order_by(History.seq))
    return [(row.verb, row.said["details"]) for row in rows]


# Texts


def test_texts_are_saved_in_each_language(desk, draft):
    form = desk.page(f"/en/desk/{draft.slug}/texts").form()
    sent = desk.submit(form, **{"lead-fr": "Voici l’appel.\r\n\r\nDeux alinéas.", "title-es": "  Título   nuevo "})
    assert (sent.status_code, sent.location) == (302, f"/en/desk/{draft.slug}/texts")
    assert draft.lead["fr"] == "Voici l’appel.\n\nDeux alinéas."
    assert draft.title["es"] == "Título nuevo"
    assert acts(draft)[-1] == ("set-texts", {"changed": ["title", "lead"]})


def test_a_wrong_address_is_refused_beside_its_field_and_nothing_typed_is_lost(desk, draft):
    form = desk.page(f"/en/desk/{draft.slug}/texts").form()
    page = Page(desk.submit(form, **{"contact": "nobody", "lead-en": "New lead"}))
    assert page.status == 422
    assert "Enter an address like name@example.org" in page.text
    assert page.form().values["lead-en"] == "New lead"
    assert draft.contact == "calls@example.org"


def test_the_page_stands_as_it_is_once_the_result_is_sealed(desk, by):
    call = world.call("deciding", by=by, sealed_at=clock.now(), seal_digest="0" * 64)
    page = desk.page(f"/en/desk/{call.slug}/texts")
    assert "The result is sealed, and the call’s page stands as it is." in page.text
    with pytest.raises(Refused):
        setting.set_texts(call, {"title": {"en": "Other"}}, "x@example.org", by=by, at=clock.now())


# Two coordinators at once


def test_the_second_of_two_coordinators_sees_both_texts_and_saves_knowingly(desk, draft):
    """Threat D6."""
    other = browser_of(desk.application, world.member(draft, Role.COORDINATOR))
    url = f"/en/desk/{draft.slug}/texts"
    mine, theirs = desk.page(url).form(), other.page(url).form()
    assert other.submit(theirs, **{"lead-en": "Their lead"}).status_code == 302
    page = Page(desk.submit(mine, **{"lead-en": "My lead", "goals-en": "My goals"}))
    assert page.status == 409
    assert "Somebody else saved this in the meantime" in page.text
    assert "Their lead" in page.text
    assert page.form().values["lead-en"] == "My lead"
    assert draft.lead["en"] == "Their lead"
    assert desk.submit(page.form()).status_code == 302, "sent again, it is taken: no endless clash"
    assert (draft.lead["en"], draft.goals["en"]) == ("My lead", "My goals")


def test_sending_again_after_a_clash_clashes_once_more_if_a_third_has_saved(desk, draft):
    url = f"/en/desk/{draft.slug}/texts"
    mine, second, third = (desk.page(url).form() for _ in range(3))
    desk.submit(second, **{"lead-en": "Second"})
    page = Page(desk.submit(mine, **{"lead-en": "Mine"}))
    clash = Page(desk.submit(third, **{"lead-en": "Third"}))
    desk.submit(clash.form())
    again = Page(desk.submit(page.form()))
    assert again.status == 409
    assert "Third" in again.text and draft.lead["en"] == "Third"


def test_coordinators_on_different_pages_are_in_nobodys_way(desk, draft):
    texts, dates = desk.page(f"/en/desk/{draft.slug}/texts").form(), desk.page(f"/en/desk/{draft.slug}/dates").form()
    assert desk.submit(texts, **{"lead-en": "Lead"}).status_code == 302
    assert desk.submit(dates, grace_minutes="10").status_code == 302
    assert (draft.lead["en"], draft.grace_minutes) == ("Lead", 10)


def test_a_form_sent_twice_is_saved_once_without_a_word(desk, draft):
    form = desk.page(f"/en/desk/{draft.slug}/texts").form()
    assert [desk.submit(form, **{"lead-en": "Lead"}).status_code for _ in range(2)] == [302, 302]
    assert [verb for verb, _details in acts(draft)].count("set-texts") == 1


# Dates


def test_dates_are_typed_in_the_calls_zone_and_kept_as_instants(desk, draft):
    form = desk.page(f"/en/desk/{draft.slug}/dates").form()
    sent = desk.submit(
        form, opens="2027-03-01T09:00", deadline="2027-04-30T23:59", grace_minutes="15", review_due="2027-05-20T18:00",
        review_cutoff="2027-05-31T18:00", result="2027-06-27T10:00",
    )  # fmt: skip
    assert sent.status_code == 302
    assert draft.opens_at == datetime(2027, 3, 1, 8, 0, tzinfo=UTC), "before the change to summer time"
    assert draft.deadline_at == datetime(2027, 4, 30, 21, 59, tzinfo=UTC)
    page = desk.page(f"/en/desk/{draft.slug}/dates")
    assert "Fri 30 April 2027, 23:59, Geneva time (UTC+2)" in page.text
    assert "21:59 UTC" in page.text


def test_another_zone_makes_other_instants_of_the_same_local_times(desk, draft):
    """Threat D4."""
    form = desk.page(f"/en/desk/{draft.slug}/dates").form()
    desk.submit(form, zone="Asia/Tokyo", opens="2027-03-01T09:00", deadline="2027-04-30T23:59",
                review_due="2027-05-20T18:00", review_cutoff="2027-05-31T18:00", result="2027-06-27T10:00")  # fmt: skip
    assert (draft.zone, draft.opens_at) == ("Asia/Tokyo", datetime(2027, 3, 1, 0, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2027-03-28T02:30", "The clocks in Geneva go forward on that day, and 02:30 doesn’t exist."),
        ("2027-10-31T02:30", "The clocks in Geneva go back on that day, and 02:30 comes twice."),
        ("tomorrow", "Write the date and the time like 2027-03-16T18:00."),
        ("2027-03-16T18:00+05:00", "Write the date and the time like 2027-03-16T18:00."),
        ("2027-02-30T18:00", "Write the date and the time like 2027-03-16T18:00."),
        ("0001-01-01T00:00", "Write the date and the time like 2027-03-16T18:00."),
        ("9999-12-31T23:59", "Write the date and the time like 2027-03-16T18:00."),
    ],
)
def test_a_time_that_is_none_is_refused_in_words_and_kept_as_typed(desk, draft, typed, said):
    """Threat E9."""
    form, before = desk.page(f"/en/desk/{draft.slug}/dates").form(), draft.opens_at
    page = Page(desk.submit(form, opens=typed))
    assert page.status == 422 and said in page.text
    assert page.form().values["opens"] == typed
    assert draft.opens_at == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"deadline": "2027-03-01T09:00"}, "The deadline has to come after the opening."),
        ({"review_due": "2027-04-30T23:59"}, "Reviews have to be due after the deadline for proposals."),
        ({"grace_minutes": "1440", "review_due": "2027-05-01T20:00"}, "Reviews have to be due after the deadline"),
        ({"review_cutoff": "2027-05-20T17:59"}, "Reviews can’t be locked before they are due."),
        ({"result": "2027-05-31T18:00"}, "The result has to come after everything else."),
    ],
)
def test_dates_have_to_follow_each_other(desk, draft, changes, said):
    good = {"opens": "2027-03-01T09:00", "deadline": "2027-04-30T23:59", "review_due": "2027-05-20T18:00",
            "review_cutoff": "2027-05-31T18:00", "result": "2027-06-27T10:00"}  # fmt: skip
    form = desk.page(f"/en/desk/{draft.slug}/dates").form()
    page = Page(desk.submit(form, **{**good, **changes}))
    assert page.status == 422 and said in page.text


def test_the_deadline_of_a_launched_call_moves_only_as_an_extension(desk, by):
    call = world.call("open", by=by)
    page = desk.page(f"/en/desk/{call.slug}/dates")
    assert "deadline" not in page.form(button="Save the dates").values
    assert page.link("Extend the deadline") == f"/en/desk/{call.slug}/extend"
    before = call.deadline_at
    form = page.form(button="Save the dates")
    assert desk.submit(form, deadline="2027-12-31T23:59", opens="2027-01-01T00:00", zone="UTC").status_code == 302
    assert (call.deadline_at, call.zone) == (before, "Europe/Zurich"), "what isn’t on the page is not taken"
    with pytest.raises(Refused, match="extend it"):
        setting.set_dates(call, {"deadline": before + timedelta(days=1)}, by=by, at=clock.now())


def test_an_overdue_result_gets_a_new_instant_and_never_a_past_one(desk, by):
    call = world.call("deciding", by=by, result_at=clock.now() - timedelta(hours=1), review_due_at=None,
                      review_cutoff_at=None)  # fmt: skip
    form = desk.page(f"/en/desk/{call.slug}/dates").form(button="Save the dates")
    page = Page(desk.submit(form, result="2027-02-24T10:00"))
    assert "The instant of the result lies in the past" in page.text
    assert desk.submit(page.form(button="Save the dates"), result="2027-03-10T10:00").status_code == 302
    assert call.result_at == datetime(2027, 3, 10, 9, 0, tzinfo=UTC)


def test_dates_that_are_not_set_are_suggested_from_the_result(desk, by):
    call = world.call("draft", by=by, opens_at=None, deadline_at=None, review_due_at=None, review_cutoff_at=None,
                      result_at=datetime(2028, 6, 27, 8, 0, tzinfo=UTC))  # fmt: skip
    form = desk.page(f"/en/desk/{call.slug}/dates").form(button="Save the dates")
    assert form.values["deadline"] == "2028-04-18T23:59"
    assert call.deadline_at is None, "shown is not saved"
    assert desk.submit(form).status_code == 302
    assert call.deadline_at == datetime(2028, 4, 18, 21, 59, tzinfo=UTC)


def test_the_usual_dates_follow_each_other_in_every_zone():
    for zone in ("Europe/Zurich", "Pacific/Kiritimati", "America/St_Johns"):
        result = datetime(2028, 6, 27, 8, 0, tzinfo=UTC)
        try:
            found = list(usual(result, zone).values())
        except NoSuchTime:
            continue
        assert found == sorted(found) and found[-1] < result


# Rules


def test_rules_are_saved_and_the_forms_own_lists_follow(desk, draft):
    form = desk.page(f"/en/desk/{draft.slug}/rules").form(button="Save the rules")
    sent = desk.submit(
        form, blindness="single", economy_rule=None, winners="5", runners_up="0", reviews_per_proposal="4",
        organisation_types=["ngo", "chamber-of-commerce"], languages=["en", "fr"], tie_1="reuse", tie_2="",
        unpublished=["limits"],
    )  # fmt: skip
    assert sent.status_code == 302
    assert (draft.blindness.value, draft.economy_rule, draft.winners, draft.runners_up) == ("single", False, 5, 0)
    assert (draft.tie_breaks, draft.unpublished, draft.languages) == (["reuse"], ["limits"], ["en", "fr"])
    by_kind = {q.kind: q.options for q in draft.questions}
    assert by_kind["organisation-type"]["types"] == draft.organisation_types == ["chamber-of-commerce", "ngo"]
    assert by_kind["language"]["languages"] == ["en", "fr"]


@pytest.mark.parametrize("phase", ["open", "closed", "review", "deciding"])
def test_rules_stand_once_the_call_is_open(desk, by, phase):
    call = world.call(phase, by=by)
    url = f"/en/desk/{call.slug}/rules"
    page = desk.page(url)
    assert "its rules stand as they were published" in page.text
    assert "Save the rules" not in page.text
    form = next(f for f in page.forms if f.method == "POST" and f.element.findall(".//fieldset"))
    refused = desk.submit(form, winners="9", blindness="open", languages=["en"], organisation_types=["ngo"],
                          reviews_per_proposal="3", runners_up="1", tie_1="", tie_2="", tie_3="")  # fmt: skip
    assert refused.status_code == 403
    assert call.winners == 3


def test_choices_from_outside_the_list_are_refused(desk, draft):
    form = desk.page(f"/en/desk/{draft.slug}/rules").form(button="Save the rules")
    assert desk.submit(form, blindness="none").status_code == 422
    assert desk.submit(form, languages=["de"]).status_code == 422
    assert desk.submit(form, winners="many").status_code == 422
    assert desk.submit(form, winners="-1").status_code == 422
    assert desk.submit(form, languages=None).status_code == 422


# Nothing but the fields of a page is ever taken from it


@pytest.mark.parametrize("page", ["texts", "dates", "rules", "form/sections/new", "criteria/new", "partners/new",
                                  "people/invite"])  # fmt: skip
def test_other_columns_sent_with_a_form_change_nothing(desk, draft, page):
    columns = ("id", "slug", "kind", "prefix", "outcomes", "launched_at", "review_started_at", "sealed_at",
               "seal_digest", "deciding_started_at", "cancelled_at", "archived_at", "created_at", "version",
               "call_id", "position", "key", "logo_sha256", "accepted_at", "declined_at", "revoked_at",
               "invited_by_id")  # fmt: skip
    extra = {name: "2027-01-01T00:00" if name.endswith("_at") else "1" for name in columns}
    before = {c.key: getattr(draft, c.key) for c in Call.__table__.columns if c.key in extra and c.key != "version"}
    form = next(f for f in desk.page(f"/en/desk/{draft.slug}/{page}").forms if "seen" in f.values)
    given = {**extra, "name-en": "Example", "heading-en": "Example", "address": "new@example.org", "name": "Example"}
    given |= {"reviews_per_proposal": "3"} if page == "rules" else {}
    assert desk.submit(form, **given).status_code == 302
    assert {name: getattr(draft, name) for name in before} == before
