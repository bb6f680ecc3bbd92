"""Administrators: how the first comes in, what they give and take, and that it holds at once (threat A9)."""

from datetime import timedelta
from typing import Any

import mails
import pytest
import sqlalchemy as sa
import world
from signing_in import PASSWORD, browser_of, owner, sign_in
from statements import statements

from msme_calls import clock
from msme_calls.accounts import actions, queries
from msme_calls.accounts.models import Person
from msme_calls.errors import Refused
from msme_calls.extensions import db
from msme_calls.history import History


def administrator(**values: Any) -> Person:
    return world.person(is_administrator=True, **values)


def path_of(url: str) -> str:
    assert url.startswith("http://localhost/")
    return url.removeprefix("http://localhost")


def test_the_first_administrator_comes_in_by_a_link_that_works_once(app: Any, client: Any) -> None:
    url = actions.invite_administrator("root@example.org", at=clock.now())
    page = client.page(path_of(url))
    assert client.submit(page.form(), name="Rut Ejemplo", password=PASSWORD).location == "/en/my-work"
    person = queries.find_by_address("root@example.org")
    assert (person.name, person.is_administrator, person.is_convenor) == ("Rut Ejemplo", True, False)
    assert client.get("/en/people").status_code == 200
    assert app.test_client().get(path_of(url)).status_code == 404


def test_an_invitation_lasts_seven_days(app: Any, client: Any, at: Any) -> None:
    url, begun = actions.invite_administrator("root@example.org", at=clock.now()), clock.now()
    at(begun + timedelta(days=7, seconds=-1))
    assert client.get(path_of(url)).status_code == 200
    at(begun + timedelta(days=7))
    assert client.get(path_of(url)).status_code == 404


def test_somebody_with_an_account_keeps_it_and_its_password(app: Any, client: Any) -> None:
    person = owner(email="root@example.org", name="Rut")
    before = person.password
    page = client.page(path_of(actions.invite_administrator("ROOT@example.org", at=clock.now())))
    assert {"name", "password"} & set(page.form().values) == set()
    client.submit(page.form(), name="Mallory", password="something else entirely")
    assert (person.is_administrator, person.name, person.password) == (True, "Rut", before)


def test_an_invitation_without_a_name_says_so_and_stays_good(app: Any, client: Any) -> None:
    page = client.page(path_of(actions.invite_administrator("root@example.org", at=clock.now())))
    assert client.submit(page.form(), name=" ").status_code == 422
    assert client.submit(page.form(), name="Rut").status_code == 302


@pytest.mark.parametrize("role", ["nobody in particular", "convenor", "signed out"])
def test_for_others_there_are_no_such_pages(app: Any, client: Any, role: str) -> None:
    person = world.person(is_convenor=role == "convenor")
    token = ""
    if role != "signed out":
        token = sign_in(client, person).page("/en/profile").form(button="Save profile").values["csrf_token"]
    gets = [client.get(p).status_code for p in ("/en/people", f"/en/people/{person.id}", f"/en/people/{owner().id}")]
    post = client.post(f"/en/people/{person.id}/make-administrator", data={"csrf_token": token}).status_code
    assert (gets, post) == (([302] * 3, 401) if role == "signed out" else ([404] * 3, 404))
    assert not person.is_administrator


def press(client: Any, person: Person, words: str) -> Any:
    return client.submit(client.page(f"/en/people/{person.id}").form(button=words))


def test_roles_are_given_and_taken_with_history_and_mail(app: Any, client: Any) -> None:
    by, person = administrator(), world.person(name="Ana")
    sign_in(client, by)
    for words in ("Make convenor", "Make administrator", "End convenor role", "End administrator role"):
        assert press(client, person, words).location == f"/en/people/{person.id}"
    rows = db.session.scalars(sa.select(History).order_by(History.seq)).all()
    assert [(r.verb, r.actor_id, r.said["details"]["person"]) for r in rows] == [
        (verb, by.id, str(person.id))
        for verb in ("grant-convenor", "grant-administrator", "revoke-convenor", "revoke-administrator")
    ]
    assert (person.is_administrator, person.is_convenor) == (False, False)
    assert {m.subject for m in mails.sent()} == {"You may create calls now", "You are an administrator now"}


@pytest.mark.parametrize("words", ["End administrator role", "Deactivate account"])
def test_what_is_taken_away_is_gone_at_the_next_request(app: Any, client: Any, words: str) -> None:
    by, other = administrator(), administrator(email="other@example.org", name="Other")
    theirs = browser_of(app, other)
    assert theirs.get("/en/people").status_code == 200
    press(sign_in(client, by), other, words)
    assert theirs.get("/en/people").status_code == 302
    if words == "End administrator role":
        assert sign_in(theirs, other).get("/en/people").status_code == 404


def test_a_deactivated_account_comes_back_as_it_was(app: Any, client: Any) -> None:
    by, person = administrator(), owner(email="ana@example.org", is_convenor=True)
    sign_in(client, by)
    press(client, person, "Deactivate account")
    page = client.page(f"/en/people/{person.id}")
    assert "Reactivate the account first." in page.text and not person.active
    press(client, person, "Reactivate account")
    assert person.active and person.is_convenor
    browser = app.test_client()
    form = browser.page("/en/sign-in").form()
    assert browser.submit(form, email="ana@example.org", password=PASSWORD).status_code == 302


def test_nobody_takes_her_own_roles_away(app: Any, client: Any) -> None:
    by = administrator()
    page = sign_in(client, by).page(f"/en/people/{by.id}")
    assert "Another administrator changes your roles and your account." in page.text
    token = client.page("/en/profile").form(button="Save profile").values["csrf_token"]
    for change in ("end-administrator", "deactivate", "make-convenor"):
        assert client.post(f"/en/people/{by.id}/{change}", data={"csrf_token": token}).status_code == 403
    assert (by.is_administrator, by.active, by.is_convenor) == (True, True, False)
    with pytest.raises(Refused):
        actions.revoke_administrator(by, by=by, at=clock.now())


def test_asking_twice_changes_and_tells_once(app: Any) -> None:
    by, person = administrator(), world.person()
    for _ in range(2):
        actions.grant_convenor(person, by=by, at=clock.now())
    db.session.commit()
    assert (len(mails.sent()), db.session.scalar(sa.select(sa.func.count()).select_from(History))) == (1, 1)


@pytest.mark.parametrize(
    "search, found",
    [
        ("", ["100%_Ltd", "Ana", "Núñez", "Zoë"]),
        ("nunez", ["Núñez"]),
        ("NÚÑ", ["Núñez"]),
        ("zoe@", ["Zoë"]),
        ("zoe union", ["Zoë"]),
        ("%", ["100%_Ltd"]),
        ("_", ["100%_Ltd"]),
        ("' OR 1=1 --", []),
        ("ana@example.org", ["Ana"]),
    ],
)
def test_people_are_found_by_parts_taken_literally(app: Any, search: str, found: list[str]) -> None:
    for name, address in (("Ana", "ana"), ("Núñez", "n"), ("Zoë", "zoe"), ("100%_Ltd", "l")):
        world.person(name=name, email=f"{address}@example.org", organisation="Trade Union" if name == "Zoë" else "")
    assert [p.name for p in db.session.scalars(queries.people(search))] == found


def test_the_list_costs_the_same_for_many(app: Any, client: Any) -> None:
    sign_in(client, administrator())
    costs = []
    for many in (3, 27):
        for _ in range(many):
            world.person(economies=("KE", "FR"))
        with statements() as run:
            client.page("/en/people")
        costs.append(len(run))
    assert costs[0] == costs[1] and client.page("/en/people?page=2").text.count("Example Person") > 1


def test_a_search_without_result_says_what_to_do(app: Any, client: Any) -> None:
    assert "Nobody has this name or address" in sign_in(client, administrator()).page("/en/people?search=xyz").text
