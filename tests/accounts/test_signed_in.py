"""Where somebody is signed in, and every act that ends it there, at once and for good (threats A4, A9)."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import world
from access.visiting import face
from pages import words
from signing_in import PASSWORD, browser_of, owner, sign_in

from msme_calls import clock
from msme_calls.accounts import actions, agents, links
from msme_calls.accounts.models import LoginSession
from msme_calls.calls.models import Role
from msme_calls.extensions import db

PAGE = "/en/profile/sessions"
HOUR = timedelta(hours=1)
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
WINDOWS, LINUX, ANDROID = (
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko)"
    for system in ("Windows NT 10.0; Win64; x64", "X11; Linux x86_64", "Linux; Android 10; K")
)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
PHONE = f"{ANDROID} Chrome/142.0.0.0 Mobile Safari/537.36"
AGENTS = {
    FIREFOX: ("Firefox", "Windows"),
    PHONE: ("Chrome", "Android"),
    f"{MAC} Version/26.0 Safari/605.1.15": ("Safari", "macOS"),
    f"{IPHONE} CriOS/142.0.0.0 Mobile/15E148 Safari/604.1": ("Chrome", "iPhone"),
    f"{IPHONE} FxiOS/145.0 Mobile/15E148 Safari/605.1.15": ("Firefox", "iPhone"),
    f"{ANDROID} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": ("Samsung Internet", "Android"),
    f"{WINDOWS} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0": ("Edge", "Windows"),
    f"{LINUX} Chrome/142.0.0.0 Safari/537.36 OPR/124.0.0.0": ("Opera", "Linux"),
    "curl/8.5.0": ("", ""),
    "": ("", ""),
}


@pytest.mark.parametrize("agent", AGENTS)
def test_a_browser_is_told_by_its_family_and_system_only(agent: str) -> None:
    assert (agents.family(agent), agents.system(agent)) == AGENTS[agent]


def test_each_browser_is_listed_with_its_family_and_this_one_is_marked(app: Any, at: Any) -> None:
    owner(email="ana@example.org")
    mine, other = app.test_client(), app.test_client()
    for client, agent in ((other, PHONE), (mine, FIREFOX)):
        client.environ_base["HTTP_USER_AGENT"] = agent
        client.submit(client.page("/en/sign-in").form(), email="ana@example.org", password=PASSWORD)
    page = mine.page(PAGE)
    assert [words(h) for h in page.all("main//li/h2")] == ["Firefox on Windows This browser", "Chrome on Android"]
    assert [words(b) for b in page.all("main//li//button")] == ["Sign out here", "Sign out there"]
    kept = db.session.execute(db.select(LoginSession.browser, LoginSession.system)).all()
    assert sorted(kept) == [("Chrome", "Android"), ("Firefox", "Windows")]  # and no more than that
    answer = mine.submit(page.form(button="Sign out there"))
    assert answer.location == PAGE
    assert (other.get(PAGE).status_code, mine.get(PAGE).status_code) == (302, 200)


def test_all_others_end_at_once(app: Any, client: Any) -> None:
    person = world.person()
    others = [browser_of(app, person) for _n in range(3)]
    strange = browser_of(app, world.person())
    sign_in(client, person)
    client.submit(client.page(PAGE).form(button="Sign out everywhere else"))
    assert "You are signed out in 3 other browsers." in client.page(PAGE).text
    assert [c.get(PAGE).status_code for c in others] == [302, 302, 302]
    assert strange.get(PAGE).status_code == 200
    assert "Sign out everywhere else" not in client.page(PAGE).text


def test_nobody_ends_another_persons_session(app: Any, client: Any) -> None:
    """Threat A10: the name of somebody else's session names nothing."""
    other = browser_of(app, world.person())
    name = db.session.scalars(db.select(LoginSession.sid_hash)).one()[:16]
    sign_in(client, world.person())
    browser_of(app, db.session.scalars(db.select(LoginSession)).all()[-1].person)
    form = client.page(PAGE).form(button="Sign out there")
    client.submit(form, session=name)
    client.submit(form, session="")
    assert other.get(PAGE).status_code == 200
    assert "You were signed out there already." in client.page(PAGE).text


def test_its_last_use_is_noted_at_most_once_an_hour_and_only_where_somebody_was_let_in(
    app: Any, client: Any, at: Any
) -> None:
    sign_in(client, world.person())
    start = clock.now()

    def noted() -> Any:
        return db.session.scalars(db.select(LoginSession.seen_at)).one() - start

    at(start + HOUR - timedelta(seconds=1))
    client.get(PAGE)
    assert noted() == timedelta()
    at(start + 3 * HOUR)
    client.get("/en/")
    client.get("/en/check-your-mail")
    assert noted() == timedelta()
    client.get(PAGE)
    client.get("/en/profile")
    assert noted() == 3 * HOUR
    at(start + 3 * HOUR + timedelta(minutes=50))
    client.submit(client.page("/en/profile").form(button="Save profile"), name="New Name")
    assert noted() == 3 * HOUR


def test_a_database_that_only_reads_keeps_nobody_from_reading(app: Any, client: Any, at: Any) -> None:
    """Threat C8: that a session is used is not worth refusing a page for."""
    sign_in(client, world.person())
    at(clock.now() + 3 * HOUR)

    def refuse(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("UPDATE login_sessions"):
            raise sa.exc.OperationalError(statement, {}, Exception("attempt to write a readonly database"))

    sa.event.listen(db.engine, "before_cursor_execute", refuse)
    try:
        assert client.get(PAGE).status_code == 200
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", refuse)


ENDS = {
    "signing out": lambda p, c: c.submit(c.page(PAGE).form(button="Sign out here")),
    "a new password": lambda p, c: actions.set_password(p, "another long password", by=p, at=clock.now()),
    "a role taken away": lambda p, c: actions.revoke_convenor(p, by=world.person(), at=clock.now()),
    "another role taken away": lambda p, c: actions.revoke_administrator(p, by=world.person(), at=clock.now()),
    "deactivation": lambda p, c: actions.deactivate(p, by=world.person(), at=clock.now()),
}  # fmt: skip


@pytest.mark.parametrize("act", ENDS)
def test_a_copied_cookie_ends_with_it(app: Any, client: Any, act: str) -> None:
    """Threat A4: signing out, reset, role removal, deactivation: the cookie that somebody kept opens nothing."""
    person = world.person(is_convenor=True, is_administrator=True)
    sign_in(client, person)
    stolen = client.get_cookie("session").value
    ENDS[act](person, client)
    db.session.commit()
    thief = app.test_client()
    thief.set_cookie("session", stolen)
    assert thief.get(PAGE).status_code == 302
    person.active = True
    db.session.commit()
    assert thief.get(PAGE).status_code == 302  # for good


def test_a_reset_by_link_ends_every_other_session(app: Any, client: Any) -> None:
    """Threat A4: whoever has taken over an account loses it when the owner resets the password."""
    person = owner(email="ana@example.org")
    thief = browser_of(app, person)
    token = links.issue("reset", person.email, at=clock.now(), lasts=HOUR)
    db.session.commit()
    client.submit(client.page(f"/en/links/reset/{token}").form(), password="a wholly new password")
    assert (thief.get(PAGE).status_code, client.get(PAGE).status_code) == (302, 200)


def test_a_role_in_a_call_taken_away_shows_at_the_next_request(app: Any) -> None:
    """Threat A9: two browsers at work; her pages become absent ones, while the rest of her work stays."""
    call = world.call("review")
    gone, stays = world.member(call, Role.COORDINATOR), world.member(call, Role.COORDINATOR)
    mine, other = browser_of(app, gone), browser_of(app, stays)
    desk = f"/en/desk/{call.slug}"
    assert mine.get(desk).status_code == 200
    row = next(m for m in call.memberships if m.person_id == gone.id)
    other.submit(other.page(f"{desk}/people").form(action=f"/{row.id}/remove"))
    absent = "/en/desk/no-such-call"
    assert face(mine.get(desk), desk) == face(mine.get(absent), absent)
    assert mine.get(PAGE).status_code == 200
