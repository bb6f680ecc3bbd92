"""Nobody but the coordinators of a call meets its rehearsal, and nothing of it leaves (threats M1, A9)."""

import io
import tempfile
from dataclasses import fields
from typing import Any

import flask
import mails
import sqlalchemy as sa
import world
from access.routes import rules
from PIL import Image
from signing_in import browser_of

from msme_calls import clock, keys, metrics, uploads
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Membership, Partner, Role
from msme_calls.extensions import Base, db
from msme_calls.history import History
from msme_calls.outbox import Email
from msme_calls.proposals.models import ProposalVersion
from msme_calls.rehearsals import worlds
from msme_calls.uploads import StoredFile

WORD = "zq77777zq"


def rows() -> dict[str, int]:
    """How many rows there are in each table of ours, but for what any request leaves."""
    tables = [t for t in Base.metadata.sorted_tables if t.name not in ("login_sessions", "throttles", "public_number")]
    return {t.name: db.session.scalar(sa.select(sa.func.count()).select_from(t)) or 0 for t in tables}


def test_a_rehearsal_adds_one_row_here_and_one_line_of_history_and_no_file(led: Any) -> None:
    before = rows()
    led.make()
    led.to("One second after the deadline")
    after = rows()
    assert {t: n - before[t] for t, n in after.items() if n != before[t]} == {"rehearsals": 1, "history": 1}
    assert led.client.get("/en/my-work").status_code == 200  # she is signed in, whatever time it is there
    with led.world():
        kept = set(db.session.scalars(sa.select(StoredFile.sha256)))
    assert kept and not kept & {p.name for p in led.app.settings.files.rglob("*")}
    line = db.session.scalars(sa.select(History).order_by(History.seq.desc())).first()
    assert line is not None and (line.verb, line.call_id, line.actor_id) == ("make-rehearsal", led.id, led.ana.id)
    assert [m.address for m in db.session.scalars(sa.select(Email))] == []
    assert mails.sent() == []


def test_it_is_absent_for_everybody_else(app: Any, led: Any) -> None:
    """Whatever role they have in the call, and whoever coordinates another; who is not signed in is led to the door."""
    others = [world.member(led.call, role) for role in Role if role is not Role.COORDINATOR]
    others += [world.person(), world.member(world.call("open"), Role.COORDINATOR)]
    led.make()
    paths = [f"{led.inside}/en{path}" for path in ("/", f"/calls/{led.slug}", "/my-work")]
    for other in others:
        browser = browser_of(app, other)
        nothing = browser.get("/en/no-such-page").get_data()
        answers = [browser.get(path) for path in paths]
        assert {(a.status_code, len(a.get_data())) for a in answers} == {(404, len(nothing))}
        assert browser.post(paths[0]).status_code == 404
        assert browser.get(led.desk).status_code == 404
    assert app.test_client().get(paths[2]).location == f"/en/sign-in?next={paths[2]}"


def test_it_closes_at_once_for_who_is_no_coordinator_any_more(led: Any) -> None:
    led.make()
    led.page("/my-work")
    db.session.execute(sa.delete(Membership).where(Membership.person_id == led.ana.id))
    led.page("/my-work", 404)


def test_a_coordinator_may_play_who_is_invented_and_nobody_else(led: Any) -> None:
    """Not the other coordinator, who is a person; and who is invented has no account anywhere else."""
    led.make()
    ben = db.session.scalars(sa.select(Person).where(Person.name == "Ben Real")).one()
    form = led.client.page(led.desk).form("/play", "Play Sam Example")
    assert led.client.submit(form, person=str(ben.id)).status_code == 404
    assert "You play Ana Real." in led.page("/my-work").text
    assert not db.session.scalar(sa.select(Person.id).where(Person.name.endswith(" Example")))
    with led.world():
        invented = db.session.scalars(sa.select(Person).where(Person.name.endswith(" Example"))).all()
        assert {p.password for p in invented} == {None} and len(invented) == 6 + 1 + 6 + 1
        assert all(p.email.endswith("@rehearsal.example.org") for p in invented)


def test_every_page_of_it_says_so_and_leads_out_to_no_account(led: Any) -> None:
    """Whoever looks for an account there is led to where she chooses whom she plays."""
    led.make()
    for path in ("/", f"/calls/{led.slug}", "/winners", "/my-work", f"/desk/{led.slug}", "/no-such-page"):
        page = led.page(path, 404 if path == "/no-such-page" else 200)
        assert "Nothing of this is mailed, counted or published." in page.text
    answer = led.client.get(f"{led.inside}/en/calls/{led.slug}")
    assert (answer.headers["Cache-Control"], answer.headers["X-Robots-Tag"]) == ("no-store", "noindex")
    assert "Rehearsal." not in led.client.page("/en/").text
    for path in ("/sign-in", "/profile", "/register", "/mailbox", f"/desk/{led.slug}/rehearsal"):
        assert led.client.get(f"{led.inside}/en{path}").location == led.desk
    assert led.client.submit(led.page("/my-work").form("/sign-out")).location == led.desk
    assert led.page("/my-work").status == 200


def test_partners_have_their_logos_in_it_wherever_temporary_files_lie(led: Any, monkeypatch: Any) -> None:
    """Often on another disk than the data, from which nothing can be renamed to there."""
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), "navy").save(drawn, "PNG")
    logo = uploads.remember(uploads.logo(io.BytesIO(drawn.getvalue()), "logo.png"), clock.now()).sha256
    db.session.add(Partner(call=led.call, name=world.three("Example Partner"), position=0, logo_sha256=logo))
    db.session.commit()
    monkeypatch.setattr(tempfile, "tempdir", str(led.app.settings.data / "another disk"))
    led.make()
    monkeypatch.undo()
    led.be("Be yourself")
    assert led.client.get(f"{led.inside}/logos/{logo}.png").data == world.content(logo)


def test_a_list_is_taken_along_from_it_as_a_file(led: Any) -> None:
    """It is drawn while it is sent: in the rehearsal to its end, and whoever comes next is in the real world again."""
    led.make()
    led.to("One second after the deadline")
    led.be("Be yourself")
    for ending in ("csv", "json"):
        answer = led.client.get(f"{led.inside}/en/desk/{led.slug}/proposals.{ending}")
        assert answer.status_code == 200 and "Example project 1" in answer.get_data(as_text=True)
        assert led.client.get(led.desk).status_code == 200
    assert "Example project" not in led.client.get(f"/en/desk/{led.slug}/proposals.csv").get_data(as_text=True)


def test_no_public_page_feed_or_figure_says_a_word_of_it(app: Any, led: Any) -> None:
    """Before, at and after the instant of its result: every public address, and one's own work."""
    led.make()
    with led.world():
        there = worlds.only_call()
        there.title = there.theme = {"en": WORD}
        for person in db.session.scalars(sa.select(Person)):
            person.name = f"{WORD} {person.name}"
        db.session.commit()
    led.to("One second after the deadline")
    assert WORD in led.page(f"/calls/{led.slug}").text
    for moment in ("One minute before the result", "The instant of the result"):
        led.to(moment)
        assert [path for path in addresses(app, led) if WORD in read(app, led, path)] == []
        assert WORD not in "".join(f"{f(clock.now())}" for _what, f in metrics.GAUGES.values())


def addresses(app: Any, led: Any) -> list[str]:
    """Every public address of the product that needs no more than a call's name."""
    given = {"lang": "en", "slug": led.slug, "kind": led.call.kind, "year": 2027, "reference": "X", "ending": "pdf"}
    found = []
    for endpoint, rule in rules(app).items():
        public = getattr(app.view_functions[endpoint], "access", "") == "public"
        if public and "GET" in (rule.methods or ()) and set(rule.arguments) <= set(given):
            adapter = app.url_map.bind("localhost")
            found.append(adapter.build(endpoint, {n: given[n] for n in rule.arguments}))
    assert len(found) > 12
    return [*found, "/en/my-work", f"/en/desk/{led.slug}/history"]


def read(app: Any, led: Any, path: str) -> str:
    browser = led.client if "/desk/" in path or "my-work" in path else app.test_client()
    return str(browser.get(path, follow_redirects=True).get_data(as_text=True))


def test_nothing_of_it_is_signed_and_its_keys_are_not_those_of_this_site(led: Any) -> None:
    """What is played proves nothing; and if it were signed, no key that is published here would fit."""
    led.make()
    led.to("One second after the deadline")
    real = led.app.settings
    with led.world():
        assert {v.receipt for v in db.session.scalars(sa.select(ProposalVersion))} == {None}
        own = flask.current_app.settings  # type: ignore[attr-defined]
        assert keys.known() == []
    secrets = [f.name for f in fields(own) if f.metadata["secret"] and getattr(own, f.name)]
    assert {"secret_key", "receipt_key", "results_key"} <= set(secrets)
    assert [name for name in secrets if getattr(own, name) == getattr(real, name)] == []
