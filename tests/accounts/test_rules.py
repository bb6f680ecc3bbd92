"""What names, addresses and passwords must be."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msme_calls.accounts import passwords, rules
from msme_calls.accounts.models import normal_address


@pytest.mark.parametrize("password", sorted(rules.COMMON))
def test_every_common_password_is_long_enough_to_need_refusing(password: str) -> None:
    assert len(password) >= rules.SHORTEST and password == password.casefold()
    assert rules.no_password(password.upper(), "ana@example.org", "Ana")


@pytest.mark.parametrize(
    "password",
    ["marigold over ultramarine", "tres tristes tigres", "été comme hiver 27", "李小龍的密碼是很長的", "x7$Kp2!mQz"],
)
def test_a_good_password_is_accepted_in_any_language(password: str) -> None:
    assert rules.no_password(password, "ana@example.org", "Ana Ejemplo") is None


@pytest.mark.parametrize(
    "password", ["ana.ejemplo@example.org", "Ana Ejemplo", "anaejemplo99", "ÁNA-EJEMPLO!", "example.org"]
)
def test_one_s_own_name_and_address_are_no_password(password: str) -> None:
    assert rules.no_password(password, "ana.ejemplo@example.org", "Ana Ejemplo")


@given(st.text(), st.text(), st.text())
def test_any_text_gets_an_answer(password: str, address: str, name: str) -> None:
    rules.no_password(password, address, name)
    rules.no_name(name)
    rules.no_address(address)
    assert normal_address(normal_address(address)) == normal_address(address)


def test_a_password_is_the_same_however_a_keyboard_composes_it() -> None:
    kept = passwords.hashed(unicodedata.normalize("NFC", "été à Zürich"))
    assert passwords.match(kept, unicodedata.normalize("NFD", "été à Zürich"))
    assert not passwords.match(kept, "ete a Zurich") and not passwords.match(None, "") and not passwords.match("x", "x")
