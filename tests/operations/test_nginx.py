"""The documented proxy: nginx itself, with the very file of `deploy/`, before real servers (threats A2, A6, E3)."""

import re
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from urllib.parse import urlencode

import pytest
from operations.conftest import ROOT, free_port
from operations.fleet import NAME, Fleet, Proxy, fleet, real, until  # noqa: F401  fixtures

pytestmark = pytest.mark.timeout(120)
PRODUCTION = {
    "env": "production", "secret_key": "x" * 40, "public_url": f"https://{NAME}", "trusted_proxies": 1, "threads": 4,
}  # fmt: skip
# A public page that says “before” and, from an instant on, “after”; it lets caches keep it as ours do.
TURNING = """
import os
from datetime import UTC, datetime
from flask import Response
from msme_calls import access, clock, web
from wsgi import app

@app.get("/turning")
@access.public
def turning():
    turn, at = datetime.fromisoformat(open(os.environ["MSME_TEST_TURN"]).read()), clock.now()
    answer = Response("after" if at >= turn else "before")
    return web.cache_publicly(answer, turn if at < turn else None)
"""
Make = Callable[..., Fleet]


@pytest.fixture
def site(fleet: Make) -> Iterator[tuple[Fleet, Proxy]]:  # noqa: F811
    """A production installation with gunicorn behind nginx."""
    made = fleet(**PRODUCTION)
    port = free_port()
    made.gunicorn("web", port)
    proxy = Proxy(made, [port])
    made.serves("web", port)
    yield made, proxy


def token_of(page: bytes) -> str:
    found = re.search(rb'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found
    return found[1].decode()


def test_only_our_name_is_served_and_what_a_client_claims_goes_no_further(site: tuple[Fleet, Proxy]) -> None:
    """Threats A2, A6: Host, X-Forwarded-Host and -For of strangers; also Forwarded, -Port and -Prefix."""
    _, proxy = site
    answer, page = proxy.ask("/en/calls")
    assert answer.status == 200 and answer.headers["Strict-Transport-Security"].startswith("max-age=")
    for host in ("evil.example.com", "127.0.0.1"):
        with pytest.raises((ConnectionError, ssl.SSLError, OSError)):
            proxy.ask("/en/", host=host)
    evil = {"X_Forwarded_Host": "evil.example.com", "X_Forwarded_Proto": "http", "X_Forwarded_Port": "81",
            "X_Forwarded_Prefix": "/evil", "Forwarded": "host=evil.example.com"}  # fmt: skip
    _, forged = proxy.ask("/en/calls?once=1", **evil)
    assert b"evil" not in forged and len(forged) > 1000
    moved, _ = proxy.ask("/en/my-work", **evil)
    assert moved.headers["Location"].startswith("/en/sign-in")
    limited = []
    for n in range(32):  # forty mails for one network in an hour are too many, whatever it says it is
        form, page = proxy.ask("/en/register")
        cookie = form.headers["Set-Cookie"].partition(";")[0]
        data = urlencode({"csrf_token": token_of(page), "email": f"reader{n}@example.org", "name": "Example"})
        done, _ = proxy.ask(
            "/en/register", "POST", data, Cookie=cookie, X_Forwarded_For=f"203.0.113.{n}", X_Real_IP=f"203.0.113.{n}",
            Content_Type="application/x-www-form-urlencoded",
        )  # fmt: skip
        limited.append(done.status)
    assert limited == [302] * 30 + [429] * 2


def test_public_pages_are_kept_private_ones_never_and_no_key_gets_into_the_log(site: tuple[Fleet, Proxy]) -> None:
    made, proxy = site
    pages = [proxy.ask("/en/calls") for _ in range(3)]
    assert len({content for _, content in pages}) == 1
    until(lambda: proxy.kept()[:3] == ["MISS", "HIT", "HIT"], str(proxy.kept()))
    clocks = [re.findall(r'desc="([^"]+)"', answer.headers["Server-Timing"] or "") for answer, _ in pages]
    for [said] in clocks:  # the clock that pages count by is of each answer, also of a kept one
        assert abs(datetime.fromisoformat(said) - real()) < timedelta(seconds=15)
    style = re.search(rb'href="(/static/look\.css\?v=[^"]+)"', pages[0][1])
    assert style
    kept = [proxy.ask(style[1].decode())[0].headers["Cache-Control"] for _ in range(2)]
    assert kept == ["public, max-age=31536000, immutable"] * 2
    cookies = {proxy.ask("/en/sign-in")[0].headers["Set-Cookie"] for _ in range(3)}
    assert len(cookies) == 3 and None not in cookies
    absent = [proxy.ask("/en/nothing-here")[0] for _ in range(2)]
    assert [a.status for a in absent] == [404, 404]
    until(lambda: proxy.kept()[3:] == ["MISS", "HIT", *["MISS"] * 5], str(proxy.kept()))
    assert proxy.ask("/readyz")[0].status == 200  # asked on this very machine
    assert proxy.ask("/healthz")[0].status == 200
    assert proxy.ask("/metrics")[0].status == 404
    proxy.ask("/en/links/a-token-as-good-as-a-key?email=ana@example.org")
    log = (proxy.folder / "access.log").read_text() + (proxy.folder / "error.log").read_text()
    assert "token" not in log and "@" not in log


def test_no_kept_page_crosses_an_instant(fleet: Make) -> None:  # noqa: F811
    """Threat E3: through nginx too, the page is “before” until the instant and “after” from it on."""
    made, port = fleet(**PRODUCTION), free_port()
    (made.folder / "turning.py").write_text(TURNING)
    turn = made.folder / "turn"
    made.settings["test_turn"] = turn
    made.gunicorn("web", port, app="turning:app")
    proxy = Proxy(made, [port])
    made.serves("web", port)
    instant = real().replace(microsecond=0) + timedelta(seconds=4)
    turn.write_text(instant.isoformat())
    seen: list[tuple[datetime, bytes, datetime]] = []
    while real() < instant + timedelta(seconds=1):
        begun = real()
        answer, content = proxy.ask("/turning")
        seen.append((begun, content, real()))
        time.sleep(0.02)
    assert {content for begun, content, _ in seen if begun >= instant} == {b"after"}
    assert {content for _, content, ended in seen if ended < instant} == {b"before"}
    until(lambda: proxy.kept().count("HIT") > 20, "nothing was kept")


@pytest.mark.parametrize("front", ["nginx before gunicorn", pytest.param("embedded", marks=pytest.mark.slow)])
def test_forty_slow_uploads_slow_nobody_else(fleet: Make, front: str) -> None:  # noqa: F811
    """Forty applicants send at 250 bytes a second; a page that is drawn for each reader still comes at once."""
    made, port = fleet(**PRODUCTION), free_port()
    if front == "embedded":
        made.command("web", "serve", port=port)
        made.serves("web", port)
        connect, ask = _plainly(port)
    else:
        made.gunicorn("web", port)
        proxy = Proxy(made, [port])
        made.serves("web", port)
        connect, ask = proxy.connection, lambda: proxy.ask("/en/sign-in")[0].status
    ask()
    slow = [connect() for _ in range(40)]
    head = f"POST /en/sign-in HTTP/1.1\r\nHost: {NAME}\r\nX-Forwarded-Proto: https\r\nContent-Length: 200000\r\n\r\n"
    for one in slow:
        one.sendall(head.encode())
    times: list[float] = []
    for _ in range(12):
        for one in slow:
            one.sendall(b"x" * 50)  # five times a second
        begun = time.perf_counter()
        assert ask() == 200
        times.append(time.perf_counter() - begun)
        time.sleep(max(0.0, 0.2 - times[-1]))
    for one in slow:
        one.close()
    assert sorted(times)[len(times) // 2] < 0.3 and max(times) < 2, times


def _plainly(port: int):  # type: ignore[no-untyped-def]
    import http.client
    import socket

    def ask() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/en/sign-in", headers={"Host": NAME, "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    return lambda: socket.create_connection(("127.0.0.1", port), timeout=30), ask


def test_the_limit_of_the_proxy_leaves_room_for_ours() -> None:
    from msme_calls.settings import Settings

    found = re.search(r"client_max_body_size (\d+)m;", (ROOT / "deploy" / "nginx.conf").read_text("utf-8"))
    assert found and int(found[1]) == 2 * Settings(env="test").max_upload_mb
