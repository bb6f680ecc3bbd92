"""Each person finds her own work in one place, and coordinators can add to the archive."""

import pytest
import world
from deciding import sealed
from signing_in import sign_in

from msme_calls.calls.models import Call, Role
from msme_calls.extensions import db
from msme_calls.publication.models import PastEdition

FORM = {
    "kind": "small-business-champions", "year": "2019", "title-en": "Example", "title-fr": "Exemple",
    "title-es": "Ejemplo", "sources": "example.org Example page", "winner-0-name": "Example Winner",
    "winner-0-economy": "KE", "announced": "2019-06-27",
}  # fmt: skip


def test_an_applicant_sees_her_own_proposals_and_nobody_elses(client):
    call = world.call("open")
    mine, other = world.draft(call), world.draft(call)
    page = sign_in(client, mine.owner).page("/en/my-work")
    assert mine.title in page.text and other.title not in page.text


def test_her_proposal_says_how_far_it_is_and_no_more(client):
    mine = world.proposal(world.call("review"))
    page = sign_in(client, mine.owner).page("/en/my-work")
    assert "In review" in page.text and "Read the decision" not in page.text


def test_once_the_result_is_out_the_decision_is_one_step_away(client, at):
    made, _seal = sealed()
    mine = made.proposals[0]
    address = f"/en/proposals/{mine.id}/outcome"
    assert "Read the decision" not in sign_in(client, mine.owner).page("/en/my-work").text
    at(made.call.result_at)
    assert sign_in(client, mine.owner).page("/en/my-work").link("Read the decision") == address


def test_who_has_nothing_yet_is_shown_the_open_calls(client):
    page = sign_in(client, world.person()).page("/en/my-work")
    assert page.link("See open calls") == "/en/calls"


def test_a_coordinator_finds_her_calls(client):
    call = world.call("review")
    someone = world.member(call, Role.COORDINATOR)
    page = sign_in(client, someone).page("/en/my-work")
    assert page.link(call.title["en"]) == f"/en/desk/{call.slug}"


def _coordinator(client):
    return sign_in(client, world.member(world.call("open"), Role.COORDINATOR))


def test_a_coordinator_records_an_edition_from_public_facts(client):
    form = _coordinator(client).page("/en/my-work/past-edition").form(button="Record the edition")
    assert client.submit(form, **FORM).status_code == 302
    edition = db.session.query(PastEdition).one()
    assert (edition.year, edition.winners[0]["name"], edition.unknown) == (
        2019,
        "Example Winner",
        ["launched", "deadline"],
    )
    page = client.page("/es/winners/2019/small-business-champions")
    assert "Example Winner" in page.text and page.title == "Ejemplo"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("sources", "", "Name at least one public source."),
        ("year", "²", "Write the year in four figures"),
        ("year", "soon", "Write the year in four figures"),
        ("title-es", "", "Write the title in all three languages."),
        ("announced", "27 June", "Write the date as year, month and day"),
    ],
)
def test_what_is_missing_is_said_and_nothing_typed_is_lost(client, field, value, sentence):
    form = _coordinator(client).page("/en/my-work/past-edition").form(button="Record the edition")
    answer = client.submit(form, **{**FORM, field: value})
    text = answer.get_data(as_text=True)
    assert sentence in text and "Example Winner" in text
    assert db.session.query(PastEdition).count() == 0


def test_nobody_else_records_editions(client):
    assert sign_in(client, world.person()).get("/en/my-work/past-edition").status_code == 404


def test_an_edition_whose_call_is_under_way_is_not_told_before_its_result(client):
    """Its winners are told by the seal, at their instant, and not by one coordinator before it."""
    _coordinator(client)
    call = db.session.query(Call).one()
    form = {**FORM, "year": str(call.opens_at.year), "announced": ""}
    page = client.page("/en/my-work/past-edition")
    assert client.submit(page.form(button="Record the edition"), **form).status_code == 403
    assert db.session.query(PastEdition).count() == 0
    call.cancelled_at = call.opens_at
    db.session.commit()
    assert client.submit(page.form(button="Record the edition"), **form).status_code == 302
