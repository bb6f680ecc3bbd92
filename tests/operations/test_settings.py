"""A setting at fault is told in one sentence that names the variable; production starts with nothing unsafe."""

from pathlib import Path

import pytest

from msme_calls import settings
from msme_calls.settings import DEVELOPMENT_SECRET, SettingsError, from_environment

PRODUCTION = {
    "MSME_ENV": "production",
    "MSME_SECRET_KEY": "x" * 32,
    "MSME_PUBLIC_URL": "https://calls.example.org",
}


def test_nothing_set_is_a_development_installation() -> None:
    made = from_environment({})
    assert (made.env, made.address, made.data) == ("development", "http://127.0.0.1:8000", settings.HERE / "var")
    assert made.database == f"sqlite:///{settings.HERE}/var/msme-calls.sqlite3"


def test_an_empty_variable_is_as_if_not_set() -> None:
    assert from_environment({"MSME_PORT": "", "MSME_MAIL_TLS": ""}) == from_environment({})


@pytest.mark.parametrize(
    "name, value",
    [
        ("MSME_ENV", "staging"),
        ("MSME_PORT", "eighty"),
        ("MSME_PORT", "0"),
        ("MSME_PORT", "65536"),
        ("MSME_THREADS", "0"),
        ("MSME_TRUSTED_PROXIES", "-1"),
        ("MSME_MAIL_TLS", "maybe"),
        ("MSME_MAIL_PORT", "0"),
        ("MSME_MAIL_TIMEOUT", "0"),
        ("MSME_MAX_UPLOAD_MB", "0"),
        ("MSME_LOG_LEVEL", "LOUD"),
        ("MSME_STAFF_SECOND_FACTOR", "perhaps"),
        ("MSME_PUBLIC_URL", "calls.example.org"),
        ("MSME_NOW", "2027-06-27"),
        ("MSME_NOW", "2027-06-27T08:00:00"),
        ("MSME_NOW", "tomorrow"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} must [^\n]+\.$"):
        from_environment({name: value})


def test_a_site_on_the_web_is_not_a_development_installation_by_oversight() -> None:
    with pytest.raises(SettingsError, match="^MSME_ENV must be production"):
        from_environment({"MSME_PUBLIC_URL": "https://calls.example.org"})


@pytest.mark.parametrize(
    "name, value",
    [
        ("MSME_SECRET_KEY", ""),
        ("MSME_SECRET_KEY", DEVELOPMENT_SECRET),
        ("MSME_SECRET_KEY", "x" * 31),
        ("MSME_PUBLIC_URL", ""),
        ("MSME_PUBLIC_URL", "http://calls.example.org"),
        ("MSME_NOW", "2027-06-27T07:59:00Z"),
        ("MSME_SECRET_KEY_OLD", DEVELOPMENT_SECRET),
        ("MSME_STAFF_SECOND_FACTOR", "offered"),
    ],
)
def test_production_refuses_what_is_unsafe(name: str, value: str) -> None:
    """Threat B28."""
    assert from_environment(PRODUCTION).production
    with pytest.raises(SettingsError, match=name):
        from_environment({**PRODUCTION, name: value})


def test_the_data_folder_is_the_same_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_environment({"MSME_DATA": "here"}).data == tmp_path / "here"
    assert from_environment({"MSME_DATA": "~/calls"}).data == Path.home() / "calls"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_an_address_of_postgresql_needs_no_driver_s_name(scheme: str) -> None:
    made = from_environment({"MSME_DATABASE_URL": f"{scheme}://calls:secret@db/calls"})
    assert made.database == "postgresql+psycopg://calls:secret@db/calls"


@pytest.mark.parametrize(
    "given, required",
    [({}, False), ({"MSME_ENV": "test"}, False), ({"MSME_STAFF_SECOND_FACTOR": "required"}, True), (PRODUCTION, True)],
)
def test_people_at_a_desk_need_a_second_factor_in_production(given: dict[str, str], required: bool) -> None:
    assert from_environment(given).staff_needs_factor is required
