"""A rehearsal of a call, from its making to its end, as its coordinator goes through it."""

from typing import Any

import mails
import sqlalchemy as sa
import world

from msme_calls import clock
from msme_calls.accounts.models import Person
from msme_calls.decisions import actions as deciding
from msme_calls.decisions.models import Decision
from msme_calls.extensions import db
from msme_calls.proposals import actions as proposing
from msme_calls.proposals.models import Proposal
from msme_calls.rehearsals import worlds


def test_a_coordinator_goes_through_the_whole_call(led: Any) -> None:
    """Open, submit as an applicant, close, assign, review, decide, seal, and the result at its instant."""
    led.make()
    led.to("The opening")
    applies_as_sam(led)
    led.to("One second after the deadline")
    nothing_more_is_taken(led)
    starts_the_review_and_draws(led)
    reviews(led)
    decides_and_seals(led)
    led.to("One minute before the result")
    assert "Sealed" in led.page(f"/calls/{led.slug}/result").text
    assert led.page("/winners").text.count("Winner name") == 0
    led.to("The instant of the result")
    assert "Winner name" in led.page(f"/calls/{led.slug}/result").text
    assert "Winner name" in led.page("/winners").text
    the_mails_are_shown_and_none_was_sent(led)
    assert led.client.get(f"/en/calls/{led.slug}").status_code == 404  # the real call is still a draft


def applies_as_sam(led: Any) -> None:
    led.be("Play Sam Example")
    assert "You play Sam Example." in led.page("/my-work").text
    answer = led.client.submit(led.page(f"/calls/{led.slug}/start").form("/start"))
    assert answer.location.startswith(f"{led.inside}/en/proposals/")
    led.sams = answer.location.removeprefix(f"{led.inside}/en")
    section = led.call.sections[0]
    form = led.page(f"{led.sams}/sections/{section.key}").form(section.key)
    assert led.client.submit(form).status_code in (302, 422)  # nothing is answered yet, and what there is is kept
    with led.world():
        hers = sa.select(Proposal).join(Proposal.owner).where(Person.name == "Sam Example")
        sams = db.session.scalars(hers).one()
        given = world.answers(worlds.only_call(), 99)
        for part in sams.call.sections:
            proposing.save_section(sams, part, given, by=sams.owner, at=clock.tick())
        world._attach_required(sams, sams.owner)
        db.session.commit()
    answer = led.client.submit(led.page(f"{led.sams}/check").form("/submit"))
    assert answer.location == f"{led.inside}/en{led.sams}/receipt"
    assert led.page(f"{led.sams}/receipt").status == 200


def nothing_more_is_taken(led: Any) -> None:
    page = led.page(f"{led.sams}/sections/{led.call.sections[0].key}")
    assert "The deadline has passed" in page.text


def starts_the_review_and_draws(led: Any) -> None:
    led.be("Be yourself")
    led.press(f"/desk/{led.slug}", "/start-review")
    page = led.page(f"/desk/{led.slug}/assignments/draw", follow=True)
    assert led.client.submit(page.form("/assignments/draw")).status_code == 302
    assert "18 reviews are asked for and not submitted." in led.client.page(led.desk).text


def reviews(led: Any) -> None:
    """One reviewer is looked over the shoulder; then all do their part at once."""
    led.be("Play Alba Example")
    assert "Example project" in led.page("/my-work").text
    led.press(led.desk, "/let", "Let the reviewers review", outside=True)
    assert "18 reviews were submitted." in led.client.page(led.desk).text
    led.be("Be yourself")
    assert "18 of 18 assigned reviews are submitted." in led.page(f"/desk/{led.slug}/progress").text
    led.press(f"/desk/{led.slug}", "/start-deciding")


def decides_and_seals(led: Any) -> None:
    """Decided and put forward by the coordinator, confirmed by the invented one, whom she plays."""
    page = led.page(f"/desk/{led.slug}/decisions/by-rank")
    assert led.client.submit(page.form("/by-rank", "Save 6 decisions")).status_code == 302
    with led.world():
        ana = db.session.scalars(sa.select(Person).where(Person.name == "Ana Real")).one()
        for decision in db.session.scalars(sa.select(Decision)).all():
            if decision.outcome.public:
                name, project, summary = ({"en": f"Winner {part}"} for part in ("name", "project", "summary"))
                words = {"by": ana, "at": clock.tick()}
                deciding.set_words(decision.proposal, decision, name, project, summary, **words)
        db.session.commit()
    led.press(f"/desk/{led.slug}/result", "/propose")
    led.be("Play Robin Example")
    led.press(f"/desk/{led.slug}/result", "/confirm")
    led.press(f"/desk/{led.slug}/result", "/seal")
    led.be("Be yourself")


def the_mails_are_shown_and_none_was_sent(led: Any) -> None:
    assert mails.sent() == []
    text = "".join(led.client.page(f"{led.desk}/mails?page={n}").text for n in (1, 2))
    invented = [f"{name}@rehearsal.example.org" for name in ("sam", "reviewer-1", "applicant-6")]
    assert [address for address in (*invented, "ben@calls.example") if address not in text] == []
