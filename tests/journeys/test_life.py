"""The whole life of one call in a real browser, in French, from an empty database to the published winners."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from applications import SECRET
from browsing import LiveServer
from journeys.looking import faults
from journeys.walking import Walker, document, post, proposal
from playwright.sync_api import Browser, expect

from msme_calls.calls.models import Call
from msme_calls.extensions import db
from msme_calls.outbox import Email

pytestmark = pytest.mark.timeout(300)

BEGIN = datetime(2027, 1, 11, 9, tzinfo=UTC)
OPEN = datetime(2027, 3, 1, 9, tzinfo=UTC)
TWO_DAYS_LEFT = datetime(2027, 4, 16, 9, tzinfo=UTC)
CLOSED = datetime(2027, 4, 19, 7, tzinfo=UTC)
DECIDING = datetime(2027, 6, 7, 7, tzinfo=UTC)
INSTANT = datetime(2027, 6, 27, 8, tzinfo=UTC)  # 10:00 in Geneva
SLUG = "champions-2027"
WINNER, PROJECT = "Coopérative Exemple Horizon", "La caisse commune des tisserandes"


@dataclass
class Story:
    """Everybody in it, and how time passes."""

    browser: Browser
    live: LiveServer
    clock: time_machine.Traveller
    walkers: dict[str, Walker] = field(default_factory=dict)

    def walker(self, name: str, email: str = "") -> Walker:
        """Somebody with a browser of her own."""
        made = Walker(self.browser, self.live.url, self.live.app, email or f"{name.lower()}@example.org", name)
        self.walkers[name] = made
        return made

    def stranger(self) -> Walker:
        """Somebody who comes for the first time: nothing is in the cache of this browser."""
        return self.walker(f"Anonyme {len(self.walkers)}")

    def call(self) -> Call:
        return db.session.scalars(sa.select(Call)).one()


@pytest.fixture
def story(browser: Browser, live_server: LiveServer, frozen: time_machine.Traveller) -> Iterator[Story]:
    made = Story(browser, live_server, frozen)
    yield made
    for walker in made.walkers.values():
        walker.close()
    assert {name: w.complaints for name, w in made.walkers.items() if w.complaints} == {}


def test_a_call_lives_in_french(story: Story, at: Callable[[datetime], datetime], tmp_path: Path) -> None:
    at(BEGIN)
    administrator = the_first_administrator(story)
    coordinator = a_convenor(story, administrator)
    a_call(story, coordinator)
    second = somebody_invited(story, coordinator, "Leïla", "coordinator")
    reviewers = [somebody_invited(story, coordinator, name, "reviewer") for name in ("Paul", "Wanjiru")]

    at(OPEN)
    aissatou = story.walker("Aïssatou", "aissatou@example.org")
    the_first_proposal(story, aissatou, document(tmp_path))
    bruno = story.walker("Bruno")
    applies(bruno, "Le registre des ateliers", "Association Exemple des Ateliers", "BJ")
    chantal = story.walker("Chantal")
    applies(chantal, "Des palettes sans détour", "Exemple Palettes", "CI")
    at(TWO_DAYS_LEFT)
    changes_and_submits_again(aissatou)
    withdraws_and_restores(bruno)

    at(CLOSED)
    nothing_more_can_be_sent(chantal)
    assigns_by_the_draw(coordinator, reviews=6)
    for n, reviewer in enumerate(reviewers):
        reviews_everything(reviewer, better=n)

    at(DECIDING)
    decides(coordinator)
    confirms_and_seals(story, second)
    the_embargo_holds_to_the_second(story)
    the_result_is_there(story, (aissatou, bruno, chantal))
    assert {w.name: w.languages for w in story.walkers.values() if w.languages != {"fr"}} == {}


def the_first_administrator(story: Story) -> Walker:
    """Invited by the command, as whoever installs the product does it."""
    agathe = story.walker("Agathe")
    settings = {
        "MSME_ENV": "test", "MSME_DATA": str(story.live.app.settings.data), "MSME_SECRET_KEY": SECRET,  # type: ignore[attr-defined]
        "MSME_PUBLIC_URL": story.live.url, "MSME_NOW": BEGIN.isoformat(),
    }  # fmt: skip
    command = [sys.executable, "-c", "from msme_calls.cli import main; main()", "invite-administrator", agathe.email]
    told = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=True)
    agathe.go(told.stdout.strip().replace("/en/", "/fr/"))
    agathe.heading("Become an administrator")
    agathe.fill(name=agathe.name, password="ultramarine over marigold")
    agathe.press("Accept and sign in")
    agathe.sees("You are an administrator now.")
    return agathe


def a_convenor(story: Story, administrator: Walker) -> Walker:
    """She makes an account; the administrator lets her create calls."""
    camille = story.walker("Camille")
    camille.register()
    camille.sees("Your account is ready, and you are signed in.")
    administrator.go("/fr/people?search=camille")
    administrator.page.get_by_role("link", name="Camille", exact=True).click()
    administrator.press("Make convenor")
    post(story.live.app)
    return camille


def a_call(story: Story, coordinator: Walker) -> None:
    """From its kind to its launch: only what the list of what is missing asks for, and the rules of this year."""
    coordinator.enter("/fr/desk/new")
    coordinator.page.locator("[name='kind'][value='small-business-champions']").check()
    titles = {"en": "Champions 2027 (example)", "fr": "Champions 2027 (exemple)", "es": "Campeones 2027 (ejemplo)"}
    coordinator.fill(**{f"title__{code}": text for code, text in titles.items()}, slug=SLUG)
    coordinator.press("Create the call")
    coordinator.page.wait_for_url(f"**/desk/{SLUG}")
    fills_in_what_is_missing(coordinator)
    coordinator.go(f"/fr/desk/{SLUG}/rules")
    coordinator.fill(reviews_per_proposal="2", winners="1", runners_up="1")
    coordinator.press("Save the rules")
    coordinator.sees("The rules are saved.")
    coordinator.go(f"/fr/desk/{SLUG}")
    coordinator.press("Launch the call")
    coordinator.sees("The call is launched: its page is public.")
    stranger = story.stranger()
    stranger.go(f"/fr/calls/{SLUG}")
    expect(stranger.page.get_by_role("heading", level=1)).to_have_text("Des chaînes qui tiennent (exemple)")


def fills_in_what_is_missing(coordinator: Walker) -> None:
    """The desk says what is missing and leads there; in the end it is nothing."""
    coordinator.page.locator("#missing").wait_for()
    coordinator.go(f"/fr/desk/{SLUG}/texts")
    themes = {"en": "Chains that hold (example)", "fr": "Des chaînes qui tiennent (exemple)", "es": "Cadenas (ejemplo)"}
    coordinator.fill(**{f"theme__{code}": text for code, text in themes.items()}, contact="appels@example.org")
    coordinator.press("Save the texts")
    coordinator.sees("The texts are saved.")
    coordinator.go(f"/fr/desk/{SLUG}/dates")  # those that are usual for this result are suggested
    coordinator.press("Save the dates")
    coordinator.sees("The dates are saved.")
    coordinator.go(f"/fr/desk/{SLUG}")
    lacking = [e.inner_text() for e in coordinator.page.locator("section[aria-labelledby=missing] li").all()]
    assert lacking == []


def somebody_invited(story: Story, coordinator: Walker, name: str, role: str) -> Walker:
    """Invited by mail; her account is made when she accepts."""
    invited = story.walker(name, f"{role}-{len(story.walkers)}@example.org")
    coordinator.go(f"/fr/desk/{SLUG}/people/invite")
    coordinator.fill(address=invited.email, name=name)
    coordinator.page.locator("[name='language']").select_option("fr")
    coordinator.page.locator(f"[name='role'][value='{role}']").check()
    coordinator.press("Send the invitation")
    coordinator.page.wait_for_url("**/people")
    mail = invited.open_mail()
    assert mail.headers["Content-Language"] == "fr"
    invited.fill(organisation=f"Organisation Exemple de {name}")
    if role == "reviewer":
        invited.page.locator("[name='languages'][value='fr']").check()
    invited.press("Accept the invitation")
    invited.page.wait_for_url(lambda url: "/invitations/" not in url)
    return invited


def the_first_proposal(story: Story, applicant: Walker, file: Path) -> None:
    """From the call's page through an account to a first proposal; she forgets an answer, and is told where."""
    applicant.go("/fr/")
    applicant.page.get_by_role("link", name=applicant.fr("See the call and apply")).click()
    applicant.follow("Start a proposal")
    applicant.register_to_go_on()
    applicant.page.wait_for_url(f"**/calls/{SLUG}/start")
    applicant.press("Start the proposal")
    given = proposal(PROJECT, WINNER, "SN", applicant.email)
    given["contact"]["contact_email"] = "aissatou"
    applicant.follow("Continue writing")
    for section in given:
        expect(applicant.page.locator("form[action$='/sections/" + section + "']")).to_be_visible()
        applicant.answer(given[section])
        if section == "documents":
            applicant.answer({"document": file})
        applicant.press("Save and continue")
        if section == "contact":
            she_is_told_what_to_correct(applicant)
    applicant.heading("Check and submit")
    assert faults_of(applicant) == []
    applicant.page.get_by_role("button", name=applicant.fr("Submit proposal")).dblclick()
    applicant.page.wait_for_url("**/receipt")
    applicant.heading("We have your proposal")
    reference = applicant.page.locator(".facts .left").inner_text()
    received = [m for m in post(story.live.app) if m.to == applicant.email]
    assert [reference in m.subject for m in received] == [True]
    with story.live.app.app_context():
        versions = [p.submitted_version for p in proposals()]
    assert versions == [1], "pressed twice, sent once"


def she_is_told_what_to_correct(applicant: Walker) -> None:
    """Beside the field and at the head; what she wrote is still there."""
    alert = applicant.page.get_by_role("alert")
    expect(alert).to_be_focused()
    assert faults_of(applicant) == []
    alert.get_by_role("link").first.click()
    expect(applicant.page.locator("#q-contact_email")).to_be_focused()
    expect(applicant.page.locator("#q-contact_email")).to_have_value("aissatou")
    expect(applicant.page.locator("#q-contact_name")).to_have_value("Une Personne")
    applicant.answer({"contact_email": applicant.email})
    applicant.press("Save and continue")


def applies(applicant: Walker, title: str, organisation: str, economy: str) -> None:
    applicant.register()
    applicant.apply(SLUG, proposal(title, organisation, economy, applicant.email))


def changes_and_submits_again(applicant: Walker) -> None:
    """What was submitted counts until she submits anew."""
    applicant.enter("/fr/my-work")
    applicant.page.get_by_role("link", name=PROJECT).click()
    overview = applicant.path
    applicant.go(f"{overview}/sections/project")
    applicant.answer({"summary": "Une caisse commune, et un seul envoi par semaine."})
    applicant.press("Save and continue")
    applicant.go(overview)
    applicant.sees("Version %(number)d counts until you submit them.", number=1)
    applicant.follow("Check and submit again")
    applicant.press("Submit proposal again")
    applicant.heading("We have your proposal")
    applicant.go(overview)
    applicant.sees("Version %(number)d", number=2)


def withdraws_and_restores(applicant: Walker) -> None:
    applicant.enter("/fr/my-work")
    applicant.page.get_by_role("link", name="Le registre des ateliers").click()
    applicant.page.locator("summary", has_text=applicant.fr("Withdraw proposal")).click()
    applicant.press("Withdraw it")
    applicant.sees("This proposal is withdrawn")
    applicant.press("Restore proposal")
    applicant.sees_text(applicant.fr("See the receipt"))
    subjects = [m.subject for m in post(applicant.app) if m.to == applicant.email]
    assert len(subjects) == 2, subjects  # withdrawn, restored: each said once


def nothing_more_can_be_sent(applicant: Walker) -> None:
    applicant.enter("/fr/my-work")
    applicant.page.get_by_role("link", name="Des palettes sans détour").click()
    before = applicant.text()
    applicant.go(f"{applicant.path}/check")
    expect(applicant.page.get_by_role("button", name=re.compile(applicant.fr("Submit proposal")))).to_have_count(0)
    assert "Des palettes" in before


def assigns_by_the_draw(coordinator: Walker, reviews: int) -> None:
    coordinator.enter(f"/fr/desk/{SLUG}")
    coordinator.press("Start the review")
    coordinator.sees("The review has started: reviewers can read what is assigned to them.")
    coordinator.go(f"/fr/desk/{SLUG}/assignments")
    coordinator.follow("Preview a draw")
    coordinator.press_count("Save and send %(num)d mail", "Save and send %(num)d mails", 2)
    coordinator.sees_text(coordinator.fr.count("%(num)d review is assigned.", "%(num)d reviews are assigned.", reviews))
    assert faults_of(coordinator) == []
    post(coordinator.app)


SCORES = {PROJECT: 5, "Le registre des ateliers": 3, "Des palettes sans détour": 2}


def reviews_everything(reviewer: Walker, better: int) -> None:
    """Each proposal of her queue: a score for every criterion, a word to the applicant."""
    for title, score in SCORES.items():
        reviewer.enter("/fr/reviews")
        reviewer.page.get_by_role("link", name=title).click()
        reviewer.score(min(5, score + better))
        reviewer.fill(comment_applicant=f"Un mot de {reviewer.name}.")
        reviewer.press("Submit review")
        expect(reviewer.page.locator(".flash.good")).to_be_visible()


def decides(coordinator: Walker) -> None:
    """By rank, then the words that the world will read, then proposed to the second coordinator."""
    coordinator.enter(f"/fr/desk/{SLUG}")
    coordinator.press("Start deciding")
    coordinator.go(f"/fr/desk/{SLUG}/ranking")
    rows = [row.inner_text() for row in coordinator.page.locator("main table tbody th a").all()]
    assert rows == list(SCORES)
    coordinator.go(f"/fr/desk/{SLUG}/decisions/by-rank")
    coordinator.press_count("Save %(num)d decision", "Save %(num)d decisions", 3)
    for title, name in ((PROJECT, WINNER), ("Le registre des ateliers", "Association Exemple des Ateliers")):
        coordinator.go(f"/fr/desk/{SLUG}/decisions")
        coordinator.page.get_by_role("link", name=title).click()
        for code in ("en", "fr", "es"):
            words = {"name": name, "project": title, "summary": f"Une phrase publique ({code})."}
            coordinator.fill(**{f"{part}__{code}": text for part, text in words.items()})
        coordinator.press("Save the decision")
        expect(coordinator.page.locator(".flash.good")).to_be_visible()
    coordinator.go(f"/fr/desk/{SLUG}/result")
    coordinator.press("Propose this decision")


def confirms_and_seals(story: Story, second: Walker) -> None:
    """Whoever decided doesn't confirm; the fingerprint is public from then on."""
    second.enter(f"/fr/desk/{SLUG}/result")
    second.press("Confirm this decision")
    second.page.locator("summary", has_text=second.fr("Seal the result…")).click()
    second.press("Seal the result")
    second.sees("The result is sealed")
    post(story.live.app)
    with story.live.app.app_context():
        digest = story.call().seal_digest
    stranger = story.stranger()
    for page in (f"/fr/calls/{SLUG}", f"/fr/calls/{SLUG}/result"):
        stranger.go(page)
        assert digest and digest in re.sub(r"\s", "", stranger.text())


def told(story: Story) -> str:
    """Everything that somebody who isn't signed in can read about the result, at this very instant."""
    stranger = story.stranger()
    pages = ["/fr/", "/fr/winners", "/fr/calls", f"/fr/calls/{SLUG}", f"/fr/calls/{SLUG}/result"]
    texts = []
    for page in pages:
        stranger.go(page)
        texts.append(stranger.page.content())
    sent = [mail.text for mail in post(story.live.app)]
    files = [stranger.context.request.get(f"/calls/{SLUG}/result.json").text()]
    return "\n".join([*texts, *files, *sent])


def the_embargo_holds_to_the_second(story: Story) -> None:
    story.clock.move_to(INSTANT - timedelta(seconds=1), tick=False)
    words = told(story)
    assert [w for w in (WINNER, PROJECT, "Association Exemple des Ateliers", "Une phrase publique") if w in words] == []


def the_result_is_there(story: Story, applicants: tuple[Walker, ...]) -> None:
    """By the clock alone: nobody has done anything since it was sealed."""
    story.clock.move_to(INSTANT, tick=False)
    stranger = story.stranger()
    for page in (f"/fr/calls/{SLUG}/result", "/fr/", "/fr/winners"):
        stranger.go(page)
        expect(stranger.page.get_by_text(WINNER).first).to_be_visible()
    stranger.go(f"/fr/calls/{SLUG}/result")
    assert faults_of(stranger) == []
    mails = {mail.to: mail for mail in post(story.live.app)}
    assert {a.email for a in applicants} <= set(mails)
    for applicant in applicants:
        assert "Un mot de Paul." in mails[applicant.email].text
        applicant.enter("/fr/my-work")
    with story.live.app.app_context():
        waiting = db.session.scalars(sa.select(Email).where(Email.dead_at.is_not(None))).all()
    assert waiting == []


def faults_of(walker: Walker) -> list[str]:
    return list(faults(walker.page, walker.complaints))


def proposals() -> list:
    from msme_calls.proposals.models import Proposal

    return list(db.session.scalars(sa.select(Proposal)))
