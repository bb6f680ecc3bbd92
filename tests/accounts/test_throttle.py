"""Guessing stops, and nobody is shut out by it for good (threat A2); mails can't be had by the hundred."""

import time
from datetime import timedelta
from typing import Any

import argon2
import mails
import pytest
import world

from msme_calls import clock
from msme_calls.accounts import passwords, throttle
from msme_calls.accounts.models import Throttle
from msme_calls.extensions import db

RIGHT, WRONG = "marigold over ultramarine", "not her password, surely"
ADDRESS = "ana@example.org"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords at a price for tests; the real one is tested with enumeration."""
    cheap = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", cheap)
    monkeypatch.setattr(passwords, "_NOBODYS", cheap.hash("nobody’s"))


def guess(client: Any, password: str, address: str = ADDRESS, **more: Any) -> Any:
    form = client.page("/en/sign-in").form()
    return client.post("/en/sign-in", data={**form.values, "email": address, "password": password}, **more)


def statuses(client: Any, times: int, **more: Any) -> list[int]:
    return [guess(client, WRONG, **more).status_code for _ in range(times)]


@pytest.fixture
def ana(app: Any) -> Any:
    return world.person(email=ADDRESS, password=passwords.hashed(RIGHT))


def test_ten_wrong_guesses_are_judged_and_no_more(app: Any, client: Any, ana: Any) -> None:
    assert statuses(client, 11) == [422] * 10 + [429]
    answer = guess(client, RIGHT)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert "Too many tries" in answer.get_data(as_text=True) and "Wait 15 minutes" in answer.get_data(as_text=True)


def test_another_way_of_writing_the_address_is_the_same_account(app: Any, client: Any, ana: Any) -> None:
    assert statuses(client, 5) + statuses(client, 6, address=" ANA@Example.org") == [422] * 10 + [429]


def test_the_account_opens_again_after_a_quarter_of_an_hour(app: Any, client: Any, ana: Any, at: Any) -> None:
    statuses(client, 11)
    at(clock.now() + timedelta(minutes=15))
    assert guess(client, RIGHT).status_code == 302


def test_a_right_password_forgives_the_wrong_ones(app: Any, client: Any, ana: Any) -> None:
    assert statuses(app.test_client(), 9) == [422] * 9
    assert guess(app.test_client(), RIGHT).status_code == 302
    assert statuses(app.test_client(), 10) == [422] * 10


def test_strangers_cannot_shut_out_a_browser_that_has_signed_in_before(app: Any, client: Any, ana: Any) -> None:
    assert guess(client, RIGHT).status_code == 302
    client.submit(client.page("/en/profile").form(button="Sign out"))
    assert statuses(app.test_client(), 11)[-1] == 429
    assert guess(client, WRONG).status_code == 422
    assert guess(client, RIGHT).status_code == 302


def test_a_known_browser_has_ten_guesses_of_its_own_too(app: Any, client: Any, ana: Any) -> None:
    guess(client, RIGHT)
    client.submit(client.page("/en/profile").form(button="Sign out"))
    assert statuses(client, 11) == [422] * 10 + [429]


def test_a_cookie_for_one_account_is_none_for_another_and_cannot_be_made(app: Any, client: Any, ana: Any) -> None:
    world.person(email="other@example.org", password=passwords.hashed(RIGHT))
    guess(client, RIGHT, address="other@example.org")
    stranger = app.test_client()
    stranger.set_cookie("device", client.get_cookie("device").value)
    assert statuses(stranger, 11)[-1] == 429
    stranger.set_cookie("device", client.get_cookie("device").value[:-1] + "x")
    assert guess(stranger, WRONG, address="other@example.org").status_code == 422


def test_a_link_by_mail_works_however_many_guesses_there_were(app: Any, client: Any, ana: Any) -> None:
    statuses(client, 11)
    client.submit(client.page("/en/sign-in").form(), button=("way", "link"), email=ADDRESS)
    assert client.submit(client.page(mails.sent()[0].path).form()).status_code == 302


def test_a_network_has_fifty_guesses_over_all_accounts(app: Any, client: Any) -> None:
    found = [guess(client, WRONG, address=f"a{n}@example.org").status_code for n in range(51)]
    assert found == [422] * 50 + [429]
    elsewhere = guess(client, WRONG, address="x@example.org", environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 422


def test_behind_a_proxy_a_header_of_one_s_own_gives_no_new_network(app: Any, make_app: Any) -> None:
    client = make_app(trusted_proxies=1).test_client()
    found = [
        guess(client, WRONG, f"a{n}@example.org", headers={"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.9"})
        for n in range(51)
    ]
    assert [a.status_code for a in found] == [422] * 50 + [429]


@pytest.mark.parametrize(
    "address, same",
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("rubbish", "unknown"),
    ],
)
def test_a_network_is_what_one_subscriber_has(address: str | None, same: str) -> None:
    assert throttle.network(address) == same


def test_counts_outlive_a_restart_and_say_neither_who_nor_where(app: Any, client: Any, ana: Any, make_app: Any) -> None:
    statuses(client, 10)
    assert guess(make_app().test_client(), RIGHT).status_code == 429
    keys = db.session.scalars(db.select(Throttle.key)).all()
    assert len(keys) == 2 and all(len(k) == 64 and "ana" not in k for k in keys)


def test_an_address_gets_five_mails_an_hour_and_whoever_asks_cannot_tell(app: Any, client: Any, at: Any) -> None:
    def ask() -> Any:
        return client.submit(client.page("/en/register").form(), email=ADDRESS, name="Ana")

    answers = [ask() for _ in range(6)]
    assert {(a.status_code, a.location) for a in answers} == {(302, "/en/check-your-mail")}
    assert len(mails.sent()) == 5
    at(clock.now() + timedelta(hours=1))
    ask()
    assert len(mails.sent()) == 1


def test_a_network_gets_thirty_mails_an_hour_and_is_told(app: Any, client: Any) -> None:
    form = client.page("/en/register").form()
    answers = [client.submit(form, email=f"a{n}@example.org", name="Ana") for n in range(31)]
    assert [a.status_code for a in answers] == [302] * 30 + [429]
    assert answers[-1].headers["Retry-After"] == "3600" and b"Wait 60 minutes" in answers[-1].data
    assert len(mails.sent()) == 30


@pytest.mark.parametrize("field", ["email", "password"])
def test_nobody_holds_the_server_up_with_a_million_accents(app: Any, client: Any, field: str) -> None:
    """To sort them took an hour for one request, while every other one waited."""
    crowd = "a" + "\u0300\u0316" * 150_000
    typed = {"email": "ana@example.org", "password": "something long"} | {field: crowd + "@example.org"}
    page = client.page("/en/sign-in")
    begun = time.process_time()
    assert client.submit(page.form(), **typed).status_code == 422
    assert time.process_time() - begun < 5
