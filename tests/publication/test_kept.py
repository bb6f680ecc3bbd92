"""Public pages are kept in memory: nobody sees one that would be drawn otherwise now (threats C24, E3)."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import world

from msme_calls import clock, freshness
from msme_calls.calls.models import Criterion
from msme_calls.extensions import db
from msme_calls.publication import kept
from msme_calls.publication.models import PastEdition


@pytest.fixture
def page(client: Any) -> Any:
    """The public page of an open call, asked for as often as one likes."""
    call = world.call("open")
    db.session.commit()
    client.call = call
    client.look = lambda **more: client.get(f"/en/calls/{call.slug}", **more)
    return client


def _plain(response: Any) -> list[tuple[str, str]]:
    return sorted((n, v) for n, v in response.headers if n not in ("X-Request-Id", "Server-Timing", "Date"))


def test_a_page_is_drawn_once_and_says_the_same_to_all(page: Any, app: Any) -> None:
    first, again = page.look(), page.look()
    assert app.extensions["public_pages"].kept
    assert first.get_data() == again.get_data() and _plain(first) == _plain(again)
    assert again.headers["Server-Timing"].startswith('clock;desc="2027-02-24T16:52:08')
    assert "Set-Cookie" not in again.headers


@pytest.mark.parametrize("encoding", ["br", "gzip", "identity"])
def test_it_is_sent_as_the_browser_takes_it(page: Any, encoding: str) -> None:
    for _ in range(2):
        response = page.look(headers={"Accept-Encoding": f"{encoding}, *;q=0"})
        assert response.headers.get("Content-Encoding", "identity") == encoding
        assert response.headers["Vary"] == "Accept-Encoding"


def test_a_change_shows_in_the_next_answer_whoever_made_it(page: Any, app: Any) -> None:
    """Also a change of a part of the call, and one that another process commits."""
    page.look()
    page.call.theme = world.three("Another theme")
    assert "Another theme" in page.look().text
    criterion = page.call.criteria[0]
    criterion.name = world.three("Another criterion")
    assert "Another criterion" in page.look().text
    db.session.execute(sa.update(Criterion).where(Criterion.id == criterion.id).values(name=world.three("A third one")))
    assert "A third one" in page.look().text


def test_what_was_rolled_back_is_no_change(page: Any) -> None:
    number = freshness.number()
    page.call.theme = world.three("Never")
    db.session.flush()
    db.session.rollback()
    db.session.commit()
    assert freshness.number() == number and "Never" not in page.look().text


def test_a_change_counts_also_if_a_part_of_its_act_was_undone(page: Any) -> None:
    """Of two who do the same at once, one finds the other's row there and goes on (threat C24)."""
    number = freshness.number()
    page.call.theme = world.three("Changed all the same")
    db.session.flush()
    with pytest.raises(RuntimeError), db.session.begin_nested():
        db.session.execute(sa.text("SELECT 1"))
        raise RuntimeError
    db.session.commit()
    assert freshness.number() == number + 1


def test_the_clock_alone_changes_it(page: Any, at: Any) -> None:
    assert "Start a proposal" in page.look().text
    deadline = page.call.deadline_at
    at(deadline - timedelta(seconds=0.4))
    last = page.look()
    assert "Start a proposal" in last.text and last.headers["Cache-Control"] == "public, max-age=0"
    at(deadline)
    assert "Start a proposal" not in page.look().text


def test_the_time_left_is_never_older_than_a_minute(page: Any, at: Any) -> None:
    page.look()
    begun = clock.now()
    at(begun + timedelta(seconds=40))
    assert page.look().headers["Cache-Control"] in ("public, max-age=19", "public, max-age=20")
    at(begun + timedelta(seconds=60))
    assert page.look().headers["Cache-Control"] in ("public, max-age=59", "public, max-age=60")


def test_it_is_kept_for_our_own_name_and_whole_addresses_only(page: Any) -> None:
    page.look()
    assert page.look(base_url="http://elsewhere.example").status_code == 400
    assert "lang=x" in page.look(query_string="lang=x").text, "the links to other languages keep what was asked"
    assert page.head(f"/en/calls/{page.call.slug}").get_data() == b""
    assert page.get("/en/calls/never").status_code == 404


def test_memory_is_bounded(app: Any, client: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(kept, "MOST", 2)
    for name in ("help", "privacy", "contact"):
        client.get(f"/en/{name}")
    assert list(app.extensions["public_pages"].kept) == ["/en/privacy", "/en/contact"]


def test_one_page_is_kept_once_however_its_address_is_spelt(app: Any, client: Any) -> None:
    """Else whoever spells a year in a thousand ways would drive out all pages that others ask for."""
    kind = "small-business-champions"
    db.session.add(PastEdition(kind=kind, year=2021, recorded_at=clock.now(), title=world.three("Before")))
    db.session.commit()
    for year in ("2021", "02021", "0002021", "２０２１"):
        assert "Before" in client.get(f"/en/winners/{year}/{kind}").text
    assert list(app.extensions["public_pages"].kept) == [f"/en/winners/2021/{kind}"]
