"""Whoever was signed out while writing loses nothing, and needs two presses to have it sent."""

import json
from typing import Any

import mails
import pytest
from signing_in import PASSWORD, owner, sign_in

from msme_calls import clock
from msme_calls.accounts import sessions
from msme_calls.extensions import db

WRITTEN = "Ana María Ejemplo, as written over an hour"


@pytest.fixture
def waiting(app: Any, client: Any) -> Any:
    """The page that somebody gets who saves her profile after her session has ended."""
    person = owner(email="ana@example.org")
    form = sign_in(client, person).page("/en/profile").form(button="Save profile")
    sessions.end_all(person, clock.now())
    db.session.commit()
    answer = client.submit(form, name=WRITTEN)
    assert answer.status_code == 401
    return answer


def page(answer: Any) -> Any:
    from pages import Page

    return Page(answer)


def test_two_presses_and_it_is_saved(app: Any, client: Any, waiting: Any) -> None:
    signed_in = page(client.submit(page(waiting).form(), email="ana@example.org", password=PASSWORD))
    assert signed_in.status == 200 and "You are signed in" in signed_in.text
    answer = client.submit(signed_in.form(button="Send again"))
    assert (answer.status_code, answer.location) == (302, "/en/profile")
    assert client.page("/en/profile").one("input[@id='name']").get("value") == WRITTEN


def test_a_wrong_password_keeps_it(app: Any, client: Any, waiting: Any) -> None:
    for password, says in (("", "Enter your password"), ("not hers at all", "go together")):
        waiting = client.submit(page(waiting).form(), email="ana@example.org", password=password)
        assert waiting.status_code == 401
        assert WRITTEN in page(waiting).form().values["kept"] and says in page(waiting).text
    signed_in = page(client.submit(page(waiting).form(), email="ana@example.org", password=PASSWORD))
    assert signed_in.form(button="Send again").values["name"] == WRITTEN


def test_signing_in_by_a_link_in_another_tab_does_too(app: Any, client: Any, waiting: Any) -> None:
    here = page(waiting)
    sign_in_page = client.page(here.link("Sign in by a link in a new tab"))
    client.submit(sign_in_page.form(button="Sign in"), ("way", "link"), email="ana@example.org")
    client.submit(client.page(mails.sent()[0].path).form())
    signed_in = page(client.submit(here.form()))
    assert client.submit(signed_in.form(button="Send again")).status_code == 302
    assert client.page("/en/profile").one("input[@id='name']").get("value") == WRITTEN


def test_no_password_and_no_token_waits_in_the_page(app: Any, client: Any) -> None:
    """Threat B22: neither the one that somebody has nor the one that she chose."""
    person = owner(email="ana@example.org")
    form = sign_in(client, person).page("/en/profile/password").form()
    secret = [name for name in form.values if "password" in name]
    assert len(secret) == 2
    typed = dict.fromkeys(secret, "z" * 40)
    for refused in ({**typed, "csrf_token": "of another window"}, {**form.values, **typed}):
        answer = client.post("/en/profile/password", data=refused)
        assert (answer.status_code, "z" * 40 in answer.get_data(as_text=True)) in ((400, False), (422, False))
    sessions.end_all(person, clock.now())
    db.session.commit()
    answer = client.submit(form, **typed)
    assert answer.status_code == 401
    assert "z" * 40 not in answer.get_data(as_text=True)
    assert not {name for name, _value in json.loads(page(answer).form().values["kept"])} & {*secret, "csrf_token"}


def test_an_answer_about_passwords_is_none_and_waits(app: Any, client: Any) -> None:
    """A question’s key is made of its words: what somebody wrote of her password policy was dropped in silence."""
    answer = client.post("/en/profile", data={"password_policy": "Twelve letters", "password": "x"})
    assert json.loads(page(answer).form().values["kept"]) == [["password_policy", "Twelve letters"]]


def test_nobody_is_signed_in_by_a_form_from_elsewhere(app: Any, client: Any) -> None:
    owner(email="ana@example.org")
    data = {"email": "ana@example.org", "password": PASSWORD, "kept": "[]", "kept-action": "/en/profile"}
    assert client.post("/en/sign-in/again", data=data).status_code == 400
    assert client.get("/en/profile").status_code == 302


@pytest.mark.parametrize("kept", ["", "{}x", "[1]", "null", '[["a"]]'])
def test_rubbish_is_refused(app: Any, client: Any, waiting: Any, kept: str) -> None:
    assert client.submit(page(waiting).form(), kept=kept).status_code == 400


def test_it_is_sent_to_this_site_only(app: Any, client: Any, waiting: Any) -> None:
    changes = {"kept-action": "https://evil.example/", "email": "ana@example.org", "password": PASSWORD}
    answer = client.submit(page(waiting).form(), **changes)
    assert answer.status_code == 200 and b"evil.example" not in answer.data


def test_guesses_there_are_counted_like_others(app: Any, client: Any, waiting: Any) -> None:
    form = page(waiting).form()
    found = [client.submit(form, email="ana@example.org", password="x" * 12).status_code for _ in range(11)]
    assert found == [401] * 10 + [429]


def test_forms_work_over_https_where_browsers_send_no_referer(make_app: Any, app: Any) -> None:
    secret = "as long as a secret has to be in production"
    secure = make_app(env="production", secret_key=secret, public_url="https://calls.example.org").test_client()
    owner(email="ana@example.org")
    base = {"base_url": "https://calls.example.org"}
    form = secure.page("/en/sign-in", **base).form()
    values = {**form.values, "email": "ana@example.org", "password": PASSWORD}
    answer = secure.post("/en/sign-in", data=values, **base)
    assert answer.status_code == 302
    names = [c.partition("=")[0] for c in answer.headers.getlist("Set-Cookie")]
    assert sorted(names) == ["__Host-device", "__Host-session"]
    assert all("Secure" in c for c in answer.headers.getlist("Set-Cookie"))
    assert secure.get("/en/profile", **base).status_code == 200
