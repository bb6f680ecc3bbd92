"""Sign-in and security: factors are added, named and removed by their owner, who is told of each change."""

from datetime import timedelta
from typing import Any

import mails
import pyotp
import pytest
import sqlalchemy as sa
import world
from accounts.factors_at_hand import SECRET, STEP, code, first_step, is_signed_in, type_in, with_app
from pages import Page
from signing_in import PASSWORD, browser_of, owner, sign_in

from msme_calls import clock
from msme_calls.accounts import codes, factors, vault
from msme_calls.accounts.factors import Factor, RecoveryCode
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Membership, Role
from msme_calls.extensions import db
from msme_calls.history import History

pytestmark = pytest.mark.usefixtures("cheap_passwords")

SECURITY = "/en/profile/security"


def add_app(client: Any, **values: Any) -> tuple[str, Page]:
    """Add an app as a person does: copy the key from the page, type what the app shows."""
    page = client.page(f"{SECURITY}/app")
    secret = "".join(page.one("code").itertext()).replace(" ", "")
    shown = pyotp.TOTP(secret).at(clock.now())
    return secret, Page(client.submit(page.form(), **{"code": shown, **values}))


def verbs() -> list[str]:
    return list(db.session.scalars(sa.select(History.verb).order_by(History.seq)))


def test_an_app_is_added_by_its_key_and_asked_for_from_then_on(app: Any, client: Any) -> None:
    person = owner(email="ana@example.org")
    sign_in(client, person)
    secret, shown = add_app(client, name="Work phone")
    assert shown.title == "Your recovery codes" and len(shown.all("ol[@class='codes']/li")) == 10
    page = client.page(shown.link("I have kept them: go on"))
    assert "Work phone" in page.text and "Added on 24 February 2027" in page.text and "10 are left" in page.text
    (mail,) = mails.sent()
    assert mail.subject == "A second step was added to your account"
    assert "Authenticator app “Work phone”" in mail.text and verbs()[-1] == "add-second-factor"
    other = app.test_client()
    other.submit(other.page("/en/sign-in").form(), email="ana@example.org", password=PASSWORD)
    same = type_in(other, other.page(STEP), code=pyotp.TOTP(secret).at(clock.now()))
    assert same.status == 422, "the code that added it was used by that"
    assert type_in(other, same, code=pyotp.TOTP(secret).at(clock.now(), counter_offset=1)).status == 302


def test_the_picture_says_what_the_key_says_and_needs_no_other_site(app: Any, client: Any) -> None:
    sign_in(client, owner(email="ana@example.org"))
    page = client.page(f"{SECURITY}/app")
    assert page.one("img[@class='qr']").get("src", "").startswith("data:image/svg+xml")
    assert "img-src 'self' data:" in page.response.headers["Content-Security-Policy"]
    assert page.response.headers["Cache-Control"] == "no-store"
    assert codes.address(SECRET, "ana@example.org") == (
        f"otpauth://totp/MSME%20Calls:ana%40example.org?secret={SECRET}&issuer=MSME%20Calls"
    )


def test_nothing_is_added_before_the_app_has_shown_a_right_code(app: Any, client: Any, at: Any) -> None:
    person = owner()
    sign_in(client, person)
    _, wrong = add_app(client, code="000000")
    assert wrong.status == 422 and "not the code of this moment" in wrong.text
    _, empty = add_app(client, code="")
    assert empty.status == 422
    other_key = vault.seal(SECRET, "new somebody else", clock.now())
    assert add_app(client, key=other_key, code=code())[1].status == 422
    page = client.page(f"{SECURITY}/app")
    secret = "".join(page.one("code").itertext()).replace(" ", "")
    at(clock.now() + timedelta(minutes=61))
    browser = browser_of(app, person)
    late = Page(browser.post(f"{SECURITY}/app", data={
        "csrf_token": browser.page("/en/profile").form(button="Save profile").values["csrf_token"],
        "key": page.form().values["key"], "code": pyotp.TOTP(secret).at(clock.now()),
    }))  # fmt: skip
    assert late.status == 422 and "open too long" in late.text
    assert not factors.has(person)


def test_a_factor_is_renamed_and_removed(app: Any, client: Any) -> None:
    person, _ = with_app()
    sign_in(client, person)
    mails.sent()
    page = client.page(client.page(SECURITY).link("Authenticator app"))
    assert client.submit(page.form(button="Save the name"), name="Old phone").location == SECURITY
    page = client.page(client.page(SECURITY).link("Old phone"))
    assert "your recovery codes go too" in page.text
    assert client.submit(page.form(button="Remove it")).location == SECURITY
    assert (factors.of(person), factors.codes_left(person)) == ([], 0)
    (mail,) = mails.sent()
    assert mail.subject == "A second step was removed from your account" and "Old phone" in mail.text
    assert verbs()[-2:] == ["rename-second-factor", "remove-second-factor"]
    other = app.test_client()
    other.submit(other.page("/en/sign-in").form(), email="ana@example.org", password=PASSWORD)
    assert is_signed_in(other)


def test_with_one_of_two_removed_the_codes_stay(app: Any, client: Any) -> None:
    person, _ = with_app()
    assert factors.add_app(person, "Second", SECRET, 0, by=person, at=clock.now()) == []
    factors.remove(person, factors.of(person)[0], by=person, at=clock.now())
    assert factors.has(person) and factors.codes_left(person) == 10


def test_nobody_reaches_another_s_factor(app: Any, client: Any) -> None:
    person, _ = with_app()
    sign_in(client, owner())
    address = f"{SECURITY}/{factors.of(person)[0].id}"
    assert client.get(address).status_code == 404
    token = client.page("/en/profile").form(button="Save profile").values["csrf_token"]
    assert client.post(f"{address}/remove", data={"csrf_token": token}).status_code == 404
    assert factors.has(person)


def test_new_recovery_codes_replace_the_old_ones(app: Any, client: Any) -> None:
    person, former = with_app()
    sign_in(client, person)
    mails.sent()
    shown = Page(client.submit(client.page(SECURITY).form(button="Make new recovery codes")))
    new = ["".join(li.itertext()) for li in shown.all("ol[@class='codes']/li")]
    assert len(set(new)) == 10 and not set(new) & set(former)
    assert [m.subject for m in mails.sent()] == ["You have new recovery codes"]
    other = app.test_client()
    page = first_step(other)
    assert type_in(other, page, recovery=former[0]).status == 422
    assert type_in(other, page, recovery=new[0]).status == 302
    assert db.session.scalar(sa.select(sa.func.count()).select_from(RecoveryCode)) == 10


@pytest.mark.parametrize("what", ["app", "passkey", "recovery codes", "remove"])
def test_changing_the_second_step_wants_a_fresh_sign_in(app: Any, client: Any, at: Any, what: str) -> None:
    person, _ = with_app()
    sign_in(client, person)
    forms = {
        "recovery codes": client.page(SECURITY).form(button="Make new recovery codes"),
        "remove": client.page(client.page(SECURITY).link("Authenticator app")).form(button="Remove it"),
    }
    at(clock.now() + timedelta(hours=1))
    asked = Page(client.submit(forms[what])) if what in forms else Page(client.get(f"{SECURITY}/{what}"))
    assert (asked.status, asked.title) == (401, "Confirm that it is you")
    assert factors.codes_left(person) == 10 and len(factors.of(person)) == 1
    proof = {"proof-password": PASSWORD, "proof-code": code()}
    assert Page(client.submit(asked.form(), **proof)).status in (200, 302)


def test_ten_factors_are_enough(app: Any, client: Any) -> None:
    person, _ = with_app()
    for _ in range(9):
        factors.add_app(person, "", SECRET, 0, by=person, at=clock.now())
    sign_in(client, person)
    assert "Remove one first: 10 are the most." in client.page(f"{SECURITY}/app").text
    assert "Remove one first: 10 are the most." in client.page(f"{SECURITY}/passkey").text


def test_an_administrator_resets_what_somebody_has_lost(app: Any, client: Any) -> None:
    person, _ = with_app(name="Ana Ejemplo")
    session = browser_of(app, person)
    admin = world.person(is_administrator=True)
    mails.sent()
    page = sign_in(client, admin).page(f"/en/people/{person.id}")
    answer = client.submit(page.form(button="Take the second step away"))
    assert "Ana Ejemplo signs in without a second step now" in client.page(answer.location).text
    assert (factors.of(person), factors.codes_left(person), is_signed_in(session)) == ([], 0, False)
    (mail,) = mails.sent()
    assert (mail.to, mail.subject) == ("ana@example.org", "Your second step was taken away")
    row = db.session.scalars(sa.select(History).order_by(History.seq.desc()).limit(1)).one()
    assert (row.verb, row.actor_id) == ("reset-second-factor", admin.id) and "Ana" not in row.payload


def test_nobody_resets_her_own_so(app: Any, client: Any) -> None:
    admin, _ = with_app(is_administrator=True)
    page = sign_in(client, admin).page(f"/en/people/{admin.id}")
    assert "Another administrator takes your second step away." in page.text
    token = client.page("/en/profile").form(button="Save profile").values["csrf_token"]
    assert client.post(f"/en/people/{admin.id}/reset-second-step", data={"csrf_token": token}).status_code == 403
    assert factors.has(admin)


REQUIRED = {"staff_second_factor": "required"}


def test_where_it_is_required_people_with_a_desk_get_nothing_of_it_before(app: Any, make_app: Any) -> None:
    call, strict = world.call("open"), make_app(**REQUIRED)
    for role in ("administrator", "convenor", "coordinator", "assistant", "chair", "observer"):
        person = owner(is_administrator=role == "administrator", is_convenor=role == "convenor")
        if role not in ("administrator", "convenor"):
            db.session.add(Membership(call_id=call.id, person_id=person.id, role=Role(role), since=clock.now()))
        address = {"administrator": "/en/people", "convenor": "/en/desk/new"}.get(role, f"/en/desk/{call.slug}")
        client = sign_in(strict.test_client(), person)
        answer = client.get(address)
        assert (answer.status_code, answer.location) == (302, f"{SECURITY}?next={address}"), role
        factors.add_app(person, "", SECRET, 0, by=person, at=clock.now())
        assert client.get(address).status_code == 200, role


def test_who_is_led_to_set_it_up_comes_back_to_the_page_she_wanted(app: Any, make_app: Any) -> None:
    client = sign_in(make_app(**REQUIRED).test_client(), owner(is_administrator=True))
    page = client.page("/en/people", follow=True)
    assert "Your role needs a second step" in page.text
    page = client.page(page.link("Add an authenticator app"))
    secret = "".join(page.one("code").itertext()).replace(" ", "")
    shown = Page(client.submit(page.form(), code=pyotp.TOTP(secret).at(clock.now())))
    assert client.page(shown.link("I have kept them: go on")).title == "People of this installation"


def test_where_it_is_required_a_post_is_kept_and_what_is_hidden_stays_absent(app: Any, make_app: Any) -> None:
    call, person = world.call("open"), owner(is_convenor=True)
    client = sign_in(make_app(**REQUIRED).test_client(), person)
    assert client.get(f"/en/desk/{call.slug}").status_code == 404
    assert client.get("/en/people").status_code == 404
    token = client.page("/en/profile").form(button="Save profile").values["csrf_token"]
    answer = Page(client.post("/en/desk/new", data={"csrf_token": token, "title-en": "A call, typed for an hour"}))
    assert answer.status == 403 and "A call, typed for an hour" in answer.form(button="Send again").values.values()


def test_applicants_and_reviewers_are_not_asked_for_it(app: Any, make_app: Any) -> None:
    client = sign_in(make_app(**REQUIRED).test_client(), owner())
    assert [client.get(f"/en/{path}").status_code for path in ("my-work", "reviews", "profile")] == [200] * 3


def test_every_mail_about_it_is_said_in_three_languages(app: Any) -> None:
    person, _ = with_app()
    for lang in ("en", "fr", "es"):
        person.language = lang
        for what in ("added", "removed", "codes", "code-used", "reset"):
            factors._tell(person, what, clock.now(), factors.of(person)[0], left=1)
    assert len({(m.headers["Content-Language"], m.text) for m in mails.sent()}) == 15


OLD, NEW = "the former secret of this installation, long enough", "the new secret of this installation, long enough"


def test_a_secret_key_is_replaced_without_anybody_noticing(app: Any, make_app: Any) -> None:
    """Threat C25: with the former key beside the new one sessions and apps go on; without it the rest dies."""
    former, both, after = (
        make_app(secret_key=OLD), make_app(secret_key=NEW, secret_key_old=OLD), make_app(secret_key=NEW),
    )  # fmt: skip
    with former.app_context():
        person, _ = with_app()
        cookie = sign_in(former.test_client(), person).get_cookie("session").value

    def browser(of: Any) -> Any:
        client = of.test_client()
        client.set_cookie("session", cookie)
        return client

    def step(of: Any, steps: int) -> int:
        client = of.test_client()
        return type_in(client, first_step(client), code=code(steps=steps)).status

    assert [is_signed_in(browser(of)) for of in (former, both, after)] == [True, True, False]
    assert [step(after, -1), step(both, -1)] == [422, 302]
    with both.app_context():
        assert (factors.seal_again(clock.now()), factors.seal_again(clock.now())) == (1, 0)
    assert [step(former, 0), step(after, 0)] == [422, 302]


def test_a_secret_moved_to_another_account_opens_nothing(app: Any, client: Any) -> None:
    ana, _ = with_app()
    eva, _ = with_app(email="eva@example.org")
    stolen = factors.of(ana)[0].secret
    db.session.execute(sa.update(Factor).where(Factor.person_id == eva.id).values(secret=stolen))
    assert not factors.use_code(eva, code(), at=clock.now())
    assert factors.use_code(ana, code(), at=clock.now())


def test_a_person_s_factors_go_with_her(app: Any) -> None:
    person, _ = with_app()
    db.session.execute(sa.delete(Person).where(Person.id == person.id))
    counts = [db.session.scalar(sa.select(sa.func.count()).select_from(t)) for t in (Factor, RecoveryCode)]
    assert counts == [0, 0]
