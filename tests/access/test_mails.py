"""Every mail in every language: whole, to its one reader, with nothing of others in it (threats A6, A12, B6)."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from access.crawl import alive
from access.sees import may_see
from pages import Page
from werkzeug.test import TestResponse
from world import DAY

from msme_calls import clock, outbox
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call, Invitation
from msme_calls.extensions import LANGUAGES, db
from msme_calls.proposals.models import Proposal

PHISH = "Dear winner, go to http://evil.example/prize <a href='http://evil.example'>now</a>"
Values = Callable[[Any, Call | None], dict[str, Any]]


def _nothing(cast: Any, call: Call | None) -> dict[str, Any]:
    return {}


def _proposal(name: str, **more: Any) -> Values:
    def values(cast: Any, call: Call | None) -> dict[str, Any]:
        assert call and call.deadline_at
        found = {"proposal": str(cast.value(_name(call), f"{name}.proposal")), "deadline": call.deadline_at.isoformat()}
        return {**found, **more}

    return values


def _name(call: Call) -> str:
    return call.slug.removeprefix("call-")


def _review(cast: Any, call: Call | None) -> dict[str, Any]:
    assert call and call.review_due_at
    one = str(cast.value(_name(call), "B.reviewer.assignment"))
    return {"assignments": [one], "assignment": one, "until": call.review_due_at.isoformat()}


def _seal(cast: Any, call: Call | None) -> dict[str, Any]:
    assert call
    from msme_calls.decisions import queries

    seal = queries.in_force(call)
    assert seal
    return {"seal": str(seal.id), "proposal": str(cast.value(_name(call), "A.proposal"))}


def _asked(cast: Any, call: Call | None) -> dict[str, Any]:
    """The decision has just been proposed by the other coordinator."""
    from msme_calls.decisions import actions

    assert call
    resolution = actions.propose(call, by=db.session.get_one(Person, cast.people["second"]), at=clock.now())
    assert resolution.proposed_at
    return {"proposed": resolution.proposed_at.isoformat()}


def _joined(cast: Any, call: Call | None) -> dict[str, Any]:
    invitation = db.session.get_one(Invitation, cast.value("review", "invited.invitation"))
    invitation.accepted_at = clock.now()
    return {"invitation": str(invitation.id)}


def _overdue(cast: Any, call: Call | None) -> dict[str, Any]:
    assert call
    call.result_at = clock.now() - DAY
    return {"result": call.result_at.isoformat()}


def _infected(cast: Any, call: Call | None) -> dict[str, Any]:
    """A file of hers in which a virus was found."""
    file = db.session.get_one(Proposal, cast.value("open", "A.proposal")).attachments[0]
    return {"file": str(file.id)}


def _team(**more: str) -> Values:
    """About applicant A's team; the names of people stand for their ids."""

    def values(cast: Any, call: Call | None) -> dict[str, Any]:
        proposal = db.session.get_one(Proposal, cast.value("open", "A.proposal"))
        if "offered" in more:
            proposal.offered_to_id = cast.people[more["offered"]]
        until = proposal.extended_to.isoformat() if proposal.extended_to else ""
        people = {"person": str(cast.people[more["person"]])} if "person" in more else {}
        return {**more, "proposal": str(proposal.id), "until": until, **people}

    return values


# Each mail of the product: to whom, in which call, and what its row holds.
MAILS: dict[str, tuple[str, str, Values]] = {
    "confirm": ("newcomer", "", lambda cast, call: {"called": PHISH, "onward": ""}),
    "account_exists": ("owner", "", lambda cast, call: {"called": PHISH, "onward": ""}),
    "sign_in": ("owner", "", lambda cast, call: {"onward": ""}),
    "reset": ("owner", "", _nothing),
    "prove": ("owner", "", lambda cast, call: {"onward": ""}),
    "address_asked": ("newcomer", "", lambda cast, call: {"person": str(cast.people["owner"])}),
    "address_taken": ("owner", "", lambda cast, call: {"person": str(cast.people["drafter"])}),
    "address_changed": ("newcomer", "", lambda cast, call: {"person": str(cast.people["owner"])}),
    "password_changed": ("owner", "", _nothing),
    "role_given": ("convenor", "", lambda cast, call: {"role": "convenor"}),
    "second_factor": ("owner", "", lambda cast, call: {"what": "added", "kind": "app", "named": ""}),
    "received": ("owner", "open", _proposal("A", version=1)),
    "withdrawn": ("leaver", "open", _proposal("withdrawn")),
    "restored": ("owner", "open", _proposal("A")),
    "file_refused": ("owner", "open", _infected),
    "draft_due": ("drafter", "open", _proposal("draft")),
    "deadline_moved": ("drafter", "open", _proposal("draft")),
    "invited": ("newcomer", "review", lambda c, call: {"invitation": str(c.value("review", "invited.invitation"))}),
    "team_invited": ("newcomer", "open", lambda c, call: {"invitation": str(c.value("open", "A.asked"))}),
    "team_news": ("owner", "open", _team(what="left", person="co-editor")),
    "team_changed": ("co-editor", "open", _team()),
    "proposal_offered": ("co-editor", "open", _team(offered="co-editor")),
    "proposal_handed_over": ("owner", "open", _team(person="co-editor")),
    "more_time": ("co-viewer", "open", _team()),
    "bulk_reading": ("coordinator", "review", lambda cast, call: {"person": str(cast.people["reviewer"])}),
    "coordinator_added": ("coordinator", "review", _joined),
    "result_overdue": ("coordinator", "deciding", _overdue),
    "review_assigned": ("reviewer", "review", _review),
    "review_due": ("reviewer", "review", _review),
    "review_extended": ("reviewer", "review", _review),
    "outcome": ("owner", "published", _seal),
    "tasks_due": ("owner", "published", _proposal("A", first=True)),
    "account_deleted": ("newcomer", "", _nothing),
    "confirm_asked": ("coordinator", "deciding", _asked),
    "sealed": ("coordinator", "sealed", _seal),
}


def test_every_mail_is_looked_at(seen: Any) -> None:
    assert sorted(outbox.MAILS) == sorted(MAILS), "add a line to MAILS in tests/access/test_mails.py"


def _rendered(world: Any, name: str, lang: str) -> Any:
    to, call_name, values = MAILS[name]
    call = db.session.get(Call, world.cast.value(call_name, "call")) if call_name else None
    person = db.session.get(Person, world.cast.people[to]) if to != "newcomer" else None
    row = outbox.Email(
        name=name, address=person.email if person else "new@example.org", language=lang, created_at=clock.now(),
        due_at=clock.now(), person_id=person.id if person else None, call_id=call.id if call else None,
        values=values(world.cast, call), attempts=0,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    with world.app.test_request_context("/", base_url="http://evil.example"):  # whatever a request says of our host
        return outbox.render(row)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", MAILS)
def test_a_mail_is_whole_and_for_its_reader_alone(seen: Any, name: str, lang: str) -> None:
    message = _rendered(seen, name, lang)
    assert message is not None, "its reason holds, so it is sent"
    said = (message.subject, message.body, message.html)
    assert all(part.strip() for part in said) and "\n" not in message.subject and len(message.recipients) == 1
    for part in said:
        assert not re.search(r"%\((?!zqp)\w+\)|\{\{(?!1337)|\bNone\b|Undefined", part), "something was not filled in"
    reader = MAILS[name][0]
    others = {str(s) for s in seen.cast.canaries.found(*said) if not may_see(reader, s, f"mail {name}")}
    assert others == set()
    assert f'lang="{lang}"' in message.html and message.extra_headers["Content-Language"] == lang


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_leads_to_this_site_only_and_runs_nothing(seen: Any, name: str) -> None:
    message = _rendered(seen, name, "en")
    tree = Page(TestResponse([message.html.encode()], "200 OK", {}, _Request())).tree  # type: ignore[arg-type]
    assert [fault for element in tree.iter() for fault in alive(element, styled=True)] == []
    home = seen.app.settings.address
    followed = [e.get("href", "") for e in tree.iter("a")] + re.findall(r"https?://\S+", message.body)
    assert all(link.startswith((f"{home}/", "mailto:")) for link in followed), followed
    assert list(tree.iter("img")) == [] and "evil.example" not in message.subject


class _Request:
    """What a page wants to know of its request."""

    full_path = "/mail"


def test_a_stranger_cannot_have_us_write_her_words_to_somebody_else(seen: Any) -> None:
    """Threat B6: anybody may type any name beside anybody's address when registering."""
    for name in ("confirm", "account_exists"):
        message = _rendered(seen, name, "en")
        assert "evil.example" not in f"{message.subject}{message.body}{message.html}", name
