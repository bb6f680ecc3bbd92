"""Signing in through an organisation's own accounts: who is let in by what the provider says, and who never is.

The provider is a real one, over HTTP on this machine (threats A4, A5, A7: nobody comes in by what somebody else began).
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import world
from accounts.factors_at_hand import with_app
from accounts.provider import Provider, by_public_key, by_secret, by_stranger, running, unsigned
from joserfc.jwk import RSAKey
from pages import StrictClient
from signing_in import PASSWORD, owner

from msme_calls import clock
from msme_calls.accounts import organisation, queries
from msme_calls.accounts.models import LoginSession, Person
from msme_calls.accounts.organisation import Identity
from msme_calls.extensions import db
from msme_calls.settings import SettingsError, from_environment

START = "/en/sign-in/organisation"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as made:
        yield made


@pytest.fixture
def app(make_app: Callable[..., Any], provider: Provider) -> Iterator[Any]:
    made = make_app(**provider.settings())
    with made.app_context():
        yield made
        db.session.rollback()


def through(client: StrictClient, provider: Provider, start: str = START) -> Any:
    """There and back; gives the answer to coming back."""
    there = client.get(start)
    assert there.status_code == 302
    return client.get(provider.visit(there.location))


def is_in(client: StrictClient) -> bool:
    return client.get("/en/profile").status_code == 200


def refused(client: StrictClient, answer: Any, words: str) -> None:
    """She is back at the door, is told why, and everything else there still works."""
    assert (answer.status_code, answer.location) == (302, "/en/sign-in")
    page = client.page("/en/sign-in")
    assert words in page.text
    assert not is_in(client)
    other = queries.find_by_address("other@example.org") or owner(email="other@example.org")
    assert client.submit(page.form(), email=other.email, password=PASSWORD).location == "/en/my-work"


def test_the_button_is_there_only_where_an_organisation_is_named(app: Any, make_app: Any, client: Any) -> None:
    assert client.page("/en/sign-in").link("Sign in through Example Organisation") == START
    without = make_app().test_client()
    assert "Sign in through" not in without.page("/en/sign-in").text
    assert [without.get(p).status_code for p in (START, f"{START}/back")] == [404, 404]


def test_somebody_new_comes_in_and_gets_an_account_without_any_role(app: Any, client: Any, provider: Provider) -> None:
    provider.claims = {"groups": ["administrators"], "is_administrator": True, "role": "convenor"}
    assert through(client, provider).location == "/en/my-work"
    person = queries.find_by_address("ana@example.org")
    assert person and (person.name, person.password) == ("Ana Ejemplo", None)
    assert (person.is_administrator, person.is_convenor) == (False, False)
    assert is_in(client)


def test_where_she_was_going_and_her_language_come_along(app: Any, client: Any, provider: Provider) -> None:
    page = client.page("/fr/profile?tab=1", follow=True)
    start = next(a.get("href") for a in page.all("main//a") if "/sign-in/organisation" in a.get("href", ""))
    assert through(client, provider, start).location == "/fr/profile?tab=1"
    other = app.test_client()
    provider.claims = {"sub": "0-18", "email": "evil@example.org"}
    assert through(other, provider, f"{START}?next=//evil.example/").location == "/en/my-work"


def test_an_account_is_found_by_its_address_once_and_by_its_number_afterwards(
    app: Any, client: Any, provider: Provider
) -> None:
    person = owner(email="ana@example.org", name="Ana")
    through(client, provider)
    assert is_in(client) and [(i.subject, i.person_id) for i in db.session.scalars(db.select(Identity))] == [
        ("0-17", person.id)
    ]
    person.email = "ana@elsewhere.example"  # her address here is another one now
    stranger = world.person(email="ana@example.org")
    db.session.commit()
    again = app.test_client()
    through(again, provider)
    assert again.page("/en/profile").form(button="Save profile").values["name"] == "Ana"
    provider.claims = {"sub": "0-99"}  # and her organisation has given her former address to somebody else
    other = app.test_client()
    through(other, provider)
    assert other.page("/en/profile").form(button="Save profile").values["name"] == stranger.name


WRONG: dict[str, Callable[[Provider], Any]] = {
    "another nonce": lambda p: p.claims.update(nonce="somebody else's"),
    "no nonce": lambda p: p.claims.update(nonce=None),
    "another audience": lambda p: p.claims.update(aud="another-site"),
    "another audience, for us": lambda p: p.claims.update(aud="another-site", azp="calls"),
    "another issuer": lambda p: p.claims.update(iss="https://evil.example"),
    "expired": lambda p: p.claims.update(exp=int(time.time()) - 120, iat=int(time.time()) - 600),
    "from the future": lambda p: p.claims.update(nbf=int(time.time()) + 600),
    "no subject": lambda p: p.claims.update(sub=None),
    "unsigned": lambda p: setattr(p, "sign", unsigned),
    "signed with our secret": lambda p: setattr(p, "sign", by_secret),
    "signed with the public key": lambda p: setattr(p, "sign", by_public_key),
    "signed by a stranger": lambda p: setattr(p, "sign", by_stranger),
    "no token of identity": lambda p: setattr(p, "gives_token", False),
}


def test_a_token_that_is_wrong_lets_nobody_in(app: Any, client: Any, provider: Provider) -> None:
    """Threat A5: not one that was made for another browser, site or time, nor one that the provider did not sign."""
    world.person(email="ana@example.org")
    said = {}
    for wrong, make in WRONG.items():
        provider.claims, provider.sign, provider.gives_token = {}, None, True
        make(provider)
        other = app.test_client()
        answer = through(other, provider)
        words = "Signing in through your organisation did not work" in other.page("/en/sign-in").text
        said[wrong] = (answer.location, words, is_in(other))
    assert said == dict.fromkeys(WRONG, ("/en/sign-in", True, False))
    assert db.session.scalars(db.select(Identity)).all() == []
    provider.gives_token = True
    through(client, provider)
    assert is_in(client), "and a right one does"


def test_only_an_address_that_is_verified_counts(app: Any, client: Any, provider: Provider) -> None:
    through(client, provider)
    for said, subject in [(said, sub) for said in (False, None, "true", 1) for sub in ("0-17", "0-18")]:
        provider.claims = {"email_verified": said, "sub": subject}  # even for whoever was linked before
        other = app.test_client()
        assert through(other, provider).location == "/en/sign-in" and not is_in(other)
        assert "doesn’t say that your address is verified" in other.page("/en/sign-in").text


def test_the_provider_is_believed_of_its_own_domains_only(app: Any, client: Any, provider: Provider) -> None:
    world.person(email="ana@elsewhere.example", is_administrator=True)
    for email in ("ana@elsewhere.example", "ana@sub.example.org", "ana@example.org.evil.example", "", 7, None):
        provider.claims = {"email": email}
        other = app.test_client()
        assert through(other, provider).location == "/en/sign-in" and not is_in(other)
    assert db.session.scalars(db.select(Identity)).all() == []
    provider.claims = {"email": "ana@Example.NET"}
    through(client, provider)
    assert is_in(client)


def test_a_closed_account_stays_closed(app: Any, client: Any, provider: Provider) -> None:
    person = world.person(email="ana@example.org", active=False)
    refused(client, through(client, provider), "This account is closed")
    assert db.session.get_one(Person, person.id).active is False


def test_coming_back_twice_or_with_what_another_browser_began_lets_nobody_in(
    app: Any, client: Any, provider: Provider
) -> None:
    """Threat A5: nobody is signed in to somebody else's account by following her link."""
    back = provider.visit(client.get(START).location)
    victim = app.test_client()
    refused(victim, victim.get(back), "Signing in through your organisation did not work")
    client.get(back)
    assert is_in(client)
    client.submit(client.page("/en/profile").form(button="Sign out"))
    answer = client.get(back)
    assert answer.location == "/en/sign-in" and not is_in(client)
    assert client.get(f"{START}/back").location == "/en/sign-in"
    assert client.get(f"{START}/back?error=access_denied&state=x").location == "/en/sign-in"
    assert not is_in(client)


def test_a_session_from_before_does_not_go_on(app: Any, client: Any, provider: Provider) -> None:
    there = client.get(START).location
    with client.session_transaction() as cookie:
        before = dict(cookie)
    client.get(provider.visit(there))
    with client.session_transaction() as cookie:
        assert not (set(before) & set(cookie)) - {"csrf_token"} and cookie.get("csrf_token") != before.get(
            "csrf_token", "x"
        )


FAULTS = {
    "it is down": lambda p: p.down.add("/.well-known/openid-configuration"),
    "its tokens are down": lambda p: p.down.add("/token"),
    "its keys are down": lambda p: p.down.add("/keys"),
    "it calls itself otherwise": lambda p: p.described.update(issuer="https://evil.example"),
    "it hangs": lambda p: p.hangs.add("/.well-known/openid-configuration"),
    "its tokens hang": lambda p: p.hangs.add("/token"),
    "its keys hang": lambda p: p.hangs.add("/keys"),
}


# What can't be reached is called so; a provider that answers with an error has refused.
REFUSES = {"its tokens are down"}


def test_a_provider_in_trouble_keeps_nobody_from_other_ways(
    make_app: Any, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every request to it has an end, and what it breaks is said in a sentence (threat C13, of another server)."""
    monkeypatch.setattr(organisation, "PATIENCE", 0.2)
    for fault, make in FAULTS.items():
        make(provider)
        app = make_app(**provider.settings())
        with app.app_context():
            client = app.test_client()
            answer = client.get(START)
            if answer.location.startswith(provider.issuer):
                answer = client.get(provider.visit(answer.location))
            refused(client, answer, "does not work just now" if fault not in REFUSES else "did not work")
            provider.down.clear()
            provider.hangs.clear()
            provider.described.clear()
            client.submit(client.page("/en/profile").form(button="Sign out"))
            through(client, provider)
            assert is_in(client), f"after “{fault}” this way works again without a restart"


def test_a_new_key_of_the_provider_is_learned(app: Any, client: Any, provider: Provider) -> None:
    through(client, provider)
    provider.key = RSAKey.generate_key(2048, {"kid": "two"})
    other = app.test_client()
    through(other, provider)
    assert is_in(other)


def test_the_second_step_is_asked_for_whatever_the_provider_says(app: Any, client: Any, provider: Provider) -> None:
    """Threat A3: a provider that claims several factors, or is taken over, doesn't replace the one that is ours."""
    with_app(email="ana@example.org", is_administrator=True)
    provider.claims = {"amr": ["mfa", "hwk"], "acr": "urn:example:mfa"}
    assert through(client, provider).location == "/en/sign-in/second-step"
    assert not is_in(client)


@pytest.mark.parametrize(("minutes", "fresh"), [(None, False), (60, False), (5, True)])
def test_being_let_through_unasked_is_no_proof_before_a_grave_act(
    app: Any, client: Any, provider: Provider, minutes: int | None, fresh: bool
) -> None:
    """Threat A4: whoever sits down at an open screen comes in by one press, but changes no password by it."""
    world.person(email="ana@example.org")
    if minutes is not None:
        provider.claims = {"auth_time": int((clock.now() - timedelta(minutes=minutes)).timestamp())}
    through(client, provider)
    assert (client.get("/en/profile/password").status_code == 200) is fresh
    assert len(db.session.scalars(db.select(LoginSession)).all()) == 1


def test_many_beginnings_fit_into_one_cookie(app: Any, client: Any, provider: Provider) -> None:
    for _n in range(30):
        there = client.get(START).location
    assert len(client.get_cookie("session").value) < 2000
    assert client.get(provider.visit(there)).location == "/en/my-work"


def test_half_a_provider_is_refused_by_the_name_of_what_is_missing() -> None:
    whole = {
        "MSME_OIDC_ISSUER": "https://login.example.org", "MSME_OIDC_CLIENT_ID": "calls", "MSME_OIDC_CLIENT_SECRET": "x",
        "MSME_OIDC_NAME": "Example Organisation", "MSME_OIDC_DOMAINS": "example.org",
    }  # fmt: skip
    assert from_environment(whole).trusted_domains == {"example.org"}
    for name in set(whole) - {"MSME_OIDC_ISSUER"}:
        with pytest.raises(SettingsError, match=rf"^{name} must be set too where MSME_OIDC_ISSUER is\.$"):
            from_environment({**whole, name: ""})
    with pytest.raises(SettingsError, match="^MSME_OIDC_ISSUER must be the https address"):
        from_environment({**whole, "MSME_OIDC_ISSUER": "http://login.example.org"})
