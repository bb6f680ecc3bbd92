"""The links of mails: one purpose, one use, nothing in logs, and a page that helps when they are spent (threat A8)."""

import threading
from datetime import timedelta
from typing import Any

import mails
import pytest
import world
from signing_in import PASSWORD, owner, register, sign_in

from msme_calls import clock
from msme_calls.accounts import links
from msme_calls.accounts.models import Link, Person
from msme_calls.extensions import db

HOUR = timedelta(hours=1)
PURPOSES = ("confirm", "sign-in", "reset", "administrator")


def issued(purpose: str, address: str = "ana@example.org") -> str:
    values = {"called": "Ana", "language": "en"} if purpose == "confirm" else {}
    token = links.issue(purpose, address, at=clock.now(), lasts=HOUR, **values)
    db.session.commit()
    return token


def seen(client: Any, path: str, method: str = "GET") -> tuple[int, list[tuple[str, str]], bytes]:
    answer = client.open(path, method=method)
    return answer.status_code, sorted((n, v) for n, v in answer.headers if n != "X-Request-Id"), answer.data


def test_the_database_holds_no_token(app: Any) -> None:
    token = issued("reset")
    link = db.session.scalars(db.select(Link)).one()
    assert len(token) == 43 and token not in repr([getattr(link, c.key) for c in Link.__table__.columns])


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_link_serves_its_own_purpose_only(app: Any, client: Any, purpose: str) -> None:
    owner(email="ana@example.org")
    token = issued(purpose)
    for other in PURPOSES:
        assert client.get(f"/en/links/{other}/{token}").status_code == (200 if other == purpose else 404)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_looking_at_a_link_uses_nothing_up(app: Any, client: Any, purpose: str) -> None:
    owner(email="ana@example.org")
    token = issued(purpose)
    for _ in range(3):
        scanner = app.test_client()
        assert scanner.get(f"/en/links/{purpose}/{token}").status_code == 200
        assert scanner.head(f"/en/links/{purpose}/{token}").status_code == 200
        assert scanner.post(f"/en/links/{purpose}/{token}").status_code == 400  # a POST without the page's form
    assert db.session.scalars(db.select(Link.used_at)).one() is None


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_used_an_expired_a_foreign_and_an_absent_link_are_the_same_page(
    app: Any, client: Any, at: Any, purpose: str
) -> None:
    owner(email="ana@example.org")
    used, expired = issued(purpose), issued(purpose)
    foreign = issued("something else")
    db.session.execute(db.update(Link).where(Link.token_hash == links._hash(used)).values(used_at=clock.now()))
    link = db.session.get_one(Link, links._hash(expired))
    link.expires_at = clock.now()
    answers = {str(seen(client, f"/en/links/{purpose}/{token}")) for token in (used, expired, foreign, "A" * 43, "é")}
    assert len(answers) == 1
    page = client.page(f"/en/links/{purpose}/{used}", status=404)
    assert page.title == "This link no longer works"
    assert used not in page.response.get_data(as_text=True)


@pytest.mark.parametrize(
    "purpose, words, leads_to",
    [
        ("confirm", "Get a new link", "/en/register"),
        ("sign-in", "Get a new link", "/en/sign-in"),
        ("reset", "Get a new link", "/en/reset-password"),
    ],
)
def test_a_spent_link_says_where_to_get_a_new_one(
    app: Any, client: Any, purpose: str, words: str, leads_to: str
) -> None:
    assert client.page(f"/en/links/{purpose}/{'A' * 43}", status=404).link(words) == leads_to


def test_a_spent_link_leads_somebody_signed_in_to_her_work(app: Any, client: Any) -> None:
    sign_in(client, owner())
    assert client.page(f"/en/links/confirm/{'A' * 43}", status=404).link("Go to my work") == "/en/my-work"


def test_pressing_the_button_twice_in_one_browser_is_one_use(app: Any, client: Any) -> None:
    (mail,) = register(client)
    page = client.page(mail.path)
    before = client.get_cookie("session").value
    first = client.submit(page.form())
    client.set_cookie("session", before)  # the second press left before the first was answered
    second = client.submit(page.form())
    assert [(a.status_code, a.location) for a in (first, second)] == [(302, "/en/my-work")] * 2
    assert client.get("/en/profile").status_code == 200
    assert db.session.scalar(db.select(db.func.count(Person.id))) == 1


def test_another_browser_or_a_later_minute_finds_the_link_used(app: Any, client: Any, at: Any) -> None:
    (mail,) = register(client)
    page = client.page(mail.path)
    before = client.get_cookie("session").value
    client.submit(page.form())
    assert app.test_client().get(mail.path).status_code == 404
    client.set_cookie("session", before)
    at(clock.now() + timedelta(minutes=1))
    assert client.submit(page.form()).status_code == 404


def test_of_many_at_once_one_uses_the_link(app: Any) -> None:
    token, start, won = issued("reset"), threading.Barrier(8), []

    def press() -> None:
        with app.app_context():
            start.wait()
            link = links.find(token, "reset", clock.now())
            if link is not None and links.use(link, clock.now()):
                won.append(1)
            db.session.commit()

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [1]


def test_tokens_are_in_no_log(app: Any, client: Any, capsys: Any) -> None:
    (mail,) = register(client)
    client.submit(client.page(mail.path).form())
    client.get(mail.path)
    client.post(mail.path)
    token = mail.path.rsplit("/", 1)[1]
    logged = capsys.readouterr().err
    assert '"rule"' in logged and token not in logged and "ana@example.org" not in logged


def test_pages_behind_links_are_kept_by_no_cache_and_named_to_no_other_site(app: Any, client: Any) -> None:
    for path in (register(client)[0].path, f"/en/links/reset/{'A' * 43}"):
        headers = client.get(path).headers
        assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")


@pytest.mark.parametrize("name", ["confirm", "account_exists", "sign_in", "reset"])
def test_links_in_mails_come_from_our_own_setting(app: Any, client: Any, make_app: Any, name: str) -> None:
    poisoned = client.get("/en/register", headers={"Host": "evil.example"})
    assert poisoned.status_code == 400 and b"evil.example" not in poisoned.data
    assert client.get("/en/register", headers={"X-Forwarded-Host": "evil.example"}).status_code == 200
    proxied = make_app(trusted_proxies=1).test_client()
    assert proxied.get("/en/register", headers={"X-Forwarded-Host": "evil.example"}).status_code == 400
    if name != "confirm":
        owner(email="ana@example.org")
    path = {"sign_in": "sign-in", "reset": "reset-password"}.get(name, "register")
    button = ("way", "link") if name == "sign_in" else None
    changes = {"name": "Ana"} if path == "register" else {}
    client.submit(client.page(f"/en/{path}").form(), button, email="ana@example.org", **changes)
    (mail,) = mails.sent()
    assert all(url.startswith("http://localhost/en/links/") for url in mail.links) and mail.links


def test_a_deactivated_person_s_links_are_gone(app: Any, client: Any) -> None:
    person, by = owner(email="ana@example.org"), world.person(is_administrator=True)
    tokens = {purpose: issued(purpose) for purpose in PURPOSES}
    person.active = False
    assert [client.get(f"/en/links/{p}/{t}").status_code for p, t in tokens.items()] == [404] * 4
    person.active = True
    from msme_calls.accounts import actions

    actions.deactivate(person, by=by, at=clock.now())
    actions.reactivate(person, by=by, at=clock.now())
    assert [client.get(f"/en/links/{p}/{t}").status_code for p, t in tokens.items()] == [404] * 4


def test_a_mail_that_is_tried_again_carries_a_link_that_works(app: Any, client: Any) -> None:
    from msme_calls import outbox
    from msme_calls.outbox import Email

    owner(email="ana@example.org")
    client.submit(client.page("/en/reset-password").form(), email="ana@example.org")
    row = db.session.scalars(db.select(Email)).one()
    texts = [outbox.render(row).body for _ in range(2)]
    db.session.commit()
    paths = [line.removeprefix("http://localhost") for t in texts for line in t.splitlines() if "/links/" in line]
    assert len(set(paths)) == 2
    assert client.submit(client.page(paths[1]).form(), password=PASSWORD + " again").status_code == 302
    assert client.get(paths[0]).status_code == 404
