"""Nobody finds out by asking who has an account (threat A1)."""

import re
from typing import Any

import argon2
import mails
import pytest
import world
from statements import statements

from msme_calls.accounts import passwords
from msme_calls.accounts.models import Person

WRONG = "not her password, surely"
KINDS = ("owner", "without a password", "deactivated", "unknown")
ADDRESS = "somebody@example.org"


def make(kind: str) -> None:
    given: dict[str, dict[str, Any]] = {
        "owner": {"password": passwords.hashed("marigold over ultramarine")},
        "without a password": {},
        "deactivated": {"password": passwords.hashed("marigold over ultramarine"), "active": False},
    }
    if kind in given:
        world.person(email=ADDRESS, **given[kind])


def ask(client: Any, path: str, verifications: list[int], **typed: Any) -> tuple[Any, ...]:
    """Everything that can be seen of an answer, and what it costs."""
    form = client.page(path).form()
    button = ("way", "link") if typed.pop("by_link", False) else None
    before = len(verifications)
    with statements() as run:
        answer = client.submit(form, button=button, **typed)
    body = re.sub(r'(name="csrf_token" value="|data-options=")[^"]+', r"\1", answer.get_data(as_text=True))
    headers = [
        (n, "" if n in ("X-Request-Id", "Set-Cookie") else v) for n, v in answer.headers if n != "Content-Length"
    ]
    run = [re.sub(r"_\d+\b", "_n", s) for s in run]
    return answer.status_code, sorted(headers), body, run, len(verifications) - before


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each password that argon2 has checked."""
    done: list[int] = []
    real = argon2.PasswordHasher.verify

    def verify(self: Any, kept: Any, password: Any) -> Any:
        done.append(1)
        return real(self, kept, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", verify)
    return done


@pytest.mark.parametrize(
    "path, typed, checked",
    [
        ("/en/sign-in", {"email": ADDRESS, "password": WRONG}, 1),
        ("/en/sign-in", {"email": ADDRESS, "by_link": True}, 0),
        ("/en/register", {"email": ADDRESS, "name": "Somebody"}, 0),
        ("/en/reset-password", {"email": ADDRESS}, 0),
    ],
)
def test_an_answer_says_nothing_of_who_has_an_account(
    app: Any, client: Any, verifications: list[int], path: str, typed: dict[str, Any], checked: int
) -> None:
    expected = ask(app.test_client(), path, verifications, **{**typed, "email": "nobody@example.org"})
    expected = (*expected[:2], expected[2].replace("nobody@example.org", ADDRESS), *expected[3:])
    assert expected[4] == checked
    for kind in KINDS:
        world.db.session.execute(world.db.delete(Person))
        make(kind)
        assert ask(app.test_client(), path, verifications, **typed) == expected, kind


def test_only_the_mailbox_tells(app: Any, client: Any) -> None:
    make("owner")
    for address in (ADDRESS, "nobody@example.org"):
        client.submit(client.page("/en/register").form(), email=address, name="Somebody")
    assert [(m.to, m.subject) for m in mails.sent()] == [
        ("nobody@example.org", "Confirm your address"),
        (ADDRESS, "You have an account already"),
    ]


def test_passwords_cost_what_is_recommended() -> None:
    parameters = argon2.extract_parameters(passwords.hashed("marigold over ultramarine"))
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (19456, 2, 1)
    assert argon2.extract_parameters(passwords._NOBODYS) == parameters
