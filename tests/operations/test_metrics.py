"""Figures for monitoring: for whoever has the token, the same from every process, and nothing of anybody in them."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import flask
import pytest
import sqlalchemy as sa
import world
from operations.conftest import Reader
from prometheus_client.parser import text_string_to_metric_families
from proposals.test_files import pdf, send
from signing_in import browser_of

from msme_calls import clock, jobs, metrics, outbox, pulse
from msme_calls.extensions import db
from msme_calls.settings import Settings, SettingsError

pytestmark = pytest.mark.usefixtures("app")
TOKEN = "a token of thirty-two characters"
ASK = {"Authorization": f"Bearer {TOKEN}"}
Make = Callable[..., flask.Flask]


def figures(client: Any) -> dict[tuple[str, ...], float]:
    """Every figure by its name and the values of its labels, without the number of the process."""
    answer = client.get("/metrics", headers=ASK)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = [value for name, value in sorted(sample.labels.items()) if name not in ("pid", "le")]
            found[sample.name, *labels] = sample.value
    return found


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Authorization": f"Basic {TOKEN}"},
     {"Authorization": "Bearer "}, {"Authorization": "Bearer ünïcode"}],
)  # fmt: skip
def test_without_the_token_there_is_no_such_page(make_app: Make, headers: dict[str, str]) -> None:
    for app in (make_app(metrics_token=TOKEN), make_app()):
        client = app.test_client()
        asked, absent = (client.get(path, headers=headers) for path in ("/metrics", "/metrics-of-nothing"))
        seen = [
            (a.status_code, a.data, sorted(h for h in a.headers if h[0] != "X-Request-Id")) for a in (asked, absent)
        ]
        assert asked.status_code == 404 and seen[0] == seen[1]


def test_no_token_is_no_token(make_app: Make) -> None:
    assert make_app().test_client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    with pytest.raises(SettingsError, match="MSME_METRICS_TOKEN"):
        Settings(metrics_token="short")


def test_what_waits_and_what_was_given_up_is_told(make_app: Make, app: flask.Flask, letter: Any) -> None:
    client, at = make_app(metrics_token=TOKEN).test_client(), clock.now()
    letter(app)
    first = figures(client)
    assert (first["msme_calls_mails_waiting",], first["msme_calls_mail_overdue_seconds",]) == (0, 0)
    assert first["msme_calls_database_up",] == 1
    for n, due in enumerate((-90, -30, 600)):
        outbox.queue("letter", to=Reader(f"reader{n}@example.org"), at=at, due=at + timedelta(seconds=due))
    outbox.queue("letter", to=Reader("dead@example.org"), at=at)
    outbox.queue("letter", to=Reader("dead@example.org"), at=at)
    dead = sa.update(outbox.Email).where(outbox.Email.address == "dead@example.org").values(dead_at=at)
    db.session.execute(dead)
    db.session.commit()
    found = figures(client)
    assert [found[f"msme_calls_{name}",] for name in ("mails_waiting", "mails_dead", "mail_overdue_seconds")] == [
        3, 2, 90,
    ]  # fmt: skip


def test_the_last_turn_of_whichever_worker_is_told(make_app: Make, app: flask.Flask, at: Callable[..., Any]) -> None:
    client = make_app(metrics_token=TOKEN).test_client()
    assert ("msme_calls_last_timestamp_seconds", "turn") not in figures(client)
    for moment in ("2027-03-01T10:00:00Z", "2027-03-01T10:01:00Z"):
        when = at(moment)
        jobs.run_sweeps(app)
        assert figures(client)["msme_calls_last_timestamp_seconds", "turn"] == when.timestamp()
    pulse.note("backup", when)
    db.session.commit()
    assert figures(client)["msme_calls_last_timestamp_seconds", "backup"] == when.timestamp()


def test_requests_are_counted_by_feature_and_outcome_not_by_path(make_app: Make) -> None:
    client = make_app(metrics_token=TOKEN).test_client()
    for path in ("/en/", "/en/", "/en/sign-in", "/en/secret-path-7", "/en/my-work", "/healthz", "/static/look.css"):
        client.get(path)
    found = figures(client)
    counts = {key[1:]: value for key, value in found.items() if key[0] == "msme_calls_request_seconds_count"}
    assert sum(counts.values()) == 6
    assert counts["accounts", "2xx"] == 1 and counts["absent", "4xx"] == 1 and counts["operations", "2xx"] == 1
    assert found["msme_calls_request_seconds_sum", "accounts", "2xx"] > 0


def test_files_and_sign_ins_are_counted_by_how_they_ended(make_app: Make) -> None:
    app = make_app(metrics_token=TOKEN)
    with app.app_context():
        person = world.person()
        call = world.call("open")
        proposal = world.draft(call, by=person)
        db.session.commit()
        her, url = browser_of(app, person), f"/en/proposals/{proposal.id}/sections/documents"
        send(her, url, (pdf(), "idea.pdf"))
        send(her, url, (b"nothing", "idea.pdf"))
        stranger: Any = app.test_client()
        stranger.submit(stranger.page("/en/sign-in").form(), email="ana@example.org", password="wrong password")
        found = figures(app.test_client())
    events = {key[1:]: value for key, value in found.items() if key[0] == "msme_calls_events_total"}
    assert events == {("file", "kept"): 1, ("file", "refused"): 1, ("sign in", "refused"): 1}


def test_no_figure_names_anybody_or_any_path(make_app: Make) -> None:
    app = make_app(metrics_token=TOKEN)
    with app.app_context():
        browser_of(app, world.person("Canary Person", email="canary@example.org")).get("/en/calls/canary")
        text = app.test_client().get("/metrics", headers=ASK).text
    assert not re.search("canary|@|/en/", text, re.I)
    assert len(text.splitlines()) < 200


def test_a_database_that_is_away_is_a_figure_too(make_app: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(at: Any) -> float:
        raise sa.exc.OperationalError("", {}, Exception("gone"))

    app = make_app(metrics_token=TOKEN)
    monkeypatch.setattr(metrics, "GAUGES", {"mails_waiting": ("Mails", away)})
    found = figures(app.test_client())
    assert found["msme_calls_database_up",] == 0 and ("msme_calls_mails_waiting",) not in found
