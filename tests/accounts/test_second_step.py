"""Whoever has a second factor is not signed in without it, and nobody guesses it (threat A3)."""

from datetime import timedelta
from typing import Any

import mails
import pyotp
import pytest
import world
from accounts.factors_at_hand import SECRET, STEP, code, first_step, is_signed_in, type_in, with_app
from pages import Page
from signing_in import PASSWORD, browser_of, owner, sign_in

from msme_calls import clock
from msme_calls.accounts import actions, factors, sessions
from msme_calls.accounts.factors import Factor, RecoveryCode
from msme_calls.extensions import db

pytestmark = pytest.mark.usefixtures("cheap_passwords")


def wrong_code() -> str:
    """A code that none of the three that would be taken is."""
    return next(c for c in ("000000", "111111", "222222", "333333") if c not in {code(steps=n) for n in (-1, 0, 1)})


def test_a_password_alone_signs_nobody_in_who_has_a_second_factor(app: Any, client: Any) -> None:
    with_app()
    page = first_step(client)
    assert page.title == "Second step" and not is_signed_in(client)
    assert client.get("/en/my-work").location == "/en/sign-in?next=/en/my-work"
    assert type_in(client, page, code=code()).response.location == "/en/my-work"
    assert is_signed_in(client)


def test_a_link_by_mail_alone_does_not_either(app: Any, client: Any) -> None:
    with_app()
    client.submit(client.page("/en/sign-in").form(), button=("way", "link"), email="ana@example.org")
    mail = next(m for m in mails.sent() if "sign-in" in m.path)
    answer = client.submit(client.page(mail.path).form())
    assert (answer.location, is_signed_in(client)) == (STEP, False)
    type_in(client, client.page(STEP), code=code())
    assert is_signed_in(client)


def test_nor_does_a_new_password(app: Any, client: Any) -> None:
    with_app()
    client.submit(client.page("/en/reset-password").form(), email="ana@example.org")
    mail = next(m for m in mails.sent() if "reset" in m.path)
    answer = client.submit(client.page(mail.path).form(), password="cerulean under vermilion")
    assert (answer.location, is_signed_in(client)) == (STEP, False)
    done = type_in(client, client.page(STEP), code=code())
    assert "Your new password holds" in client.page(done.response.location).text


def test_the_page_that_was_wanted_comes_after_the_second_step(app: Any, client: Any) -> None:
    with_app()
    page = first_step(client, path="/en/sign-in?next=/en/profile/security")
    assert type_in(client, page, code=code()).response.location == "/en/profile/security"


def test_five_wrong_codes_are_judged_and_a_replayed_cookie_gives_no_more(app: Any, client: Any, at: Any) -> None:
    """Threat A3: six wrong codes, an old cookie, another browser: the account waits, and says until when."""
    with_app()
    page = first_step(client)
    before = client.get_cookie("session").value
    assert [type_in(client, page, code=wrong_code()).status for _ in range(5)] == [422] * 5
    locked = type_in(client, page, code=code())
    assert (locked.status, locked.response.headers["Retry-After"]) == (429, "900")
    assert "No code is taken until 18:08, Geneva time (UTC+1)" in locked.text
    client.set_cookie("session", before)
    assert type_in(client, page, code=code()).status == 429
    other = app.test_client()
    assert type_in(other, first_step(other), code=code()).status == 429
    assert not is_signed_in(client) and not is_signed_in(other)
    at(clock.now() + timedelta(minutes=15))
    other = app.test_client()
    assert type_in(other, first_step(other), code=code()).status == 302


@pytest.mark.parametrize("way", ["code", "recovery"])
def test_after_the_delay_any_right_factor_is_taken(app: Any, client: Any, at: Any, way: str) -> None:
    _, codes = with_app()
    page = first_step(client)
    for n in range(6):
        type_in(client, page, **({"code": wrong_code()} if n % 2 else {"recovery": "ABCD-EFGH-JKMN-PQRS"}))
    assert type_in(client, page, recovery=codes[0]).status == 429
    at(clock.now() + timedelta(minutes=15))
    page = first_step(app.test_client())
    other = app.test_client()
    typed = {"code": code()} if way == "code" else {"recovery": codes[0]}
    assert type_in(other, first_step(other), **typed).status == 302


def test_counts_of_codes_outlive_a_restart(app: Any, client: Any, make_app: Any) -> None:
    with_app()
    page = first_step(client)
    for _ in range(5):
        type_in(client, page, code=wrong_code())
    other = make_app().test_client()
    assert type_in(other, first_step(other), code=code()).status == 429


def test_strangers_who_know_the_password_do_not_lock_out_a_browser_that_went_all_the_way(app: Any, client: Any) -> None:
    with_app()
    type_in(client, first_step(client), code=code())
    client.submit(client.page("/en/profile").form(button="Sign out"))
    stranger = app.test_client()
    page = first_step(stranger)
    assert [type_in(stranger, page, code=wrong_code()).status for _ in range(6)] == [422] * 5 + [429]
    assert type_in(client, first_step(client), code=code(steps=1)).status == 302


def test_a_code_is_taken_once(app: Any, client: Any, at: Any) -> None:
    """Threat A3: the same code twice, and an older one after a newer one."""
    with_app()
    shown, former = code(), code(steps=-1)
    assert type_in(client, first_step(client), code=shown).status == 302
    other = app.test_client()
    page = first_step(other)
    again = type_in(other, page, code=shown)
    assert again.status == 422 and "was used before" in again.text
    assert type_in(other, page, code=former).status == 422
    at(clock.now() + timedelta(seconds=30))
    assert type_in(other, page, code=code()).status == 302


def test_a_clock_may_be_half_a_minute_wrong(app: Any, at: Any) -> None:
    person, _ = with_app()
    for steps, taken in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        at(clock.now() + timedelta(hours=1))
        assert factors.use_code(person, code(steps=steps), at=clock.now()) is taken, steps


def test_a_code_may_be_typed_with_spaces(app: Any, client: Any) -> None:
    with_app()
    assert type_in(client, first_step(client), code=f" {code()[:3]} {code()[3:]} ").status == 302


def test_whatever_is_typed_is_a_wrong_code_and_no_failure(app: Any, client: Any, at: Any) -> None:
    with_app()
    for typed in ("", "12345", "1234567", "٠١٢٣٤٥", "abcdef", "\0", "1" * 5000):
        page = first_step(client)
        assert type_in(client, page, code=typed).status == 422
        assert type_in(client, page, recovery=typed).status == 422
        at(clock.now() + timedelta(minutes=16))


def test_a_recovery_code_works_once_and_its_owner_is_told(app: Any, client: Any) -> None:
    """Threat A3: a recovery code twice."""
    _, codes = with_app()
    mails.sent()
    assert len(set(codes)) == 10
    assert type_in(client, first_step(client), recovery=codes[3].lower().replace("-", " ")).status == 302
    (mail,) = mails.sent()
    assert (mail.to, mail.subject) == ("ana@example.org", "A recovery code was used")
    assert "9 codes are left" in mail.text
    other = app.test_client()
    assert type_in(other, first_step(other), recovery=codes[3]).status == 422
    assert type_in(other, other.page(STEP), recovery=codes[4]).status == 302


def test_somebody_else_s_recovery_code_is_none(app: Any, client: Any) -> None:
    with_app()
    _, hers = with_app(email="other@example.org")
    assert type_in(client, first_step(client), recovery=hers[0]).status == 422


def test_the_database_holds_neither_codes_nor_secrets_in_clear(app: Any) -> None:
    _, codes = with_app()
    kept = db.session.scalars(db.select(RecoveryCode.code_hash)).all()
    (sealed,) = db.session.scalars(db.select(Factor.secret))
    assert len(kept) == 10 and all(c.replace("-", "") not in k.upper() for c in codes for k in kept)
    assert SECRET not in sealed


def test_the_second_step_can_be_taken_once_and_for_a_quarter_of_an_hour(app: Any, client: Any, at: Any) -> None:
    """Threat A3: the cookie between the steps is no key of its own."""
    with_app()
    page = first_step(client)
    between = client.get_cookie("session").value
    type_in(client, page, code=code())
    client.submit(client.page("/en/profile").form(button="Sign out"))
    client.set_cookie("session", between)
    assert type_in(client, page, code=code(steps=1)).response.location == "/en/sign-in"
    late = app.test_client()
    page = first_step(late)
    at(clock.now() + timedelta(minutes=15))
    assert type_in(late, page, code=code()).response.location == "/en/sign-in"
    assert "Sign in once more" in late.page("/en/sign-in").text


def test_the_session_is_new_after_each_step(app: Any, client: Any) -> None:
    """Fixation: neither cookie nor form token of one step is good for the next (threat A5)."""
    with_app()
    tokens = [client.page("/en/sign-in").form().values["csrf_token"]]
    page = first_step(client)
    tokens.append(page.form().values["csrf_token"])
    type_in(client, page, code=code())
    assert client.post("/en/profile/security/app", data={"csrf_token": tokens[1]}).status_code == 400
    assert len(set(tokens)) == 2


@pytest.mark.parametrize("ends", ["deactivated", "new password", "reset"])
def test_between_the_steps_what_ends_sessions_ends_this_too(app: Any, client: Any, ends: str) -> None:
    person, _ = with_app()
    page, admin = first_step(client), world.person(is_administrator=True)
    if ends == "deactivated":
        actions.deactivate(person, by=admin, at=clock.now())
    elif ends == "new password":
        actions.set_password(person, "cerulean under vermilion", by=person, at=clock.now())
    else:
        factors.reset(person, by=admin, at=clock.now())
    db.session.commit()
    assert type_in(client, page, code=code()).response.location == "/en/sign-in"


def test_without_a_first_step_there_is_no_second(app: Any, client: Any) -> None:
    assert client.get(STEP).location == "/en/sign-in"
    sign_in(client, owner())
    assert client.get(STEP).location == "/en/my-work"


def test_whoever_has_no_second_factor_signs_in_as_before(app: Any, client: Any) -> None:
    owner(email="ana@example.org")
    answer = client.submit(client.page("/en/sign-in").form(), email="ana@example.org", password=PASSWORD)
    assert answer.location == "/en/my-work" and is_signed_in(client)


def test_what_was_being_sent_waits_through_both_steps(app: Any, client: Any) -> None:
    person, _ = with_app(name="Ana")
    form = sign_in(client, person).page("/en/profile").form(button="Save profile")
    sessions.end_all(person, clock.now())
    db.session.commit()
    waiting = Page(client.submit(form, name="Ana, written for an hour"))
    step = Page(client.submit(waiting.form(), email="ana@example.org", password=PASSWORD))
    assert (step.status, step.title) == (401, "Second step") and not is_signed_in(client)
    wrong = Page(client.submit(step.form(), code=wrong_code()))
    assert (wrong.status, is_signed_in(client)) == (401, False)
    signed_in = Page(client.submit(wrong.form(), code=code()))
    assert client.submit(signed_in.form(button="Send again")).status_code == 302
    assert client.page("/en/profile").one("input[@id='name']").get("value") == "Ana, written for an hour"


def test_of_two_at_once_one_code_lets_one_in(app: Any, client: Any) -> None:
    """Threat A3: the same code in two requests at the same moment. The database decides, not what either has read."""
    person, codes = with_app()
    assert factors.use_code(person, code(), at=clock.now())
    stale = factors.of(person)[0]
    db.session.refresh(stale)
    db.session.expunge(stale)
    stale.last_step = 0  # as the other request had read it
    assert not factors._use_app(stale, person, code(), clock.now())
    assert factors.use_recovery_code(person, codes[0], at=clock.now())
    assert not factors.use_recovery_code(person, codes[0], at=clock.now())


def test_a_form_in_another_language_of_machines_is_refused(app: Any, client: Any) -> None:
    """There is no JSON way past the form token: what is no form has none."""
    with_app()
    first_step(client)
    for path in ("/en/sign-in", STEP):
        assert client.post(path, json={"code": code(), "email": "ana@example.org"}).status_code == 400
    assert not is_signed_in(client)


def test_a_browser_signed_in_without_it_is_signed_out_when_a_first_factor_is_added(app: Any, client: Any) -> None:
    person = owner(email="ana@example.org")
    elsewhere = browser_of(app, person)
    sign_in(client, person)
    page = client.page("/en/profile/security/app")
    secret = "".join(page.one("code").text.split())
    shown = Page(client.submit(page.form(), code=pyotp.TOTP(secret).at(clock.now())))
    assert shown.title == "Your recovery codes"
    assert is_signed_in(client) and not is_signed_in(elsewhere)
