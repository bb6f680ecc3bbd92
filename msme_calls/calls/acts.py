"""The history of a call in plain words: one sentence for each kind of act, each feature adding those of its own."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from msme_calls import i18n
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call, Role
from msme_calls.extensions import db
from msme_calls.history import History
from msme_calls.i18n import _l

# Sentences by verb; they may name %(who)s, %(proposal)s and the act's own details.
SENTENCES: dict[str, Any] = {
    "create-call": _l("%(who)s created the call."),
    "clone-call": _l("%(who)s created the call as a copy of %(source)s."),
    "import-call": _l("%(who)s took over a file into the call."),
    "set-texts": _l("%(who)s changed the texts."),
    "set-dates": _l("%(who)s changed the dates."),
    "set-rules": _l("%(who)s changed the rules."),
    "add-criterion": _l("%(who)s added the criterion “%(criterion)s”."),
    "edit-criterion": _l("%(who)s changed the criterion “%(criterion)s”."),
    "move-criterion": _l("%(who)s moved the criterion “%(criterion)s”."),
    "remove-criterion": _l("%(who)s removed the criterion “%(criterion)s”."),
    "add-section": _l("%(who)s added the section “%(section)s” to the form."),
    "word-section": _l("%(who)s changed the words of the section “%(section)s”."),
    "move-section": _l("%(who)s moved the section “%(section)s”."),
    "order-form": _l("%(who)s put the form into another order."),
    "remove-section": _l("%(who)s removed the section “%(section)s” from the form."),
    "add-question": _l("%(who)s added the question “%(question)s” to the form."),
    "word-question": _l("%(who)s changed the words of the question “%(question)s”."),
    "edit-question": _l("%(who)s changed the question “%(question)s”."),
    "condition-question": _l("%(who)s changed when the question “%(question)s” is asked."),
    "move-question": _l("%(who)s moved the question “%(question)s”."),
    "remove-question": _l("%(who)s removed the question “%(question)s” from the form."),
    "add-partner": _l("%(who)s added the partner %(name)s."),
    "edit-partner": _l("%(who)s changed the partner %(name)s."),
    "move-partner": _l("%(who)s moved the partner %(name)s."),
    "remove-partner": _l("%(who)s removed the partner %(name)s."),
    "invite": _l("%(who)s invited somebody as %(role)s."),
    "resend-invitation": _l("%(who)s sent an invitation once more."),
    "revoke-invitation": _l("%(who)s took an invitation back."),
    "join": _l("%(who)s joined as %(role)s."),
    "bulk-reading": _l("%(who)s opened %(proposals)s proposals within a minute, and was stopped."),
    "vouch": _l("Whoever runs the server vouched for %(person)s as a coordinator who is independent of the others."),
    "decline-invitation": _l("An invitation as %(role)s was declined."),
    "remove-member": _l("%(who)s ended the role of %(person)s as %(role)s."),
    "add-meeting": _l("%(who)s put the meeting “%(title)s” into the calendar."),
    "edit-meeting": _l("%(who)s changed the meeting “%(title)s”."),
    "cancel-meeting": _l("%(who)s cancelled the meeting “%(title)s”."),
    "launch": _l("%(who)s launched the call."),
    "extend": _l("%(who)s moved the deadline from %(former)s to %(new)s."),
    "start-review": _l("%(who)s started the review."),
    "start-deciding": _l("%(who)s started deciding."),
    "cancel": _l("%(who)s cancelled the call: %(reason)s"),
    "archive": _l("%(who)s archived the call."),
}
ROLES = {
    Role.COORDINATOR: _l("coordinator"),
    Role.ASSISTANT: _l("assistant"),
    Role.CHAIR: _l("chair"),
    Role.REVIEWER: _l("reviewer"),
    Role.OBSERVER: _l("observer"),
}


@dataclass(frozen=True)
class Subjects:
    """What acts may be about: which of them a person may know in a call (ids), and what each is called."""

    visible: Callable[[Person, Call], sa.Select[uuid.UUID]]
    names: Callable[[Iterable[uuid.UUID]], dict[uuid.UUID, str]]


PROPOSALS: list[Subjects] = []  # `proposals` adds itself; without it acts about proposals are left out


@dataclass(frozen=True)
class Act:
    """One act as people read it."""

    seq: int
    at: datetime
    who: str
    words: str
    verb: str
    proposal: str
    details: dict[str, Any]


def of_call(call: Call, reader: Person, *, proposals: bool) -> sa.Select[History]:
    """The acts of a call that a reader may know, the newest first; those about proposals only if she may see them."""
    known = [History.proposal_id.in_(s.visible(reader, call)) for s in PROPOSALS if proposals]
    about = sa.or_(History.proposal_id.is_(None), *known)
    return sa.select(History).where(History.call_id == call.id, about).order_by(History.seq.desc())


def told(rows: list[History], call: Call) -> list[Act]:
    """Rows of the history in this language: three statements whatever their number."""
    said = [row.said.get("details", {}) for row in rows]
    people = {row.actor_id for row in rows if row.actor_id}
    people |= {uuid.UUID(d["person"]) for d in said if d.get("person")}
    names = {
        p: n
        for p, n in db.session.execute(
            sa.select(Person.id, Person.name).where(Person.id.in_(people), Person.erased_at.is_(None))
        )
    }
    about = {row.proposal_id for row in rows if row.proposal_id}
    proposals = {i: n for s in PROPOSALS for i, n in s.names(about).items()} if about else {}
    return [_act(row, details, names, proposals, call) for row, details in zip(rows, said, strict=True)]


def _act(
    row: History, details: dict[str, Any], names: dict[uuid.UUID, str], proposals: dict[uuid.UUID, str], call: Call
) -> Act:
    nobody = _("Somebody whose account is gone")
    who = names.get(row.actor_id, nobody) if row.actor_id else _("The system")
    proposal = proposals.get(row.proposal_id, "") if row.proposal_id else ""
    values = {k: _plain(k, v, names, call) for k, v in details.items()}
    sentence = SENTENCES.get(row.verb, _l("%(who)s did something that has no words here (%(verb)s)."))
    words = str(sentence) % defaultdict(lambda: "–", values, who=who, proposal=proposal, verb=row.verb)
    return Act(row.seq, row.at, who, words, row.verb, proposal, details)


def _plain(key: str, value: Any, names: dict[uuid.UUID, str], call: Call) -> str:
    if key == "person":
        return names.get(uuid.UUID(value), "–")
    if key == "role":
        return str(ROLES[Role(value)])
    if isinstance(value, dict):
        return i18n.said(value)
    if isinstance(value, str) and value[10:11] == "T" and value[:4].isdigit():
        return i18n.written(datetime.fromisoformat(value), call.zone)
    return str(value)
