"""The demonstration: whenever it is loaded, its parts fit together, and everybody in it is visibly an example."""

import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import flask
import pytest
import sqlalchemy as sa
import world

from msme_calls import demo, history
from msme_calls.accounts import passwords
from msme_calls.accounts.models import Person
from msme_calls.calls import deadlines, meetings
from msme_calls.calls.models import Call, Condition, Membership, Role
from msme_calls.calls.phases import Phase
from msme_calls.cli import _demonstration
from msme_calls.decisions.models import Decision
from msme_calls.demo import documents
from msme_calls.extensions import LANGUAGES, db
from msme_calls.history import History
from msme_calls.outbox import Email
from msme_calls.proposals import conflict_queries
from msme_calls.proposals.conflicts import conflict
from msme_calls.proposals.models import (
    Attachment,
    Conflict,
    Member,
    Proposal,
    ProposalVersion,
    SectionDraft,
    Status,
    TeamInvitation,
    TeamRole,
)
from msme_calls.publication.models import PastEdition
from msme_calls.reviews.models import Assignment, Review, ReviewStatus, Standing
from msme_calls.settings import SettingsError
from msme_calls.tasks.models import Task

EXAMPLE = re.compile(r"\b(Example|Exemple|Ejemplo)\b")
TODAY = "2026-11-22T16:00:00Z"
CONTRIBUTIONS = "private-sector-contributions"
LAST_MINUTE = "2027-06-27T07:59:00Z"
ZURICH = "Europe/Zurich"


def load(at: str) -> datetime:
    instant = datetime.fromisoformat(at)
    demo.load(instant)
    db.session.commit()
    return instant


def everything(model: type[Any]) -> list[Any]:
    return list(db.session.scalars(sa.select(model)))


def the(phase: Phase, at: datetime) -> Call:
    """The one call in this phase, without the round of contributions to a meeting."""
    (found,) = [c for c in everything(Call) if c.phase(at) is phase and c.kind != CONTRIBUTIONS]
    return found


@pytest.mark.parametrize("now", ["2026-11-28T22:59:59Z", LAST_MINUTE, "2031-02-03T04:05:06Z"])
def test_each_call_is_where_it_should_be_whenever_it_is_loaded(app: flask.Flask, now: str) -> None:
    at = load(now)
    assert sorted(call.phase(at).value for call in everything(Call)) == [
        "archived", "archived", "deciding", "open", "open", "review",
    ]  # fmt: skip
    open_, review, deciding = (the(phase, at) for phase in (Phase.OPEN, Phase.REVIEW, Phase.DECIDING))
    assert open_.deadline_at >= at + timedelta(weeks=3)
    assert review.review_due_at > at
    assert deciding.review_cutoff_at < deciding.deciding_started_at < at
    assert deciding.result_at == deadlines.next_msme_day(at, ZURICH)
    assert all(str(open_.result_at.year) in text for text in (*open_.title.values(), *open_.lead.values(), open_.slug))
    for call in (open_, review, deciding):
        instants = (call.launched_at, call.opens_at, call.deadline_at, call.review_due_at, call.review_cutoff_at)
        assert [*instants, call.result_at] == sorted([*instants, call.result_at])
    assert_nothing_is_out_of_time(at)


def assert_nothing_is_out_of_time(at: datetime) -> None:
    told = [row.at for row in db.session.scalars(sa.select(History).order_by(History.seq))]
    assert told == sorted(told) and told[-1] <= at
    for version in everything(ProposalVersion):
        call = version.proposal.call
        assert call.opens_at < version.submitted_at < min(call.deadline_at, at)
    for part in everything(SectionDraft):
        call = part.proposal.call
        assert call.opens_at < part.proposal.started_at <= part.saved_at < min(call.deadline_at, at)
        if begins := part.answers.get("start_date"):
            assert date.fromisoformat(begins) > call.result_at.date()
    for review in everything(Review):
        assert review.assignment.assigned_at < review.saved_at < min(review.assignment.proposal.call.review_due_at, at)
        assert not review.late


def the_result_comes_a_minute_after_the_last_one(at: datetime) -> None:
    """What the README's tour does: load it today, then start once more a minute before MSME Day’s instant."""
    assert the(Phase.DECIDING, at).result_at == datetime.fromisoformat(LAST_MINUTE) + timedelta(minutes=1)


def proposals_are_as_many_as_told_with_their_documents(at: datetime) -> None:
    counts = Counter((p.call_id, p.status) for p in everything(Proposal))
    open_, review, deciding = (the(phase, at).id for phase in (Phase.OPEN, Phase.REVIEW, Phase.DECIDING))
    round_ = db.session.scalars(sa.select(Call.id).where(Call.kind == CONTRIBUTIONS)).one()
    assert counts == {
        (open_, Status.SUBMITTED): 4, (open_, Status.DRAFT): 3, (open_, Status.WITHDRAWN): 1,
        (review, Status.SUBMITTED): 6, (deciding, Status.SUBMITTED): 12,
        (round_, Status.SUBMITTED): 2, (round_, Status.DRAFT): 1,
    }  # fmt: skip
    files = everything(Attachment)
    assert len(files) == 16
    assert all(world.content(f.sha256).startswith(b"%PDF-") and f.pages and f.removed_at is None for f in files)
    for call in (open_, review, deciding):
        used = db.session.scalars(sa.select(Proposal.language).where(Proposal.call_id == call))
        assert set(used) == set(LANGUAGES)


def the_round_gathers_contributions_to_the_meeting_with_businesses(at: datetime) -> None:
    past, internal, with_businesses = meetings.calendar()
    (round_,) = with_businesses.rounds
    assert past.starts_at < at < internal.starts_at and not past.rounds and not internal.rounds
    assert round_.call.phase(at) is Phase.OPEN and round_.call.result_at == with_businesses.starts_at


def some_apply_together_and_one_has_not_answered(at: datetime) -> None:
    assert {m.person.email: m.role for m in everything(Member)} == {
        "amani@example.org": TeamRole.EDIT, "luz@example.org": TeamRole.SUBMIT, "moussa@example.org": TeamRole.VIEW,
    }  # fmt: skip
    assert [row.address for row in everything(TeamInvitation) if not row.state] == ["noor@example.org"]


def one_question_depends_on_another(at: datetime) -> None:
    (condition,) = everything(Condition)
    assert condition.depends_on.kind == "yes-no" and condition.question.section.call is the(Phase.OPEN, at)


def what_winners_will_be_asked_is_set(at: datetime) -> None:
    call = the(Phase.DECIDING, at)
    assert {task.kind for task in everything(Task)} == {"file", "choice"}
    assert all(task.call is call and task.due_at > call.result_at for task in everything(Task))


def everybody_is_visibly_an_example_and_speaks_one_of_three_languages(at: datetime) -> None:
    people = everything(Person)
    assert {p.language for p in people} == set(LANGUAGES)
    for person in people:
        assert EXAMPLE.search(person.name) and EXAMPLE.search(person.organisation)
        assert person.email.endswith("@example.org")
    assert all(EXAMPLE.search(p.organisation) for p in everything(Proposal) if p.organisation)
    for call in everything(Call):
        if not call.archived_at:
            assert all(re.search("example|exemple|ejemplo", title) for title in call.title.values())
            assert all(EXAMPLE.search(name) for partner in call.partners for name in partner.name.values())


def each_call_has_two_coordinators_and_the_convenor_has_left(at: datetime) -> None:
    for call in (c for c in everything(Call) if not c.archived_at):
        held = everything(Membership)
        leading = [m.person for m in held if m.call_id == call.id and m.role is Role.COORDINATOR]
        assert len(leading) == 2 and not any(p.is_convenor for p in leading)


def nobody_reviews_in_conflict_of_interest_or_in_a_language_she_does_not_read(at: datetime) -> None:
    assert len(everything(Conflict)) == 3
    subjects = conflict_queries.subjects(everything(Proposal))
    reads = {(m.call_id, m.person_id): m.languages for m in everything(Membership) if m.role is Role.REVIEWER}
    assignments = everything(Assignment)
    assert len(assignments) == 54
    for a in assignments:
        judge = conflict_queries.judge(a.reviewer)
        assert conflict(judge, subjects[a.proposal_id], a.proposal.call.economy_rule) is None
        assert a.proposal.language in reads[a.call_id, a.reviewer_id]


def reviews_are_complete_where_it_is_decided_and_under_way_where_it_is_reviewed(at: datetime) -> None:
    review, deciding = the(Phase.REVIEW, at), the(Phase.DECIDING, at)
    states = {call.id: [a.review and a.review.status for a in everything(Assignment) if a.call_id == call.id]
              for call in (review, deciding)}  # fmt: skip
    assert set(states[deciding.id]) == {ReviewStatus.SUBMITTED}
    assert set(states[review.id]) == {ReviewStatus.SUBMITTED, ReviewStatus.DRAFT, None}


def ranking_ties_across_the_cut_and_the_published_tie_break_parts_it(at: datetime) -> None:
    call = the(Phase.DECIDING, at)
    order = sa.select(Standing).where(Standing.call_id == call.id)
    ranked = list(db.session.scalars(order.order_by(Standing.mean.desc(), Standing.ties.desc(), Standing.draw.desc())))
    third, fourth = ranked[call.winners - 1], ranked[call.winners]
    assert len(ranked) == 12 and {s.count for s in ranked} == {3}
    assert third.mean == fourth.mean and third.ties > fourth.ties
    assert third.proposal.title.startswith("Paid on Friday")


def what_ties_is_left_to_decide(at: datetime) -> None:
    undecided = {p.id for p in everything(Proposal) if p.call_id == the(Phase.DECIDING, at).id}
    undecided -= {d.proposal_id for d in everything(Decision)}
    titles = {db.session.get_one(Proposal, id_).title for id_ in undecided}
    assert titles == {"Paid on Friday", "Un seul carnet pour les guides de montagne"}


def past_editions_are_there_and_2023_leads_to_its_call(at: datetime) -> None:
    linked = {e.year: e.call_id and db.session.get(Call, e.call_id).slug for e in everything(PastEdition)}  # type: ignore[union-attr]
    assert linked == {2021: None, 2022: None, 2023: "small-business-champions-2023", 2024: None, 2025: None}


def history_holds(at: datetime) -> None:
    count, fault = history.verify()
    assert fault is None and count > 300


def few_mails_wait_to_be_sent(at: datetime) -> None:
    """Who was invited or thanked months ago gets no mail today; some of the last days show what they look like."""
    waiting = [m for m in everything(Email) if m.dropped_at is None]
    assert {"received", "withdrawn"} <= {m.name for m in waiting}
    assert len(waiting) < 20 and all(m.created_at > at - timedelta(days=15) for m in waiting)


def accounts_can_sign_in_and_are_those_that_the_start_prints(at: datetime) -> None:
    printed = demo.accounts()
    assert printed == _demonstration()
    kept = {person.email: person.password for person in everything(Person)}
    assert {a.address for a in printed} <= set(kept) and len(set(kept.values())) == 1
    assert passwords.match(kept[printed[0].address], printed[0].password)


def a_second_start_loads_nothing_again(at: datetime) -> None:
    before = history.head()
    assert _demonstration() == demo.accounts()
    assert history.head() == before


LOADED = (
    the_result_comes_a_minute_after_the_last_one,
    proposals_are_as_many_as_told_with_their_documents,
    the_round_gathers_contributions_to_the_meeting_with_businesses,
    some_apply_together_and_one_has_not_answered,
    one_question_depends_on_another,
    what_winners_will_be_asked_is_set,
    everybody_is_visibly_an_example_and_speaks_one_of_three_languages,
    each_call_has_two_coordinators_and_the_convenor_has_left,
    nobody_reviews_in_conflict_of_interest_or_in_a_language_she_does_not_read,
    reviews_are_complete_where_it_is_decided_and_under_way_where_it_is_reviewed,
    ranking_ties_across_the_cut_and_the_published_tie_break_parts_it,
    what_ties_is_left_to_decide,
    past_editions_are_there_and_2023_leads_to_its_call,
    history_holds,
    few_mails_wait_to_be_sent,
    accounts_can_sign_in_and_are_those_that_the_start_prints,
    a_second_start_loads_nothing_again,
)


def test_what_is_loaded_fits_together(app: flask.Flask, subtests: pytest.Subtests) -> None:
    """One load for all: it takes a second or two on each database."""
    begun = time.process_time()
    at = load(TODAY)
    assert time.process_time() - begun < 6
    for holds in LOADED:
        with subtests.test(holds.__name__):
            holds(at)


def test_is_refused_in_production(make_app: Callable[..., flask.Flask]) -> None:
    app = make_app(env="production", public_url="https://calls.example.org")
    with app.app_context(), pytest.raises(SettingsError, match="not loaded in production"):
        demo.load(datetime.fromisoformat(TODAY))


def test_documents_are_the_same_bytes_each_time() -> None:
    made = documents.pdf("Année (2026) – “a\\b”", ["Première ligne. " * 800], 3)
    assert made == documents.pdf("Année (2026) – “a\\b”", ["Première ligne. " * 800], 3)
    assert made.count(b"/Type /Page\n") == 3
