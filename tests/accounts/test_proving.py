"""Before a grave act she is asked once more who she is, and nothing that she sent is lost (threats A4, E6).

Only whoever may do it is asked: for others it is absent, as before.
"""

from datetime import timedelta
from typing import Any

import deciding
import mails
import pytest
import world
from accounts.factors_at_hand import SECRET, code, with_app
from pages import Page
from signing_in import PASSWORD, browser_of, owner, sign_in

from msme_calls import clock
from msme_calls.accounts import factors, links, passwords, sessions, throttle
from msme_calls.accounts.models import LoginSession
from msme_calls.calls.models import Role
from msme_calls.decisions import queries
from msme_calls.extensions import db

LATER = timedelta(minutes=16)
# What is asked for before anything else happens, by its address below a call's desk.
READING = ("proposals.csv", "proposals.json", "progress/reviews.csv", "progress/reviews.json", "history.csv")
ACTING = ("result/confirm", "result/seal", "result/ask-unseal", "result/unseal")


def asked(answer: Any) -> bool:
    return answer.status_code == 401 and Page(answer).title == "Confirm that it is you"


@pytest.fixture
def made(app: Any) -> deciding.Deciding:
    made = deciding.decided()
    made.first.password = made.second.password = passwords.hashed(PASSWORD)
    db.session.commit()
    return made


def test_a_result_is_confirmed_once_the_password_is_given_in_the_same_step(made: Any, app: Any, at: Any) -> None:
    desk = f"/en/desk/{made.call.slug}/result"
    first, second = browser_of(app, made.first), browser_of(app, made.second)
    first.submit(first.page(desk).form(button="Propose this decision"))
    at(clock.now() + LATER)
    answer = second.submit(second.page(desk).form(button="Confirm this decision"))
    assert asked(answer) and queries.resolution_of(made.call).confirmed_at is None
    wrong = second.submit(Page(answer).form(button="Confirm and go on"), **{"proof-password": "not this one"})
    assert asked(wrong) and "This is not your password" in wrong.text and "not this one" not in wrong.text
    assert queries.resolution_of(made.call).confirmed_at is None
    answer = second.submit(Page(wrong).form(button="Confirm and go on"), **{"proof-password": PASSWORD})
    assert (answer.status_code, answer.location) == (302, desk)
    assert queries.resolution_of(made.call).confirmed_at is not None
    assert second.submit(second.page(desk).form(button="Seal the result")).status_code == 302  # she isn't asked again
    assert made.call.sealed_at is not None


def test_what_was_written_is_kept_while_she_is_asked(app: Any, at: Any) -> None:
    made, _seal = deciding.sealed()
    made.first.password = passwords.hashed(PASSWORD)
    first = browser_of(app, made.first)
    form = first.page(f"/en/desk/{made.call.slug}/result").form(button="Ask another coordinator to unseal")
    at(clock.now() + LATER)
    notes = {name: f"A winner’s name is misspelt, and it is told in {name}." for name in form.values if "note" in name}
    assert len(notes) == 3
    answer = first.submit(form, **notes)
    assert asked(answer) and all(text in Page(answer).text for text in notes.values())
    again = first.submit(Page(answer).form(button="Confirm and go on"), **{"proof-password": PASSWORD})
    assert again.status_code == 302
    assert sorted(queries.in_force(made.call).unseal_note.values()) == sorted(notes.values())


def test_each_grave_act_asks_those_who_may_and_is_absent_for_others(made: Any, app: Any, at: Any) -> None:
    mine, other = browser_of(app, made.first), browser_of(app, world.person())
    own = mine.page(f"/en/desk/{made.call.slug}").form(button="Sign out").values["csrf_token"]
    strange = other.page("/en/profile").form(button="Sign out").values["csrf_token"]
    at(clock.now() + LATER)
    for path in (*READING, *ACTING):

        def go(client: Any, token: str, slug: str, path: str = path) -> Any:
            url = f"/en/desk/{slug}/{path}"
            return client.get(url) if path in READING else client.post(url, data={"csrf_token": token})

        assert asked(go(mine, own, made.call.slug)), path
        hidden, absent = go(other, strange, made.call.slug), go(other, strange, "no-such-call")
        assert (hidden.status_code, hidden.data) == (404, absent.data), path


def test_an_export_goes_on_where_it_stopped(made: Any, app: Any, at: Any) -> None:
    mine = browser_of(app, made.first)
    at(clock.now() + LATER)
    url = f"/en/desk/{made.call.slug}/proposals.csv?economy=KE"
    question = mine.page(url, status=401)
    answer = mine.submit(question.form(button="Confirm and go on"), **{"proof-password": PASSWORD})
    assert (answer.status_code, answer.location) == (302, url)
    assert mine.get(url).mimetype == "text/csv"


def test_roles_of_the_installation_and_of_coordinators_ask_too(app: Any, at: Any) -> None:
    admin, person = owner(is_administrator=True), world.person()
    call = world.call("review")
    coordinator = world.member(call, Role.COORDINATOR)
    one, other = browser_of(app, admin), browser_of(app, coordinator)
    form = one.page(f"/en/people/{person.id}").form(button="Make convenor")
    invite = other.page(f"/en/desk/{call.slug}/people/invite?role=coordinator").form(button="Send the invitation")
    at(clock.now() + LATER)
    answer = one.submit(form)
    assert asked(answer) and not person.is_convenor
    one.submit(Page(answer).form(button="Confirm and go on"), **{"proof-password": PASSWORD})
    assert person.is_convenor
    assert asked(other.submit(invite, address="new@example.org", name="New One"))
    answer = other.submit(invite, address="new@example.org", name="New One", role="reviewer")
    assert answer.status_code == 302  # reviewers are invited by dozens


def test_without_a_password_a_link_confirms_it_in_the_browser_that_was_asked(app: Any, at: Any) -> None:
    made = deciding.confirmed()
    mine, elsewhere = browser_of(app, made.first), app.test_client()
    form = mine.page(f"/en/desk/{made.call.slug}/result").form(button="Seal the result")
    mails.sent()
    at(clock.now() + LATER)
    question = mine.submit(form)
    assert asked(question)
    waiting = mine.submit(Page(question).form(button="Send me the link"), button=("proof-way", "link"))
    assert asked(waiting) and "We have sent a link" in waiting.text
    too_soon = mine.submit(Page(waiting).form(button="Go on"), button=("proof-way", "done"))
    assert asked(too_soon) and made.call.sealed_at is None
    (mail,) = mails.sent()
    assert (mail.to, mail.subject) == (made.first.email, "Confirm that it is you")
    assert "You are not signed in with this address here" in elsewhere.page(mail.path).text
    link = mine.page(mail.path)
    assert asked(
        mine.submit(Page(too_soon).form(button="Go on"), button=("proof-way", "done"))
    )  # opening is not enough
    mine.submit(link.form(button="It is me"))
    assert mine.submit(Page(too_soon).form(button="Go on"), button=("proof-way", "done")).status_code == 302
    assert made.call.sealed_at is not None


def test_the_link_of_one_person_proves_nothing_of_another(app: Any, at: Any) -> None:
    thief, owner_ = world.person(), world.person()
    one, other = browser_of(app, owner_), browser_of(app, thief)
    at(clock.now() + LATER)
    question = one.page("/en/profile/password", status=401)
    one.submit(question.form(button="Send me the link"), button=("proof-way", "link"))
    (mail,) = mails.sent()
    token = other.page("/en/profile").form(button="Sign out").values["csrf_token"]
    other.post(mail.path, data={"csrf_token": token})
    assert other.page("/en/profile/password", status=401).title == "Confirm that it is you"
    one.submit(one.page(mail.path).form(button="It is me"))
    assert one.page("/en/profile/password").title == "Choose a password"  # straight on to where she was going


def test_a_stolen_session_sets_no_password_and_guesses_none(app: Any, client: Any, at: Any) -> None:
    """Threat A2: the guesses are those of the account, whichever page takes them."""
    sign_in(client, owner(email="ana@example.org", is_administrator=True))
    other = world.person()
    form = client.page(f"/en/people/{other.id}").form(button="Make convenor")
    at(clock.now() + LATER)
    answer = client.submit(form)
    for _guess in range(throttle.GUESSES_OF_ACCOUNT.most):
        answer = client.submit(Page(answer).form(button="Confirm and go on"), **{"proof-password": "wrong again"})
    answer = client.submit(Page(answer).form(button="Confirm and go on"), **{"proof-password": PASSWORD})
    assert asked(answer) and "Too many tries. Wait for 15 minutes" in answer.text and not other.is_convenor


@pytest.mark.parametrize(("minutes", "fresh"), [(-1, False), (0, True), (14, True), (15, False)])
def test_a_proof_lasts_a_quarter_of_an_hour_and_none_comes_from_the_future(
    app: Any, client: Any, at: Any, minutes: int, fresh: bool
) -> None:
    """Threat C19: where the clock was put back, a proof from ahead of it is none."""
    sign_in(client, world.person())
    db.session.scalars(db.select(LoginSession)).one().proved_at = clock.now() - timedelta(minutes=minutes)
    db.session.commit()
    assert (client.get("/en/profile/password").status_code == 200) is fresh
    assert timedelta(minutes=15) == sessions.FRESH


def test_whoever_has_a_second_factor_shows_that_one(app: Any, client: Any, at: Any) -> None:
    """Threat A3: neither the password nor her mailbox is enough for what two steps protect; a code works once."""
    admin, recovery = with_app(email="ana@example.org", is_administrator=True)
    other = world.person()
    sign_in(client, admin)
    form = client.page(f"/en/people/{other.id}").form(button="Make convenor")
    at(clock.now() + LATER)
    question = client.submit(form)
    assert asked(question) and "proof-password" not in question.text
    for shown in ({"proof-password": PASSWORD}, {"proof-way": "link"}, {"proof-code": "000000"}, {"proof-code": ""}):
        assert asked(client.submit(Page(question).form(button="Confirm and go on"), **shown)) and not other.is_convenor
    assert [m.subject for m in mails.sent()] == ["A second step was added to your account"]
    client.submit(Page(question).form(button="Confirm and go on"), **{"proof-code": code(clock.now())})
    assert other.is_convenor
    at(clock.now() + LATER)
    question = client.submit(client.page(f"/en/people/{other.id}").form(button="End convenor role"))
    answer = client.submit(Page(question).form(button="Confirm and go on"), **{"proof-recovery": recovery[0]})
    assert answer.status_code == 302 and not other.is_convenor


def test_a_password_alone_is_no_proof_for_whoever_has_a_second_step(app: Any, at: Any) -> None:
    """A thief with her open browser and her password chooses a new one, and can't take her app away with that (A4)."""
    person, _codes = with_app()
    client = browser_of(app, person)
    at(clock.now() + LATER)
    form = client.page("/en/profile/password").form(action="/en/profile/password")
    new = "three other words here"
    assert client.submit(form, current_password=PASSWORD, password=new).location == "/en/profile"
    (app_of_hers,) = factors.of(person)
    page = client.page(f"/en/profile/security/{app_of_hers.id}")
    assert asked(client.submit(page.form(button="Remove it"))) and factors.has(person)


def test_a_link_by_mail_is_no_proof_once_there_is_a_second_step(app: Any, at: Any) -> None:
    """It was asked for while there was none (threat A4)."""
    person = world.person(email="ana@example.org")
    token = links.issue("prove", person.email, at=clock.now(), lasts=timedelta(hours=1))
    factors.add_app(person, "", SECRET, 0, by=person, at=clock.now())
    db.session.commit()
    client = browser_of(app, person)
    at(clock.now() + LATER)
    assert client.get(f"/en/links/prove/{token}").status_code == 404
