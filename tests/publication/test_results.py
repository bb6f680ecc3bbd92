"""The result for everybody: absent, to come, under embargo, and from its instant on drawn from the sealed bytes."""

import hashlib
from datetime import datetime, timedelta

import deciding
import pytest
import sqlalchemy as sa
import world
from mails import sent
from signing_in import browser_of
from statements import statements

from msme_calls import clock, outbox
from msme_calls.calls.models import Role
from msme_calls.decisions import actions, queries, sealing
from msme_calls.decisions.models import Seal
from msme_calls.extensions import db

SECOND = timedelta(seconds=1)
NOTE = {"en": "Reason (en)", "fr": "Reason (fr)", "es": "Reason (es)"}


@pytest.fixture
def made(app) -> deciding.Deciding:
    return deciding.sealed(6)[0]


@pytest.fixture
def seal(made) -> Seal:
    return queries.in_force(made.call)


def routes(made) -> list[str]:
    """Every address that says something of the result, with one of a winner."""
    slug, winner = made.call.slug, made.proposals[0].reference
    pages = [f"/{lang}/calls/{slug}/result" for lang in ("en", "fr", "es")]
    return [*pages, f"/en/calls/{slug}/result/{winner}", f"/calls/{slug}/result.json"]


def everybody(app, made):
    """A browser of each kind of person, and one of nobody."""
    roles = (Role.CHAIR, Role.ASSISTANT, Role.OBSERVER, Role.REVIEWER)
    people = [world.member(made.call, role) for role in roles] + [made.first, made.proposals[0].owner, world.person()]
    return [app.test_client(), *(browser_of(app, p) for p in people)]


def said(response) -> tuple[int, bytes, dict[str, str]]:
    headers = {k: v for k, v in response.headers.items() if k not in ("Date", "X-Request-Id")}
    return response.status_code, response.data, headers


def test_nothing_is_said_of_a_result_before_deciding(client):
    for phase in ("draft", "announced", "open", "closed", "review"):
        call = world.call(phase)
        nowhere = client.get("/en/calls/no-such-call/result")
        assert said(client.get(f"/en/calls/{call.slug}/result")) == said(nowhere)
        assert nowhere.status_code == 404


def test_one_second_before_the_instant_no_route_says_anything_to_anybody(app, made, at):
    at(made.call.result_at - SECOND)
    slug = made.call.slug
    for browser in everybody(app, made):
        for url in routes(made):
            response = browser.get(url)
            for secret in (*deciding.SECRETS, made.proposals[0].title, made.proposals[0].reference):
                assert secret not in response.text, (url, secret)
        absent = browser.get(f"/en/calls/{slug}/result/EX-NONE")
        for n in (0, 2, 5):
            assert said(browser.get(f"/en/calls/{slug}/result/{made.proposals[n].reference}")) == said(absent)
        assert said(browser.get(f"/calls/{slug}/result.json")) == said(browser.get("/calls/no-such-call/result.json"))


def test_at_the_instant_every_route_tells_it_the_same_to_everybody(app, made, at):
    at(made.call.result_at)
    browsers = everybody(app, made)
    for url in routes(made):
        answers = [said(browser.get(url)) for browser in browsers]
        assert all(answer == answers[0] for answer in answers), url
        assert answers[0][0] == 200
        assert "Set-Cookie" not in answers[0][2]


def test_the_winners_are_shown_in_each_language_by_the_clock_alone(client, made, at):
    """No worker runs in this test: nothing but the time has to pass."""
    at(made.call.result_at)
    for lang in ("en", "fr", "es"):
        page = client.page(f"/{lang}/calls/{made.call.slug}/result")
        for n in (0, 1, 2):
            assert f"Canary Name {n} ({lang})" in page.text
        assert f"Canary Summary 0 ({lang})" in page.text
        for proposal in made.proposals[3:]:
            assert proposal.title not in page.text and proposal.reference not in page.text
    english = client.page(f"/en/calls/{made.call.slug}/result")
    assert "6 proposals from 6 economies." in english.text
    assert english.one("div[@class='band field-of']//svg").get("aria-label").startswith("6 dots, one for each proposal")


def test_a_winners_own_page_has_her_public_answers_and_no_other(client, made, at):
    at(made.call.result_at)
    winner = made.proposals[0]
    page = client.page(f"/en/calls/{made.call.slug}/result/{winner.reference}")
    assert page.title == "Canary Project 0 (en)"
    headings = [h.text for h in page.all("main//section/h2")]
    version = winner.versions[0]
    for question in made.call.questions:
        answer = version.answers.get(question.key)
        if not question.public and isinstance(answer, str) and len(answer) > 20:
            assert answer not in page.text, question.key
    assert len(headings) > 1
    absent = client.get(f"/en/calls/{made.call.slug}/result/EX-NONE")
    assert said(client.get(f"/en/calls/{made.call.slug}/result/{made.proposals[5].reference}")) == said(absent)


def test_the_sealed_file_has_the_fingerprint_that_was_public_before(client, made, seal, at):
    page = client.page(f"/en/calls/{made.call.slug}/result")
    assert f"sha256:{seal.digest}" in page.text.replace(" ", "")
    at(made.call.result_at)
    response = client.get(f"/calls/{made.call.slug}/result.json")
    assert hashlib.sha256(response.data).hexdigest() == seal.digest
    assert sealing.open_result(response.data).slug == made.call.slug
    assert response.headers["Content-Type"] == "application/json"
    page = client.page(f"/en/calls/{made.call.slug}/result")
    assert f"sha256:{seal.digest}" in page.text.replace(" ", "") and "sha256sum result.json" in page.text


def test_what_rows_say_after_the_seal_changes_nothing(client, made, at):
    at(made.call.result_at)
    url = f"/en/calls/{made.call.slug}/result"
    before = client.get(url).data
    for n, proposal in enumerate(made.proposals):
        decision = queries.decision_of(proposal)
        decision.public_name = {"en": f"Slipped in {n}"}
        proposal.title, proposal.economy = "Slipped in", "US"
    made.call.title = {"en": "Slipped in"}
    made.call.criteria[0].weight = 99
    assert b"Slipped in" not in before
    after = client.get(url).data
    assert after == before


@pytest.mark.parametrize("change", ["content", "digest", "call"])
def test_tampered_bytes_are_never_shown_and_loudly_logged(client, made, seal, at, change, capsys):
    """Somebody with power over the database itself takes the triggers away first."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(sa.text("ALTER TABLE seals DISABLE TRIGGER seals_unchanged"))
    else:
        db.session.execute(sa.text("DROP TRIGGER seals_unchanged"))
    forged = seal.content.replace(b"Canary Name 0", b"Forged Name 0")
    changes = {
        "content": {"content": forged},
        "digest": {"content": forged, "digest": sealing.digest(forged)},
    }
    if change == "call":
        made.call.seal_digest = "0" * 64
    else:
        db.session.execute(sa.update(Seal).values(**changes[change]))
    db.session.commit()
    at(made.call.result_at)
    for url in routes(made):
        response = client.get(url)
        assert response.status_code == 503, url
        assert "Canary" not in response.text and "Forged" not in response.text
        assert response.headers["Cache-Control"] == "no-store"
    assert queries.published(clock.now()) == []
    own = browser_of(client.application, made.proposals[0].owner)
    assert own.get(f"/en/proposals/{made.proposals[0].id}/outcome").status_code == 503
    log = capsys.readouterr()
    assert '"level": "critical"' in log.out + log.err and "sealed result is broken" in log.out + log.err


@pytest.mark.parametrize("instant", ["2027-03-28T01:00:00Z", "2027-10-31T01:00:00Z", "2028-01-01T00:00:00Z"])
def test_clocks_that_change_on_that_very_instant_change_nothing(client, at, instant):
    made = deciding.confirmed(2)
    made.call.result_at = datetime.fromisoformat(instant)
    actions.seal(made.call, by=made.second, at=clock.now())
    db.session.commit()
    statuses = []
    for moment in (made.call.result_at - SECOND, made.call.result_at):
        at(moment)
        statuses.append([client.get(url).status_code for url in routes(made)])
    assert statuses == [[200, 200, 200, 404, 404], [200] * 5]


@pytest.mark.parametrize(("before", "most"), [(3600, 59), (60, 59), (59, 58), (1, 0), (0.5, 0), (0, 59), (-3600, 59)])
def test_no_cache_keeps_a_page_across_the_instant(client, made, at, before, most):
    at(made.call.result_at - timedelta(seconds=before))
    response = client.get(f"/en/calls/{made.call.slug}/result")
    assert response.headers["Cache-Control"] == f"public, max-age={most}"
    assert "ETag" not in response.headers and "Last-Modified" not in response.headers


def test_the_embargo_page_loads_itself_again_at_the_instant(client, made):
    page = client.page(f"/en/calls/{made.call.slug}/result")
    instant = made.call.result_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [e.get("data-reload-at") for e in page.all("*[@data-reload-at]")] == [instant]
    assert page.title.startswith("The result will appear on")


def test_before_sealing_the_page_says_when_and_afterwards_that_it_is_being_prepared(client, at):
    made = deciding.confirmed()
    url = f"/en/calls/{made.call.slug}/result"
    page = client.page(url)
    assert page.title.startswith("The result is to come on") and "sha256" not in page.text
    at(made.call.result_at)
    page = client.page(url)
    assert page.title == "The result is being prepared" and "Canary" not in page.text
    made.call.result_at = clock.now() + timedelta(days=9)
    actions.seal(made.call, by=made.second, at=clock.now())
    assert client.page(url).title.startswith("The result will appear on")


def test_an_unsealed_result_leaves_its_fingerprint_and_its_note(client, made, seal):
    url = f"/fr/calls/{made.call.slug}/result"
    actions.ask_unseal(made.call, NOTE, by=made.first, at=clock.now())
    assert "Reason" not in client.page(url).text, "the note is public once it is done"
    actions.unseal(made.call, by=made.second, at=clock.now())
    page = client.page(url)
    assert "Reason (fr)" in page.text and seal.digest in page.text.replace(" ", "")


def test_a_result_that_was_unsealed_appears_only_with_its_new_seal(client, made, at):
    """Threat E11."""
    first_instant = made.call.result_at
    actions.ask_unseal(made.call, NOTE, by=made.first, at=clock.now())
    actions.unseal(made.call, by=made.second, at=clock.now())
    db.session.commit()
    at(first_instant)
    assert client.page(f"/en/calls/{made.call.slug}/result").title == "The result is being prepared"
    assert client.get(f"/calls/{made.call.slug}/result.json").status_code == 404
    assert [m for m in sent() if "outcome" in m.subject] == []


def test_an_instant_moved_behind_the_seals_back_publishes_nothing_early(client, made, at):
    at(made.call.result_at - timedelta(days=5))
    made.call.result_at = clock.now() - SECOND
    db.session.commit()
    for url in routes(made)[3:]:
        assert client.get(url).status_code == 404
    assert "Canary" not in client.get(routes(made)[0]).text


def test_a_cancelled_call_has_no_result(client):
    made = deciding.decided()
    made.call.cancelled_at = clock.now()
    assert client.get(f"/en/calls/{made.call.slug}/result").status_code == 404


def test_published_results_come_newest_first_from_what_was_sealed(app, at):
    early, late = deciding.sealed(2)[0], deciding.confirmed(2)
    late.call.result_at += timedelta(days=1)
    actions.seal(late.call, by=late.second, at=clock.now())
    db.session.commit()
    at(early.call.result_at - SECOND)
    assert queries.published(clock.now()) == []
    at(early.call.result_at)
    assert [c.slug for c, _ in queries.published(clock.now())] == [early.call.slug]
    at(late.call.result_at)
    found = queries.published(clock.now())
    assert [(c.slug, r.slug) for c, r in found] == [(x, x) for x in (late.call.slug, early.call.slug)]


def test_outcomes_are_mailed_at_the_instant_and_not_a_second_before(app, at):
    made = deciding.confirmed(5, review_cutoff_at=clock.now() + timedelta(days=1))
    world.review(made.proposals[4], comment_applicant="Write about customs.", comment_committee="For us only.")
    for n, lang in enumerate(("fr", "es")):
        made.proposals[n].owner.language = lang
    actions.seal(made.call, by=made.second, at=clock.now())
    db.session.commit()
    at(made.call.result_at - SECOND)
    assert [m for m in sent() if "outcome" in m.subject] == []
    at(made.call.result_at + timedelta(minutes=5))
    by_reader = {m.to: m for m in sent()}
    assert set(by_reader) == {o.email for o in made.owners}, "each applicant once, nobody else"
    assert sent() == [], "never twice"
    lost = by_reader[made.proposals[4].owner.email]
    assert "was not selected" in lost.text and "Write about customs." in lost.text and "For us only." not in lost.text
    assert "was not selected" in lost.html and "Write about customs." in lost.html
    won = by_reader[made.proposals[0].owner.email]
    assert won.headers["Content-Language"] == "fr"
    assert f"/fr/calls/{made.call.slug}/result" in won.text
    for mail in by_reader.values():
        assert "winner" not in mail.subject.lower() and "selected" not in mail.subject.lower()


def test_a_mail_that_a_hasty_worker_takes_too_early_waits(made, at):
    early = made.call.result_at - timedelta(seconds=30)
    at(early)
    sent()
    assert outbox.deliver(made.call.result_at) == 0, "its clock is ahead of this one"
    waiting = db.session.scalars(sa.select(outbox.Email).where(outbox.Email.name == "outcome")).all()
    assert [(m.sent_at, m.dropped_at, m.dead_at) for m in waiting] == [(None, None, None)] * 6
    at(made.call.result_at + timedelta(minutes=5))
    assert len(sent()) == 6


def test_coordinators_get_the_fingerprint_when_it_is_sealed(made, seal):
    told = {m.to: m for m in sent() if "sealed" in m.subject}
    assert {made.first.email, made.second.email} <= set(told)
    mail = told[made.first.email]
    assert seal.digest in mail.text and seal.digest in mail.html
    for secret in deciding.SECRETS:
        assert secret not in mail.text + mail.html


def test_a_call_to_confirm_is_dropped_once_it_is_confirmed(app):
    made = deciding.decided()
    actions.propose(made.call, by=made.first, at=clock.now())
    actions.confirm(made.call, by=made.second, at=clock.now())
    assert [m for m in sent() if "confirm it" in m.subject] == []


def test_pages_cost_the_same_for_many_proposals(client, at):
    counts = {}
    for n in (3, 30):
        made = deciding.confirmed(n, winners=n)
        made.call.result_at = clock.now() + timedelta(days=9)
        actions.seal(made.call, by=made.second, at=clock.now())
        db.session.commit()
        for when, moment in (("before", clock.now()), ("after", made.call.result_at)):
            at(moment)
            for url in routes(made)[2:]:
                with statements() as run:
                    client.get(url)
                kind = url.replace(made.call.slug, "").replace(made.proposals[0].reference, "")
                counts.setdefault((when, kind), []).append(len(run))
        at(made.call.result_at - timedelta(days=9))
    assert all(few == many for few, many in counts.values()), counts


def test_a_page_in_a_language_that_the_call_lacks_says_so_and_marks_its_own(client, at):
    made, _ = deciding.sealed(3, languages=["en"])
    at(made.call.result_at)
    page = client.page(f"/es/calls/{made.call.slug}/result")
    assert [s.get("lang") for s in page.all("main//article/h3/span")] == ["en", "en"]
