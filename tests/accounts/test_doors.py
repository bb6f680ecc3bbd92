"""Registering, confirming, signing in and out, as people do it."""

from datetime import timedelta
from typing import Any

import mails
import pytest
from signing_in import PASSWORD, owner, register, sign_in

from msme_calls import clock
from msme_calls.accounts import passwords, queries
from msme_calls.accounts.models import Link, LoginSession, Person
from msme_calls.extensions import db


def test_a_newcomer_registers_confirms_and_is_signed_in(app: Any, client: Any) -> None:
    (mail,) = register(client, "Ana@Example.org", lang="es")
    assert (mail.to, mail.headers["Content-Language"]) == ("ana@example.org", "es")
    assert db.session.scalars(db.select(Person)).all() == []  # nobody has an account who hasn't shown her address
    page = client.page(mail.path)
    assert db.session.scalars(db.select(Person)).all() == []  # programs that follow links confirm nothing
    answer = client.submit(page.form(), password=PASSWORD)
    assert answer.location == "/es/my-work"
    person = queries.find_by_address("ana@example.org")
    assert (person.name, person.language, person.active) == ("Ana Ejemplo", "es", True)
    assert (person.is_administrator, person.is_convenor) == (False, False)
    assert passwords.match(person.password, PASSWORD)
    assert client.get("/es/profile").status_code == 200


def test_a_password_is_not_needed(app: Any, client: Any) -> None:
    client.submit(client.page(register(client)[0].path).form())
    assert queries.find_by_address("ana@example.org").password is None
    client.submit(client.page("/en/profile").form(button="Sign out"))
    form = client.page("/en/sign-in").form()
    client.submit(form, button=("way", "link"), email="ana@example.org")
    (mail,) = mails.sent()
    assert client.submit(client.page(mail.path).form()).location == "/en/my-work"
    assert client.get("/en/profile").status_code == 200


def test_whoever_registers_twice_is_told_by_mail_only_and_signs_in_by_it(app: Any, client: Any) -> None:
    person = owner(email="ana@example.org", name="Ana")
    (mail,) = register(client, name="Somebody Else")
    assert mail.subject == "You have an account already" and "Somebody Else" not in mail.text
    client.submit(client.page(mail.path).form())
    assert client.get("/en/profile").status_code == 200
    assert (db.session.scalar(db.select(db.func.count(Person.id))), person.name) == (1, "Ana")


def test_the_confirm_mail_carries_no_word_of_whoever_asked_for_it(app: Any, client: Any) -> None:
    (mail,) = register(client, name="Click evil.example now")
    assert "evil.example" not in mail.text + mail.html


def test_two_links_for_one_address_make_one_account(app: Any, client: Any) -> None:
    first, second = register(client, name="First"), register(client, name="Second")
    client.submit(client.page(first[0].path).form())
    page = client.page(second[0].path)
    assert "password" not in page.form().values
    assert client.submit(page.form()).location == "/en/my-work"
    assert [p.name for p in db.session.scalars(db.select(Person))] == ["First"]


def test_sign_in_by_password_goes_where_one_was_going(app: Any, client: Any) -> None:
    owner(email="ana@example.org")
    page = client.page("/en/profile?tab=1", follow=True)
    answer = client.submit(page.form(button="Sign in"), email=" ANA@example.org ", password=PASSWORD)
    assert answer.location == "/en/profile?tab=1"
    assert client.get(answer.location).status_code == 200


def test_where_one_was_going_survives_registering(app: Any, client: Any) -> None:
    start = client.page("/en/profile", follow=True)
    page = client.page(start.link("Make an account"))
    client.submit(page.form(), email="ana@example.org", name="Ana")
    assert client.submit(client.page(mails.sent()[0].path).form()).location == "/en/profile"


def test_where_one_was_going_survives_a_sign_in_link(app: Any, client: Any) -> None:
    owner(email="ana@example.org")
    page = client.page("/en/profile", follow=True)
    client.submit(page.form(button="Sign in"), button=("way", "link"), email="ana@example.org")
    assert client.submit(client.page(mails.sent()[0].path).form()).location == "/en/profile"


def test_a_wrong_password_keeps_the_address_and_not_the_password(app: Any, client: Any) -> None:
    owner(email="ana@example.org")
    answer = client.submit(client.page("/en/sign-in").form(), email="ana@example.org", password="wrong guess it is")
    body = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="ana@example.org"' in body and "wrong guess it is" not in body
    assert "go together" in body


def test_the_cookie_stays_only_if_asked_to(app: Any, client: Any) -> None:
    owner(email="ana@example.org")
    for stay, kept in (({}, False), ({"stay": "y"}, True)):
        browser = app.test_client()
        answer = browser.submit(browser.page("/en/sign-in").form(), email="ana@example.org", password=PASSWORD, **stay)
        cookies = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("session=")]
        assert [("Expires" in c) for c in cookies] == [kept]
        assert all("HttpOnly" in c and "SameSite=Lax" in c for c in cookies)


def test_somebody_signed_in_is_not_asked_again(app: Any, client: Any) -> None:
    sign_in(client, owner())
    for path in ("/en/sign-in?next=/en/profile", "/en/register?next=/en/profile"):
        assert client.get(path).location == "/en/profile"


def test_signing_in_gives_a_new_session_and_a_new_form_token(app: Any, client: Any) -> None:
    owner(email="ana@example.org")
    page = client.page("/en/sign-in")
    with client.session_transaction() as before:
        old = dict(before)
    client.submit(page.form(), email="ana@example.org", password=PASSWORD)
    client.page("/en/profile")
    with client.session_transaction() as after:
        new = dict(after)
    assert old["csrf_token"] != new["csrf_token"]
    assert "_user_id" in new and "_user_id" not in old
    stale = client.post("/en/profile", data={**page.form().values, "name": "Mallory"})
    assert stale.status_code == 400


def test_a_session_put_into_the_browser_by_a_stranger_is_not_the_one_signed_in(app: Any, client: Any) -> None:
    """Fixation: whoever planted the cookie knows nothing of the session that comes of it."""
    mallory, victim = app.test_client(), owner(email="ana@example.org")
    mallory.page("/en/sign-in")
    planted = mallory.get_cookie("session").value
    client.set_cookie("session", planted)
    client.submit(client.page("/en/sign-in").form(), email="ana@example.org", password=PASSWORD)
    assert client.get_cookie("session").value != planted
    assert mallory.get("/en/profile").status_code == 302
    assert [s.person_id for s in db.session.scalars(db.select(LoginSession))] == [victim.id]


def test_a_new_password_by_link_ends_all_sessions_and_other_links(app: Any, client: Any) -> None:
    person = owner(email="ana@example.org")
    elsewhere = sign_in(app.test_client(), person)
    for _ in range(2):
        client.submit(client.page("/en/reset-password").form(), email="ana@example.org")
    first, second = mails.sent()
    answer = client.submit(client.page(first.path).form(), password="another marigold here")
    assert answer.location == "/en/my-work"
    assert [c.get("/en/profile").status_code for c in (elsewhere, client)] == [302, 200]
    assert passwords.match(person.password, "another marigold here")
    assert client.get(second.path).status_code == 404
    assert [m.subject for m in mails.sent()] == ["Your password has changed"]


@pytest.mark.parametrize(
    "password, says",
    [
        ("short", "Choose at least 10 characters"),
        ("password123", "Many people use this password"),
        ("aaaaaaaaaaaa", "Many people use this password"),
        ("ana@example.org", "too close to your name or address"),
        ("AnaEjemplo1", "too close to your name or address"),
        ("x" * 100 + "abcd" * 30, "at most 200"),
    ],
)
def test_weak_passwords_are_refused_with_a_reason_and_the_link_stays_good(
    app: Any, client: Any, password: str, says: str
) -> None:
    page = client.page(register(client)[0].path)
    answer = client.submit(page.form(), password=password)
    assert answer.status_code == 422 and says in answer.get_data(as_text=True)
    assert client.submit(page.form(), password=PASSWORD).status_code == 302


@pytest.mark.parametrize(
    "address", ["", "ana", "ana@", "ana@localhost", "é@example.org", "a@x.org\r\nBcc: b@x.org", "a b@example.org"]
)
def test_an_address_that_mail_can_not_reach_is_refused_beside_its_field(app: Any, client: Any, address: str) -> None:
    answer = client.submit(client.page("/en/register").form(), email=address, name="Ana")
    assert answer.status_code == 422 and 'id="email-error"' in answer.get_data(as_text=True)
    assert mails.sent() == []


@pytest.mark.parametrize(
    "name", ["", " ", "Ana\r\nBcc: x", "Ana\x00", "Ana \u202egro.live", "http://evil.example", "A" * 151]
)
def test_names_that_could_deceive_are_refused(app: Any, client: Any, name: str) -> None:
    answer = client.submit(client.page("/en/register").form(), email="ana@example.org", name=name)
    assert answer.status_code == 422 and 'id="name-error"' in answer.get_data(as_text=True)


@pytest.mark.parametrize("name", ["Nguyễn Văn Ánh", "Ó Conaill-Müller, Jr.", "عائشة", "李小龍", "O’Neil (ICC)"])
def test_people_s_own_names_are_kept(app: Any, client: Any, name: str) -> None:
    client.submit(client.page(register(client, name=name)[0].path).form())
    assert queries.find_by_address("ana@example.org").name == name


def test_twins_of_an_address_are_one_account(app: Any, client: Any) -> None:
    twins = ["jose@bücher.example", "JOSE@BÜCHER.example", "jose@bu\u0308cher.example", "jose@xn--bcher-kva.example"]
    people = [queries.find_by_address(a) for a in twins]
    assert people == [None] * 4
    for twin in twins:
        browser = app.test_client()
        (mail,) = register(browser, twin)
        browser.submit(browser.page(mail.path).form())
    assert [p.email for p in db.session.scalars(db.select(Person))] == ["jose@xn--bcher-kva.example"]
    assert {queries.find_by_address(a).email for a in twins} == {"jose@xn--bcher-kva.example"}


def test_a_deactivated_account_gets_no_link_and_signs_in_by_nothing(app: Any, client: Any) -> None:
    owner(email="ana@example.org", active=False)
    assert register(client) == []
    client.submit(client.page("/en/sign-in").form(), button=("way", "link"), email="ana@example.org")
    client.submit(client.page("/en/reset-password").form(), email="ana@example.org")
    assert mails.sent() == []
    answer = client.submit(client.page("/en/sign-in").form(), email="ana@example.org", password=PASSWORD)
    assert answer.status_code == 422


def test_old_links_sessions_and_counts_are_forgotten(app: Any, client: Any, at: Any) -> None:
    from msme_calls.accounts.expiry import forget_what_expired

    sign_in(client, owner(email="ana@example.org"))
    register(app.test_client(), "new@example.org")
    assert forget_what_expired(clock.now() + timedelta(days=20)) == 2  # the counts of address and network
    assert forget_what_expired(clock.now() + timedelta(days=34)) == 2
    assert db.session.scalars(db.select(Link.purpose)).all() == []
