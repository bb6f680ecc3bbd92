"""Another address for one's account: nobody takes an account over by it, and its owner can undo it (threats A1, A4)."""

from datetime import timedelta
from typing import Any

import mails
import pytest
import world
from signing_in import PASSWORD, browser_of, owner, sign_in

from msme_calls import clock, history, outbox
from msme_calls.accounts import passwords, queries
from msme_calls.extensions import db

NEW, OLD = "ana@new.example.org", "ana@example.org"
DAY = timedelta(days=1)


@pytest.fixture
def ana(app: Any, client: Any) -> Any:
    person = owner(email=OLD, name="Ana Ejemplo")
    sign_in(client, person)
    return person


def ask(client: Any, address: str = NEW) -> Any:
    return client.submit(client.page("/en/profile/address").form(button="Send me the link"), email=address)


def asked(client: Any, address: str = NEW) -> mails.Mail:
    assert ask(client, address).status_code == 302
    (mail,) = mails.sent()
    return mail


def changed(client: Any) -> mails.Mail:
    """The address is changed; gives the mail to the former one."""
    client.submit(client.page(asked(client).path).form(button="Change the address of my account"))
    (mail,) = mails.sent()
    return mail


def test_the_address_changes_once_its_mailbox_is_shown_to_be_hers(ana: Any, app: Any, client: Any, at: Any) -> None:
    elsewhere = browser_of(app, ana)
    mail = asked(client)
    assert (mail.to, mail.subject, ana.email) == (NEW, "Confirm your new address", OLD)
    page = client.page(mail.path)
    assert ana.email == OLD  # programs that follow links change nothing
    answer = client.submit(page.form(button="Change the address of my account"))
    assert (answer.location, ana.email) == ("/en/profile", NEW)
    assert (client.get("/en/profile").status_code, elsewhere.get("/en/profile").status_code) == (200, 302)
    (told,) = mails.sent()
    assert (told.to, told.subject) == (OLD, "Your account has another address")
    at(clock.now() + timedelta(minutes=2))  # sooner it would be the same press
    assert client.page(mail.path, status=404).title == "This link no longer works"
    rows = db.session.scalars(db.select(history.History.payload).where(history.History.verb == "change-address")).all()
    assert len(rows) == 1 and "@" not in rows[0]


def test_a_stranger_behind_a_mistyped_address_gets_nothing(ana: Any, app: Any, client: Any) -> None:
    mail = asked(client)
    stranger, other = app.test_client(), browser_of(app, world.person())
    for browser in (stranger, other):
        page = browser.page(mail.path)
        assert "You are not signed in here" in page.text
        assert not any(word in page.text for word in (OLD, NEW, "Ana"))
        token = browser.page("/en/sign-in", follow=True).all("form")[0].findall(".//input[@name='csrf_token']")
        browser.post(mail.path, data={"csrf_token": token[0].get("value") if token else ""})
    assert ana.email == OLD


def test_that_somebody_has_the_address_is_said_in_that_mailbox_only(ana: Any, client: Any) -> None:
    """Threat A1: whoever is signed in learns of nobody else's account."""
    free = ask(client)
    (mail,) = mails.sent()
    world.person(email="taken@example.org")
    taken = ask(client, "Taken@Example.org")
    assert (free.status_code, free.location) == (taken.status_code, taken.location)
    (told,) = mails.sent()
    assert (told.to, told.subject) == ("taken@example.org", "This address has an account already")
    world.person(email=NEW)  # and here between asking and pressing
    answer = client.submit(client.page(mail.path).form(button="Change the address of my account"))
    assert answer.status_code == 403 and "has an account of its own by now" in answer.text
    assert ana.email == OLD and client.get("/en/profile").status_code == 200


def test_the_former_address_undoes_it_and_shuts_out_whoever_did_it(ana: Any, app: Any, client: Any, at: Any) -> None:
    """Threat A4: the thief's sessions, links and password end; only the mailbox that the account had counts."""
    told = changed(client)
    thief = browser_of(app, ana)
    at(clock.now() + 6 * DAY)
    mine = app.test_client()
    page = mine.page(told.path)
    assert ana.email == NEW
    answer = mine.submit(page.form(button="Give my account its former address"))
    assert answer.location == "/en/profile/password" and ana.email == OLD
    assert not passwords.match(ana.password, PASSWORD) and ana.password is None
    assert [c.get("/en/profile").status_code for c in (thief, client, mine)] == [302, 302, 200]
    assert mine.page(answer.location).title == "Choose a password"  # she has just shown who she is


def test_the_undoing_reaches_past_a_second_change_and_is_the_last(ana: Any, app: Any, client: Any) -> None:
    first = changed(client)
    again = asked(client, "thief@new.example.org")
    client.submit(client.page(again.path).form(button="Change the address of my account"))
    (second,) = mails.sent()
    assert (second.to, ana.email) == (NEW, "thief@new.example.org")
    mine, thief = app.test_client(), app.test_client()
    mine.submit(mine.page(first.path).form(button="Give my account its former address"))
    assert ana.email == OLD
    assert thief.page(second.path, status=404).title == "This link no longer works"
    assert client.get("/en/profile").status_code == 302


def test_after_seven_days_it_stays(ana: Any, app: Any, client: Any, at: Any) -> None:
    told = changed(client)
    at(clock.now() + 7 * DAY + timedelta(minutes=1))
    assert app.test_client().page(told.path, status=404).title == "This link no longer works"


def test_links_of_the_former_address_open_nothing_any_more(ana: Any, app: Any, client: Any) -> None:
    """Threat A8: a sign-in link and a reset link that waited in the former mailbox are void."""
    other = app.test_client()
    form = other.page("/en/sign-in").form()
    other.submit(form, button=("way", "link"), email=OLD)
    other.submit(other.page("/en/reset-password").form(), email=OLD)
    waiting = [m.path for m in mails.sent()]
    changed(client)
    assert [other.get(path).status_code for path in waiting] == [404, 404]
    assert queries.find_by_address(OLD) is None


def test_mails_that_wait_for_her_go_to_the_new_address(ana: Any, client: Any) -> None:
    outbox.queue("role_given", to=ana, at=clock.now(), due=clock.now() + DAY, role="convenor")
    changed(client)
    waiting = db.session.scalars(db.select(outbox.Email.address).where(outbox.Email.sent_at.is_(None))).all()
    assert waiting == [NEW]


@pytest.mark.parametrize(
    ("typed", "says"), [(" ANA@example.org", "your address already"), ("nobody", "Enter an address")]
)
def test_what_is_no_new_address_is_said_at_the_field(ana: Any, client: Any, typed: str, says: str) -> None:
    answer = ask(client, typed)
    assert answer.status_code == 422 and says in answer.text
    assert mails.sent() == []


def test_it_asks_first_who_she_is(ana: Any, client: Any, at: Any) -> None:
    """Threat A4: a session left open somewhere does not give the account away."""
    form = client.page("/en/profile/address").form(button="Send me the link")
    at(clock.now() + timedelta(minutes=16))
    answer = client.submit(form, email=NEW)
    assert answer.status_code == 401 and NEW in answer.text
    assert mails.sent() == []
