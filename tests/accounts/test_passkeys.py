"""Passkeys: made for this site, shown with finger, face or PIN, and nothing that only looks like one (threat A3)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from accounts.factors_at_hand import STEP, is_signed_in
from authenticator import Authenticator
from pages import Page
from signing_in import PASSWORD, owner, sign_in

from msme_calls import clock
from msme_calls.accounts import factors
from msme_calls.accounts.models import Person
from msme_calls.extensions import db

pytestmark = pytest.mark.usefixtures("cheap_passwords")

ADD = "/en/profile/security/passkey"


def options(page: Page) -> str:
    """What the page asks the browser for."""
    return page.one("div[@data-passkey]").get("data-options", "")


def add(client: Any, key: Authenticator, **values: Any) -> Page:
    page = client.page(ADD)
    return Page(client.submit(page.form(), passkey=key.make(options(page)), **values))


@pytest.fixture
def ana(app: Any, client: Any) -> Person:
    person = owner(email="ana@example.org")
    sign_in(client, person)
    return person


@pytest.fixture
def key(client: Any, ana: Person) -> Authenticator:
    made = Authenticator()
    assert add(client, made).title == "Your recovery codes"
    return made


def at_second_step(client: Any) -> Page:
    answer = client.submit(client.page("/en/sign-in").form(), email="ana@example.org", password=PASSWORD)
    assert answer.location == STEP
    return client.page(STEP)


def show(client: Any, page: Page, key: Authenticator, asked: str = "") -> Page:
    return Page(client.submit(page.form(), passkey=key.show(asked or options(page))))


def test_phones_computers_and_keys_are_all_asked_and_all_ask_their_owner(app: Any, client: Any, ana: Person) -> None:
    asked = json.loads(options(client.page(ADD)))
    chosen = asked["authenticatorSelection"]
    assert "authenticatorAttachment" not in chosen
    assert (chosen["residentKey"], chosen["requireResidentKey"], chosen["userVerification"]) == (
        "required",
        True,
        "required",
    )
    assert (asked["rp"]["id"], asked["attestation"]) == ("localhost", "none")


def test_a_passkey_is_a_second_step(app: Any, client: Any, key: Authenticator) -> None:
    other = app.test_client()
    page = at_second_step(other)
    assert json.loads(options(page))["userVerification"] == "required"
    assert show(other, page, key).response.location == "/en/my-work"
    assert is_signed_in(other)


def test_a_passkey_signs_in_by_itself(app: Any, client: Any, key: Authenticator) -> None:
    other = app.test_client()
    page = other.page("/en/sign-in?next=/en/profile")
    assert json.loads(options(page))["allowCredentials"] == []
    assert show(other, page, key).response.location == "/en/profile"
    assert is_signed_in(other)


def test_an_answer_is_taken_once(app: Any, client: Any, key: Authenticator) -> None:
    other = app.test_client()
    page = other.page("/en/sign-in")
    answer = key.show(options(page))
    assert other.submit(page.form(), passkey=answer).status_code == 302
    thief = app.test_client()
    again = Page(thief.submit(thief.page("/en/sign-in").form(), passkey=answer))
    assert again.status == 422 and "was not accepted" in again.text
    assert not is_signed_in(thief)


def test_a_question_holds_for_an_hour(app: Any, client: Any, key: Authenticator, at: Any) -> None:
    other = app.test_client()
    page = other.page("/en/sign-in")
    at(clock.now() + timedelta(hours=1))
    assert show(other, page, key).status == 422


@pytest.mark.parametrize("lie", ["no finger", "other site", "other key", "asked at the door", "other's question"])
def test_what_only_looks_like_her_passkey_is_refused(app: Any, client: Any, key: Authenticator, lie: str) -> None:
    other, asked = app.test_client(), ""
    page = at_second_step(other)
    if lie == "no finger":
        key.verified = False
    elif lie == "other site":
        key.origin = "https://evil.example"
    elif lie == "other key":
        key.key = Authenticator().key
    elif lie == "asked at the door":
        asked = options(other.page("/en/sign-in"))
    else:
        person = owner(email="eva@example.org")
        factors.add_passkey(person, "", "AAAA", "AAAA", 0, by=person, at=clock.now())
        eva = app.test_client()
        eva.submit(eva.page("/en/sign-in").form(), email="eva@example.org", password=PASSWORD)
        asked = options(eva.page(STEP))
    assert show(other, page, key, asked).status == 422
    assert not is_signed_in(other)


def test_somebody_else_s_passkey_is_no_second_step_of_mine(app: Any, client: Any, key: Authenticator) -> None:
    eva = owner(email="eva@example.org")
    hers = Authenticator()
    hers_browser = sign_in(app.test_client(), eva)
    add(hers_browser, hers)
    other = app.test_client()
    assert show(other, at_second_step(other), hers).status == 422


def test_a_copied_passkey_is_known_by_its_count(app: Any, client: Any, ana: Person) -> None:
    key = Authenticator(count=7)
    add(client, key)
    for count, status in ((7, 302), (6, 422), (7, 422), (20, 302)):  # it counts one up before it answers
        key.count = count
        other = app.test_client()
        assert show(other, at_second_step(other), key).status == status, count


def test_a_removed_passkey_and_a_deactivated_owner_sign_nobody_in(
    app: Any, client: Any, key: Authenticator, ana: Any
) -> None:
    other = app.test_client()
    ana.active = False
    assert show(other, other.page("/en/sign-in"), key).status == 422
    ana.active = True
    factors.remove(ana, factors.of(ana)[0], by=ana, at=clock.now())
    assert show(other, other.page("/en/sign-in"), key).status == 422


def test_a_passkey_is_added_once_and_to_one_account(app: Any, client: Any, key: Authenticator) -> None:
    page = client.page(ADD)
    assert [c["id"] for c in json.loads(options(page))["excludeCredentials"]] == [
        json.loads(key.make(options(page)))["id"]
    ]
    assert add(client, key).status == 422
    eva = sign_in(app.test_client(), owner(email="eva@example.org"))
    assert add(eva, key).status == 422


@pytest.mark.parametrize(
    "lie", [{"verified": False}, {"origin": "https://evil.example"}, {"origin": "http://localhost:8080"}]
)
def test_a_passkey_made_otherwise_is_not_added(app: Any, client: Any, ana: Person, lie: dict[str, Any]) -> None:
    answer = add(client, Authenticator(**lie))
    assert answer.status == 422 and "was not made" in answer.text
    assert not factors.has(ana)


RUBBISH = (
    "x", "null", "[]", "{}", "[" * 5000, '{"id": 1}', '{"id": "\\u0000", "response": {"clientDataJSON": "e30"}}',
    '{"id": "AAAA", "response": []}', "9" * 30_000, '{"id": "é", "response": {"clientDataJSON": {}}}',
)  # fmt: skip


def test_whatever_is_sent_is_no_passkey_and_no_failure(app: Any, client: Any, key: Authenticator) -> None:
    door, half_way = app.test_client(), app.test_client()
    forms = [(door, door.page("/en/sign-in").form()), (half_way, at_second_step(half_way).form())]
    forms.append((client, client.page(ADD).form()))
    for rubbish in RUBBISH:
        for browser, form in forms:
            assert browser.submit(form, passkey=rubbish).status_code == 422, rubbish[:50]


def test_every_part_of_an_answer_counts(app: Any, client: Any, key: Authenticator) -> None:
    other = app.test_client()
    page = other.page("/en/sign-in")
    answer = json.loads(key.show(options(page)))
    for part in answer["response"]:
        for value in ("", "AAAA", 7, None):
            said = {**answer, "response": {**answer["response"], part: value}}
            if not (part == "userHandle" and not value):  # it may be missing: the passkey's number says whose it is
                assert other.submit(page.form(), passkey=json.dumps(said)).status_code == 422, (part, value)
    assert other.submit(page.form(), passkey=json.dumps(answer)).status_code == 302


def test_a_site_whose_address_is_a_number_offers_none(app: Any, make_app: Any) -> None:
    person = owner(email="ana@example.org")
    number = make_app(public_url="http://127.0.0.1:8000").test_client()
    sign_in(number, person)
    at_number = {"base_url": "http://127.0.0.1:8000"}
    number.set_cookie("session", number.get_cookie("session").value, domain="127.0.0.1")
    page = number.page(ADD, **at_number)
    assert page.all("div[@data-passkey]") == [] and "this address is a number" in page.text
    by_name = number.page(ADD, base_url="http://localhost:8000")
    assert json.loads(options(by_name))["rp"]["id"] == "localhost"


def test_guesses_with_passkeys_are_counted_for_the_network(app: Any, client: Any) -> None:
    form = client.page("/en/sign-in").form()
    found = [client.submit(form, passkey="{}").status_code for _ in range(51)]
    assert found == [422] * 50 + [429]


def test_when_it_was_used_is_known(app: Any, client: Any, key: Authenticator, ana: Person) -> None:
    (factor,) = factors.of(ana)
    assert factor.used_at is None
    other = app.test_client()
    show(other, other.page("/en/sign-in"), key)
    db.session.refresh(factor)
    assert factor.used_at == clock.now()
