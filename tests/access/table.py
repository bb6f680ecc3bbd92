"""Who may do what: every address of the product, one line each. `test_matrix.py` checks it and fails if one is missing.

A new page: add its endpoint here with the group of those who may open it; where its address holds a name that
`ARGUMENTS` doesn't know, say there what it stands for. Everybody else gets exactly what an absent thing gives.
"""

from dataclasses import dataclass, field
from typing import Any

from access.cast import ROLES

EVERYBODY = frozenset(ROLES)
SIGNED_IN = EVERYBODY - {"anonymous"}
NOBODY: frozenset[str] = frozenset()
COORDINATORS = frozenset({"coordinator", "conflicted"})
ADMINISTRATOR = frozenset({"administrator"})
CONVENOR = frozenset({"convenor"})
DESK = COORDINATORS | {"assistant", "chair", "observer"}  # figures of a call
READERS = COORDINATORS | {"assistant", "chair"}  # proposals of a call
SET_UP = COORDINATORS | {"assistant"}
ASSIGNING = COORDINATORS | {"assistant"}
SCORES = COORDINATORS | {"chair"}
OWNER = frozenset({"owner"})
CO_APPLICANTS = frozenset({"co-viewer", "co-editor", "co-submitter"})
TEAM = OWNER | CO_APPLICANTS
ASSIGNED = frozenset({"reviewer"})
UNCONFLICTED = EVERYBODY - {"conflicted", "owner"}  # a conflict with a proposal wins over every role


@dataclass(frozen=True)
class Line:
    """Who may open it, in which call of `cast.CALLS`, and what stands for the names in its address."""

    who: frozenset[str]
    call: str = "review"
    public: bool = False  # the same bytes for everybody
    args: dict[str, Any] = field(default_factory=dict)
    open_door: bool = False  # absent for everybody alike, signed in or not
    refused: frozenset[str] = NOBODY  # on the team, but this takes more: told so, before anything is looked for
    query: str = ""  # an address that means something only with this: “?kind=…”


def public(**values: Any) -> Line:
    return Line(EVERYBODY, public=True, **values)


def only(who: frozenset[str], call: str = "review", **values: Any) -> Line:
    return Line(who, call=call, **values)


def team(least: str = "co-viewer", call: str = "open", **values: Any) -> Line:
    """For those on the team of a proposal who may do at least so much; the others on it are told what it takes."""
    order = ("co-viewer", "co-editor", "co-submitter", "owner")
    there, refused = order[order.index(least) :], order[: order.index(least)]
    return Line(frozenset(there), call=call, refused=frozenset(refused), **values)


# What stands for a name in an address: a thing of the line's call (“A.proposal”), a person, or a plain value after “=”.
ARGUMENTS: dict[str, str] = {
    "slug": "slug",
    "proposal_id": "A.proposal",
    "assignment_id": "A.reviewer.assignment",
    "file_id": "A.file",
    "upload_id": "A.upload",
    "reference": "A.reference",
    "number": "=1",
    "key": "=project",  # a section of the form
    "person_id": "person other",
    "kind": "=small-business-champions",
    "year": "=2021",
    "token": "token",
    "name": "absent",
    "sha256": "logo",
    "row_id": "criterion",
    "conflict_id": "A.conflict",
    "factor_id": "reviewer.factor",
}
A_CRITERION, A_SECTION, A_QUESTION, A_PARTNER = (
    {"row_id": name} for name in ("criterion", "section", "question", "partner")
)
A_LATE_QUESTION = {"row_id": "late question"}  # one that is asked only if another is answered
A_CONDITION = A_LATE_QUESTION | {"condition_id": "condition"}
A_MEMBER, AN_INVITATION = {"row_id": "assistant.member"}, {"row_id": "invited.invitation"}

ADDRESSES: dict[str, Line] = {
    # Everybody, the same bytes for all
    "front.door": public(),
    "front.robots": public(),
    "front.security": public(),
    "front.key_set": public(),
    "front.sitemap": public(),
    "healthz": public(),
    "readyz": public(),
    "publication.home": public(),
    "publication.calls": public(),
    "publication.archive": public(),
    "publication.past": public(),
    "publication.help": public(),
    "publication.accessibility": public(),
    "publication.privacy": public(),
    "publication.contact": public(),
    "publication.verify": public(),
    "publication.verified": public(),
    "publication.call": public(call="open"),
    "publication.questions": public(call="open"),
    "publication.questions_file": public(call="open", args={"ending": "=pdf"}),
    "calls.logo": public(call="open"),
    "results.result": public(call="published"),
    "results.entry": public(call="published"),
    "results.sealed_file": public(call="published"),
    # Accounts
    "accounts.sign_in": only(EVERYBODY),
    "accounts.sign_in_again": only(EVERYBODY),
    "accounts.register": only(EVERYBODY),
    "accounts.check_mail": only(EVERYBODY),
    "accounts.ask_reset": only(EVERYBODY),
    "accounts.confirm": only(EVERYBODY, args={"token": "confirm.token"}),
    "accounts.reset": only(EVERYBODY, args={"token": "reset.token"}),
    "accounts.sign_in_by_link": only(EVERYBODY, args={"token": "sign-in.token"}),
    "accounts.administrator": only(EVERYBODY, args={"token": "administrator.token"}),
    "accounts.organisation_start": only(NOBODY, open_door=True),
    "accounts.organisation_back": only(NOBODY, open_door=True),
    "accounts.change_address": only(SIGNED_IN),
    "accounts.change_address_by_link": only(EVERYBODY, args={"token": "address.token"}),
    "accounts.undo_address": only(EVERYBODY, args={"token": "address-undo.token"}),
    "accounts.signed_in": only(SIGNED_IN),
    "accounts.end_session": only(SIGNED_IN),
    "accounts.end_other_sessions": only(SIGNED_IN),
    "accounts.prove": only(SIGNED_IN),
    "accounts.prove_by_link": only(EVERYBODY, args={"token": "prove.token"}),
    "accounts.sign_out": only(SIGNED_IN),
    "accounts.profile": only(SIGNED_IN),
    "accounts.data": only(SIGNED_IN),
    "calls.calendar": only(CONVENOR),
    "calls.new_meeting": only(CONVENOR),
    "calls.meeting": only(CONVENOR, args={"meeting_id": "meeting"}),
    "calls.cancel_meeting": only(CONVENOR, args={"meeting_id": "meeting"}),
    "calls.open_round": only(CONVENOR, args={"meeting_id": "meeting", "kind": "=private-sector-contributions"}),
    "publication.meetings": public(),
    "publication.meetings_calendar": public(),
    "publication.documents": public(),
    "accounts.download_data": only(SIGNED_IN),
    "accounts.delete_account": only(SIGNED_IN),
    "accounts.change_password": only(SIGNED_IN),
    "accounts.second_step": only(EVERYBODY),
    "accounts.security": only(SIGNED_IN),
    "accounts.add_app": only(SIGNED_IN),
    "accounts.add_passkey": only(SIGNED_IN),
    "accounts.renew_recovery_codes": only(SIGNED_IN),
    "accounts.factor": only(ASSIGNED),
    "accounts.remove_factor": only(ASSIGNED),
    "accounts.people": only(ADMINISTRATOR),
    "accounts.person": only(ADMINISTRATOR),
    "accounts.change_person": only(ADMINISTRATOR),
    # One's own work
    "publication.my_work": only(SIGNED_IN),
    "publication.past_edition": only(COORDINATORS | CONVENOR | {"outsider"}),
    # The mailbox of development installations, empty in these tests
    "mailbox.mails": only(EVERYBODY),
    "metrics": only(NOBODY, open_door=True),
    "mailbox.mail": only(NOBODY, open_door=True),
    "mailbox.html": only(NOBODY, open_door=True),
    # An applicant's own proposals
    "proposals.start": only(SIGNED_IN, "open"),
    "proposals.overview": only(TEAM),
    "proposals.section": only(TEAM, "open"),
    "proposals.save": team("co-editor"),
    "proposals.autosave": team("co-editor"),
    "proposals.new_upload": team("co-viewer"),
    "proposals.upload": only(OWNER, "open", refused=frozenset({"co-viewer"})),  # of whoever began it
    "proposals.outcome": only(OWNER, "open"),
    "proposals.check": only(TEAM, "open"),
    "proposals.submit": team("co-submitter"),
    "proposals.receipt": only(TEAM),
    "proposals.version": only(TEAM),
    "proposals.receipt_file": only(TEAM, args={"ending": "=pdf"}),
    "proposals.document": only(TEAM, args={"ending": "=pdf"}),
    "proposals.compare": only(TEAM, args={"other": "=1"}),
    "proposals.compare_draft": only(TEAM),
    "proposals.fill": team("co-editor"),
    "proposals.fill_in": team("co-editor"),
    "proposals.file": only(TEAM),
    "proposals.withdraw": team("co-submitter"),
    "proposals.restore": team("co-submitter"),
    "decisions.outcome": only(TEAM, "published"),
    "tasks.own": only(TEAM, "published"),
    "tasks.task": only(TEAM, "published", args={"task_id": "task"}),
    "tasks.do": team("co-editor", "published", args={"task_id": "task"}),
    "tasks.file": only(TEAM, "published", args={"file_id": "A.task.file"}),
    "tasks.listed": only(READERS, "published"),
    "tasks.desk_file": only(COORDINATORS & UNCONFLICTED, "published", args={"file_id": "A.task.file"}),
    "tasks.new": only(SET_UP, "published"),
    "tasks.add": only(SET_UP, "published", args={"kind": "=short-text"}),
    "tasks.edit": only(SET_UP, "published", args={"task_id": "task"}),
    "tasks.remove": only(SET_UP, "published", args={"task_id": "task"}),
    "proposals.team": only(TEAM, "open"),
    "proposals.change_team_role": team("owner", args={"person_id": "person co-editor"}),
    "proposals.remove_from_team": team("owner", args={"person_id": "person co-editor"}),
    "proposals.offer_proposal": team("owner", args={"person_id": "person co-editor"}),
    "proposals.change_team_invitation": team("owner", args={"row_id": "A.asked"}),
    "proposals.answer_offer": only(TEAM, "open"),
    "proposals.leave_team": only(TEAM, "open"),
    # An invitation to a team, for whoever holds its link
    "proposals.team_invitation": only(EVERYBODY, "open", args={"token": "A.team.token"}),
    "proposals.decline_team": only(EVERYBODY, "open", args={"token": "A.team.token"}),
    # A reviewer's own pages
    "reviews.queue": only(SIGNED_IN),
    "reviews.review": only(ASSIGNED),
    "reviews.file": only(ASSIGNED),
    "reviews.decline": only(ASSIGNED),
    "reviews.conflict": only(ASSIGNED),
    # An invitation, for whoever holds its link
    "calls.invitation": only(EVERYBODY, args={"token": "invitation.token"}),
    "calls.decline": only(EVERYBODY, args={"token": "invitation.token"}),
    # The desk of a call: how it stands
    "calls.overview": only(DESK),
    "publication.preview": only(DESK),
    "reviews.progress": only(DESK),
    # ... its proposals; who has a conflict with one doesn't see it
    "proposals.listed": only(READERS),
    "proposals.export": only(READERS),
    "proposals.shown": only(READERS & UNCONFLICTED),
    "proposals.staff_compare": only(READERS & UNCONFLICTED, args={"other": "=1"}),
    "proposals.staff_file": only(READERS & UNCONFLICTED),
    "proposals.declared": only(COORDINATORS & UNCONFLICTED),
    # ... who judges them
    "reviews.assignments": only(ASSIGNING),
    "reviews.by_hand": only(ASSIGNING),
    "reviews.draw": only(ASSIGNING, query="?seed=" + "ab" * 16),
    "reviews.assignment": only(ASSIGNING & UNCONFLICTED),
    "reviews.remove": only(ASSIGNING & UNCONFLICTED),
    "reviews.extend": only(ASSIGNING & UNCONFLICTED),
    # ... how they were judged
    "reviews.ranking": only(SCORES),
    "reviews.ranking_file": only(SCORES),
    "reviews.progress_file": only(SCORES),
    "reviews.proposal": only(SCORES & UNCONFLICTED),
    # ... what is decided
    "decisions.decisions": only(COORDINATORS, "deciding"),
    "decisions.by_rank": only(COORDINATORS, "deciding"),
    "decisions.decision": only(COORDINATORS & UNCONFLICTED, "deciding"),
    "decisions.result": only(COORDINATORS, "deciding"),
    "decisions.preview": only(COORDINATORS, "deciding"),
    "decisions.propose": only(COORDINATORS, "deciding"),
    "decisions.confirm": only(COORDINATORS, "deciding"),
    "decisions.take_back": only(COORDINATORS, "deciding"),
    "decisions.seal": only(COORDINATORS, "deciding"),
    "decisions.ask_unseal": only(COORDINATORS, "sealed"),
    "decisions.keep_sealed": only(COORDINATORS, "sealed"),
    "decisions.unseal": only(COORDINATORS, "sealed"),
    # ... its set-up
    "calls.texts": only(SET_UP, "draft"),
    "calls.dates": only(SET_UP, "draft"),
    "calls.rules": only(SET_UP, "draft"),
    "calls.criteria": only(SET_UP, "draft"),
    "calls.new_criterion": only(SET_UP, "draft"),
    "calls.criterion": only(SET_UP, "draft", args=A_CRITERION),
    "calls.move_criterion": only(SET_UP, "draft", args=A_CRITERION),
    "calls.remove_criterion": only(SET_UP, "draft", args=A_CRITERION),
    "calls.form": only(SET_UP, "draft"),
    "calls.preview_question": only(SET_UP, "draft"),
    "reviews.form_preview": only(SET_UP, "draft"),
    "calls.languages": only(SET_UP, "draft"),
    "calls.order_form": only(SET_UP, "draft"),
    "calls.form_preview": only(SET_UP, "draft"),
    "calls.new_section": only(SET_UP, "draft"),
    "calls.section": only(SET_UP, "draft", args=A_SECTION),
    "calls.move_section": only(SET_UP, "draft", args=A_SECTION),
    "calls.remove_section": only(SET_UP, "draft", args=A_SECTION),
    "calls.new_question": only(SET_UP, "draft", args=A_SECTION, query="?kind=short-text"),
    "calls.question": only(SET_UP, "draft", args=A_QUESTION),
    "calls.move_question": only(SET_UP, "draft", args=A_QUESTION),
    "calls.remove_question": only(SET_UP, "draft", args=A_QUESTION),
    "calls.conditions": only(SET_UP, "draft", args=A_LATE_QUESTION),
    "calls.match_conditions": only(SET_UP, "draft", args=A_LATE_QUESTION),
    "calls.remove_condition": only(SET_UP, "draft", args=A_CONDITION),
    "calls.partners": only(SET_UP, "draft"),
    "calls.new_partner": only(SET_UP, "draft"),
    "calls.partner": only(SET_UP, "draft", args=A_PARTNER),
    "calls.move_partner": only(SET_UP, "draft", args=A_PARTNER),
    "calls.remove_partner": only(SET_UP, "draft", args=A_PARTNER),
    "calls.filed": only(SET_UP, "draft"),
    "calls.call_file": only(SET_UP, "draft"),
    "calls.desk_logo": only(SET_UP, "draft", args=A_PARTNER),
    # ... its people, its life, its history
    "calls.people": only(COORDINATORS),
    "calls.invite": only(COORDINATORS),
    "calls.invite_many": only(COORDINATORS),
    "calls.change_invitation": only(COORDINATORS, args=AN_INVITATION),
    "calls.remove_member": only(COORDINATORS, args=A_MEMBER),
    "calls.step": only(COORDINATORS, "closed"),
    "calls.cancel": only(COORDINATORS),
    "calls.extended": only(COORDINATORS, "open"),
    "proposals.more_time": only(COORDINATORS, "open"),
    "proposals.end_more_time": only(COORDINATORS & UNCONFLICTED, "open"),
    "calls.history": only(COORDINATORS),
    "calls.history_file": only(COORDINATORS),
    # ... its rehearsal; where there is none, what belongs to one is absent for all
    "rehearsals.control": only(COORDINATORS),
    "rehearsals.make": only(COORDINATORS),
    "rehearsals.move": only(NOBODY),
    "rehearsals.let": only(NOBODY),
    "rehearsals.mails": only(NOBODY),
    "rehearsals.play": only(NOBODY),
    "rehearsals.throw_away": only(NOBODY),
    "rehearsals.enter": only(NOBODY, args={"rehearsal_id": "nothing.rehearsal", "rest": "=en"}),
    # A new call, from a kind or from one that a convenor coordinates herself (none of these people is both)
    "calls.new": only(CONVENOR),
    "calls.new_from_file": only(CONVENOR),
    "calls.copy": only(NOBODY),
}
