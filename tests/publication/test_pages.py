"""What a visitor learns from the public pages: what is open, until when, by which rules; and what came before."""

import re

import pytest
import world
from pages import words

from msme_calls import clock
from msme_calls.calls.actions import life
from msme_calls.calls.models import Partner
from msme_calls.extensions import db
from msme_calls.publication import past

LANGS = ("en", "fr", "es")


@pytest.fixture
def editions(app):
    past.record_all(by=None, at=clock.now())
    db.session.commit()


def test_the_site_opens_in_the_language_that_the_browser_wishes(client):
    answer = client.get("/", headers={"Accept-Language": "es-PE,es;q=0.9"})
    assert (answer.status_code, answer.location) == (302, "/es/")
    assert "Accept-Language" in answer.headers["Vary"]


def test_home_shows_the_open_call_first_with_its_deadline_and_the_way_to_apply(client):
    call = world.call("open")
    page = client.page("/en/")
    assert page.title == "Example theme (en)"
    assert page.link("See the call and apply") == f"/en/calls/{call.slug}"
    assert "16 March 2027" in page.text and "Geneva time (UTC+1)" in page.text


def test_home_says_when_nothing_is_open_what_comes_next(client):
    call = world.call("announced")
    page = client.page("/en/")
    assert "No call is open at the moment." in page.text
    assert call.name.replace(" (en)", "") in page.text


@pytest.mark.parametrize(
    ("phase", "heading"), [("open", "Open"), ("announced", "Upcoming"), ("review", "Results to come")]
)
def test_the_page_of_calls_groups_them_by_what_can_be_done(client, phase, heading):
    call = world.call(phase)
    page = client.page("/en/calls")
    section = next(s for s in page.all("section") if words(s.find("h2")) == heading)
    assert call.name.removesuffix(" (en)") in words(section)


def test_drafts_of_calls_are_nowhere(client):
    call = world.call("draft")
    assert call.name not in client.page("/en/").text + client.page("/en/calls").text
    hidden, absent = client.get(f"/en/calls/{call.slug}"), client.get("/en/calls/never-made")
    assert (hidden.status_code, hidden.data) == (404, absent.data)


def test_a_call_tells_who_may_apply_what_is_asked_how_it_is_judged_and_until_when(client):
    call = world.call("open")
    page = client.page(f"/en/calls/{call.slug}")
    heads = [words(h) for h in page.all("h2")]
    assert heads[1:] == [
        "About this call", "Goals", "Who may apply", "What we ask", "What winners get", "How proposals are judged",
        "Proof of the result", "Questions",
    ]  # fmt: skip
    assert page.link("Start a proposal") == f"/en/calls/{call.slug}/start"
    assert "20 days" in page.text
    assert [words(r.find("th")).split(".")[0] for r in page.all("tbody/tr")][0].startswith("Trade")
    assert "default of this site, not an official rule" in page.text


def test_a_closed_call_no_longer_invites(client):
    call = world.call("review")
    page = client.page(f"/en/calls/{call.slug}")
    assert not [a for a in page.all("a") if words(a) == "Start a proposal"]


def test_the_questions_can_be_read_before_starting(client):
    call = world.call("open")
    page = client.page(client.page(f"/en/calls/{call.slug}").link("See the questions first"))
    for question in call.questions:
        assert question.label["en"] in page.text


def test_a_call_not_offered_in_the_readers_language_says_so_and_marks_its_own(client):
    call = world.call("open", languages=["fr"])
    call.title, call.theme = {"fr": "Appel exemple"}, {}
    page = client.page(f"/es/calls/{call.slug}")
    assert page.one("h1/span").get("lang") == "fr"
    assert page.one("main//div[@class='note']/h2") is not None


def test_a_call_whose_result_is_late_says_that_it_is_being_prepared(client, at):
    call = world.call("deciding")
    db.session.commit()
    at(call.result_at.isoformat())
    assert "The result is being prepared" in client.page(f"/en/calls/{call.slug}").text


def test_a_cancelled_call_says_so(client):
    call = world.call("open")
    life.cancel(call, "Example reason", by=world.person(), at=clock.now())
    page = client.page(f"/en/calls/{call.slug}")
    assert "This call was cancelled" in page.text
    assert "Example reason" not in page.text


def test_partners_are_named_and_linked(client):
    call = world.call("open")
    call.partners = [Partner(position=0, name=world.three("Example Partner"), link="https://partner.example.org")]
    assert client.page(f"/en/calls/{call.slug}").link("Example Partner (en)") == "https://partner.example.org"


def test_past_editions_stand_in_the_archive_with_their_sources_and_what_is_unknown(client, editions):
    page = client.page("/en/winners")
    years = re.findall(r"(20\d\d)", " ".join(words(h) for h in page.all("main//h2")))
    assert years == sorted(years, reverse=True) and years[0] == "2025" and years[-1] == "2021"
    edition = client.page("/en/winners/2023/small-business-champions")
    assert "Divasity.com" in edition.text and "Coprogeny" in edition.text and "Hey Success" in edition.text
    assert "16 March 2023" in edition.text and "5 May 2023" in edition.text
    assert "not known to us" in client.page("/en/winners/2024/small-business-champions").text
    assert edition.all("section//li"), "sources"


@pytest.mark.parametrize("path", ["", "calls", "winners", "help", "accessibility", "privacy", "contact"])
def test_every_public_page_is_there_in_every_language(app, client, editions, path):
    addresses = {code: f"{app.settings.address}/{code}/{path}" for code in LANGS}
    for lang in LANGS:
        page = client.page(f"/{lang}/{path}")
        assert page.one("html").get("lang") == lang
        assert {a.get("hreflang"): a.get("href") for a in page.all("head/link[@rel='alternate']")} == addresses


def test_public_pages_may_be_kept_for_a_minute_and_set_no_cookie(client):
    answer = client.get(f"/en/calls/{world.call('open').slug}")
    assert answer.headers["Cache-Control"] == "public, max-age=59"
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_no_cache_keeps_a_call_open_beyond_its_deadline(client, at):
    call = world.call("open")
    db.session.commit()
    at(call.deadline_at.replace(microsecond=0).isoformat().replace(":08+00:00", ":00+00:00"))
    answer = client.get(f"/en/calls/{call.slug}")
    assert answer.headers["Cache-Control"] == "public, max-age=7"  # caches serve through the end of their last second


def test_the_sitemap_names_what_is_public(client, editions):
    open_call, hidden = world.call("open"), world.call("draft")
    text = client.get("/sitemap.xml").get_data(as_text=True)
    assert f"/fr/calls/{open_call.slug}<" in text
    assert hidden.slug not in text


def test_who_finds_a_weakness_finds_where_to_report_it(app, client, at):
    at("2027-11-30T12:00:00Z")
    lines = client.get("/.well-known/security.txt").get_data(as_text=True).splitlines()
    assert lines == [
        f"Contact: mailto:{app.settings.contact}",
        "Expires: 2028-01-01T00:00:00Z",
        "Preferred-Languages: en, fr, es",
    ]
