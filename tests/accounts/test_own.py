"""One's own account, and that a form changes what it shows and nothing else (threat A11)."""

from typing import Any

import mails
import pytest
import sqlalchemy as sa
from signing_in import PASSWORD, browser_of, owner, register, sign_in

from msme_calls import clock
from msme_calls.accounts import actions, links, passwords, queries
from msme_calls.accounts.models import Person, PersonEconomy
from msme_calls.extensions import db
from msme_calls.history import History

EVERY_COLUMN = {c.key: "1" for c in Person.__table__.columns}


def row(person: Person) -> dict[str, Any]:
    """Every column of somebody but the count of changes."""
    columns = [c for c in Person.__table__.columns if c.key not in ("version", "name_folded", "organisation_folded")]
    return dict(db.session.execute(sa.select(*columns).where(Person.id == person.id)).one()._mapping)


def test_a_profile_is_saved_and_shown(app: Any, client: Any) -> None:
    person = owner(name="Ana", economies=("KE", "FR"))
    form = sign_in(client, person).page("/en/profile").form(button="Save profile")
    assert [form.values[f"economies-{n}-code"] for n in range(3)] == ["FR", "KE", ""]
    changes = {"name": "Ána Ejemplo", "language": "fr", "zone": "Africa/Nairobi", "organisation": "Éxample Union"}
    changes |= {"economies-0-code": "", "economies-2-code": "UY", "international_staff": "y"}
    assert client.submit(form, **changes).location == "/en/profile"
    assert (person.name, person.name_folded, person.language, person.zone) == (
        "Ána Ejemplo",
        "ana ejemplo",
        "fr",
        "Africa/Nairobi",
    )
    assert (person.organisation_folded, person.international_staff) == ("example union", True)
    assert person.economy_codes == {"KE", "UY"}
    shown = client.page("/en/profile")
    assert "Your profile is saved." in shown.text
    assert [shown.form(button="Save profile").values[f"economies-{n}-code"] for n in range(3)] == ["KE", "UY", ""]


def test_the_history_says_that_a_profile_changed_and_no_personal_word(app: Any, client: Any) -> None:
    person = owner(name="Ana Ejemplo")
    client = sign_in(client, person)
    client.submit(client.page("/en/profile").form(button="Save profile"), organisation="Secret Society")
    rows = db.session.scalars(sa.select(History).order_by(History.seq)).all()
    assert [r.verb for r in rows] == ["update-profile", "update-standing"]
    assert all("Secret" not in r.payload and "Ana" not in r.payload and "@" not in r.payload for r in rows)


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"name": ""}, "Enter your name."),
        ({"organisation": "A\nB"}, "Write the name on one line"),
        ({"zone": "Mars/Olympus"}, "Not a valid choice"),
        ({"language": "de"}, "Not a valid choice"),
        ({"economies-0-code": "ZZ"}, "Choose an economy from the list."),
    ],
)
def test_what_can_not_be_saved_is_said_beside_it_and_kept(
    app: Any, client: Any, changes: dict[str, str], says: str
) -> None:
    person = owner(name="Ana")
    form = sign_in(client, person).page("/en/profile").form(button="Save profile")
    before = row(person)
    typed = {"organisation": "Typed Organisation", **changes}
    answer = client.submit(form, **typed)
    assert answer.status_code == 422 and says in answer.get_data(as_text=True)
    assert typed["organisation"] in answer.get_data(as_text=True).replace("&#10;", "\n")
    assert row(person) == before


def test_changing_the_password_needs_the_old_one_and_ends_other_sessions(app: Any, client: Any) -> None:
    person = owner()
    elsewhere = browser_of(app, person)
    form = sign_in(client, person).page("/en/profile/password").form(button="Set the password")
    refused = client.submit(form, current_password="not the one", password="a completely new one")
    assert refused.status_code == 422 and b"not your current password" in refused.data
    assert elsewhere.get("/en/profile").status_code == 200
    assert client.submit(form, current_password=PASSWORD, password="a completely new one").location == "/en/profile"
    assert passwords.match(person.password, "a completely new one")
    assert [c.get("/en/profile").status_code for c in (elsewhere, client)] == [302, 200]
    assert [m.subject for m in mails.sent()] == ["Your password has changed"]


def test_a_first_password_needs_no_old_one(app: Any, client: Any) -> None:
    person = owner()
    person.password = None
    form = sign_in(client, person).page("/en/profile/password").form(button="Set the password")
    assert "current_password" not in form.values
    assert client.submit(form, password="a completely new one").status_code == 302
    assert passwords.match(person.password, "a completely new one")


@pytest.mark.parametrize(
    "path, changed",
    [
        ("/en/profile", {"name", "language", "zone", "organisation", "international_staff"}),
        ("/en/profile/password", {"password"}),
        ("/en/sign-out", set()),
        ("/en/people/{id}/make-convenor", set()),
    ],
)
def test_columns_that_a_form_does_not_show_stay(app: Any, client: Any, path: str, changed: set[str]) -> None:
    person = owner(name="Ana")
    token = sign_in(client, person).page("/en/profile").form(button="Save profile").values["csrf_token"]
    before = row(person)
    extra = {**EVERY_COLUMN, "language": "fr", "zone": "", "current_password": PASSWORD, "password": "brand new words"}
    client.post(path.format(id=person.id), data={"csrf_token": token, **extra, "person_id": "1", "by": "1"})
    after = row(person)
    assert {key for key in before if before[key] != after[key]} <= changed
    assert (after["is_administrator"], after["is_convenor"], after["active"]) == (False, False, True)


@pytest.mark.parametrize("purpose", ["confirm", "administrator"])
def test_an_account_is_made_of_what_the_form_shows(app: Any, client: Any, purpose: str) -> None:
    values = {"called": "Ana", "language": "es"} if purpose == "confirm" else {}
    token = links.issue(purpose, "ana@example.org", at=clock.now(), lasts=actions.ADMINISTRATOR_LASTS, **values)
    form = client.page(f"/en/links/{purpose}/{token}").form()
    extra = {**EVERY_COLUMN, "email": "root@example.org", "name": "Ana", "password": PASSWORD, "language": "fr"}
    client.post(form.action, data={**form.values, **extra, "called": "Root", "address": "root@example.org"})
    person = db.session.scalars(sa.select(Person)).one()
    assert (person.email, person.name, person.organisation, person.zone) == ("ana@example.org", "Ana", "", "")
    assert (person.is_administrator, person.is_convenor) == (purpose == "administrator", False)
    assert person.language == ("es" if purpose == "confirm" else "en")


def test_registering_takes_no_more_than_it_asks_for(app: Any, client: Any) -> None:
    form = client.page("/en/register").form()
    extra = {**EVERY_COLUMN, "email": "ana@example.org", "name": "Ana", "language": "fr"}
    client.post("/en/register", data={**form.values, **extra})
    (mail,) = mails.sent()
    client.submit(client.page(mail.path).form())
    person = queries.find_by_address("ana@example.org")
    assert (person.is_administrator, person.is_convenor, person.password, person.language) == (False, False, None, "en")


def test_standing_is_kept_once_each_and_in_full(app: Any) -> None:
    person = owner(economies=("KE",))
    given = {"organisation": "Example Union", "economies": ["FR", "KE", "FR", "ZZ"], "international_staff": False}
    actions.update_standing(person, **given, by=person, at=clock.now())
    db.session.commit()
    assert sorted(db.session.scalars(sa.select(PersonEconomy.code))) == ["FR", "KE"]


def test_a_name_in_a_mail_is_plain_text(app: Any, client: Any) -> None:
    (mail,) = register(client, '"ana&co"@example.org'.replace('"', ""))
    assert "ana&co@example.org" in mail.text and "ana&amp;co@example.org" in mail.html
