"""Assignments and reviews: what each act changes, refuses, tells and notes."""

from datetime import timedelta
from fractions import Fraction
from random import Random

import pytest
import sqlalchemy as sa
import world

from msme_calls import clock, history, outbox
from msme_calls.calls.models import Membership
from msme_calls.errors import Refused
from msme_calls.extensions import db
from msme_calls.proposals import actions as proposing
from msme_calls.proposals.models import Conflict
from msme_calls.reviews import actions, queries, ranking, scoring
from msme_calls.reviews.actions import Superseded
from msme_calls.reviews.board import Board
from msme_calls.reviews.models import Assignment, Ended, ReviewStatus, Standing

DAY = timedelta(days=1)


@pytest.fixture
def call(app):
    return world.call("review", economy_rule=False)


@pytest.fixture
def given_(call):
    """A proposal assigned to a reviewer."""
    return world.assignment(world.proposal(call))


def mails(name: str) -> list[outbox.Email]:
    return list(db.session.scalars(sa.select(outbox.Email).filter_by(name=name)))


def verbs() -> list[str]:
    db.session.commit()
    assert history.verify()[1] is None
    return list(db.session.scalars(sa.select(history.History.verb).order_by(history.History.seq)))


def write(assignment, *scores, at=None, act=actions.submit_review, **more):
    sheet = world.sheet(assignment.proposal.call, *scores, **more.pop("comments", {}))
    return act(assignment, sheet, by=assignment.reviewer, at=at or clock.now(), **more)


# Assigning by hand


def test_an_assignment_by_hand_is_noted_and_told_in_one_mail(given_):
    assert given_.why == {"by": "hand"}
    assert [(m.person_id, m.values["assignments"]) for m in mails("review_assigned")] == [
        (given_.reviewer_id, [str(given_.id)])
    ]
    assert verbs().count("assign") == 1


def refusal(proposal, reviewer, by=None) -> str:
    with pytest.raises(Refused) as refused:
        world.assignment(proposal, reviewer, by)
    return str(refused.value)


def test_nobody_gets_the_same_proposal_twice(given_):
    assert refusal(given_.proposal, given_.reviewer) == "This reviewer has the proposal already."


def test_a_conflict_of_interest_refuses_by_organisation_and_by_declaration(call):
    proposal = world.proposal(call)
    same = world.reviewer(call, world.person(organisation=proposal.organisation.upper()))
    assert "conflict of interest" in refusal(proposal, same)
    declared = world.reviewer(call)
    proposing.declare_conflict(proposal, declared, "met", by=declared, at=clock.now())
    assert "conflict of interest" in refusal(proposal, declared)


def test_nobody_reviews_her_own_proposal(call):
    owner = world.person()
    assert "conflict of interest" in refusal(world.proposal(call, owner), world.reviewer(call, owner))


@pytest.mark.parametrize(("rule", "staff", "refused"), [
    (True, False, True), (False, False, False), (True, True, False), (False, True, False),
])  # fmt: skip
def test_the_economy_rule_holds_where_the_call_says_so_and_not_for_international_staff(app, rule, staff, refused):
    call = world.call("review", economy_rule=rule)
    same = world.reviewer(call, world.person(economies=("KE",), international_staff=staff))
    proposal = world.proposal(call)
    assert proposal.economy == "KE"
    if refused:
        assert "conflict of interest" in refusal(proposal, same)
    else:
        assert world.assignment(proposal, same).reviewer is same


def test_language_and_cap_refuse(call):
    proposal = world.proposal(call)
    assert "doesn’t read" in refusal(proposal, world.reviewer(call, languages=("fr",)))
    full = world.reviewer(call, most=1)
    world.assignment(world.proposal(call), full)
    assert "as many reviews as agreed" in refusal(proposal, full)


def test_who_is_no_reviewer_of_the_call_is_not_in_the_lists(call):
    assert "from the lists" in refusal(world.proposal(call), world.person())
    assert "from the lists" in refusal(world.proposal(call), world.reviewer(world.call("review")))


def test_a_reviewer_who_applies_is_assigned_to_none_by_hand_nor_by_the_draw_and_sees_none(call):
    """Threat A18."""
    who, coordinator = world.reviewer(call), world.person()
    mine, theirs = world.proposal(call, by=who), world.proposal(call)
    with pytest.raises(Refused, match="has a proposal of her or his own in this call"):
        actions.assign(theirs, who, by=coordinator, at=clock.now())
    assert Board(call, coordinator, clock.now()).plan("seed").pairs == ()
    db.session.add(Assignment(proposal=theirs, reviewer=who, call_id=call.id, assigned_at=clock.now()))
    db.session.flush()
    assert queries.queue(who, clock.now()) == [], "what was assigned before by an earlier version is gone too"
    assert [h.out for h in Board(call, coordinator, clock.now()).out] == ["conflict"]
    proposing.withdraw(mine, by=who, at=clock.now())
    assert len(queries.queue(who, clock.now())) == 1


def test_a_coordinator_in_conflict_can_not_assign_the_proposal(call):
    proposal = world.proposal(call)
    coordinator = world.person(organisation=proposal.organisation)
    assert "from the lists" in refusal(proposal, world.reviewer(call), coordinator)


@pytest.mark.parametrize("phase", ["closed", "open"])
def test_reviewers_are_assigned_once_the_review_has_started(app, phase):
    call = world.call(phase)
    assert "review has started" in refusal(world.proposal(call), world.reviewer(call))


def test_the_database_itself_keeps_two_assignments_at_once_from_being_one_too_many(given_):
    twin = Assignment(
        proposal=given_.proposal, reviewer=given_.reviewer, call_id=given_.call_id, why={}, assigned_at=clock.now()
    )
    db.session.add(twin)
    with pytest.raises(sa.exc.IntegrityError):
        db.session.flush()


# The draw


def test_the_draw_saves_exactly_what_was_looked_at(call):
    made = [world.proposal(call) for _ in range(4)]
    for _ in range(4):
        world.reviewer(call)
    by = world.person()
    plan = Board(call, by, clock.now()).plan("seed")
    assert actions.save_draw(call, "seed", plan.digest, by=by, at=clock.now()) == plan
    saved = {(str(a.proposal_id), str(a.reviewer_id)) for a in db.session.scalars(sa.select(Assignment))}
    assert saved == {(p.need, p.seat) for p in plan.pairs} and len(saved) == 12
    assert sorted(len(m.values["assignments"]) for m in mails("review_assigned")) == [3, 3, 3, 3]
    assert {a.why["seed"] for a in db.session.scalars(sa.select(Assignment))} == {"seed"}
    assert verbs().count("assign") == 12 and len(made) == 4


def test_nothing_is_saved_once_something_changed(call):
    world.proposal(call)
    for _ in range(3):
        world.reviewer(call)
    by = world.person()
    plan = Board(call, by, clock.now()).plan("seed")
    world.proposal(call)
    assert actions.save_draw(call, "seed", plan.digest, by=by, at=clock.now()) is None
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Assignment)) == 0


def test_the_draw_leaves_out_what_the_coordinator_is_recused_from(call):
    hers, others = world.proposal(call), world.proposal(call)
    world.reviewer(call)
    board = Board(call, world.person(organisation=hers.organisation), clock.now())
    assert {p.need for p in board.plan("seed").pairs} == {str(others.id)}
    assert board.recused == 1


def test_the_draw_does_not_ask_again_who_declined_and_fills_the_place_of_who_is_out(call):
    proposal = world.proposal(call)
    call.reviews_per_proposal = 1
    declined, out, fresh = (world.reviewer(call) for _ in range(3))
    actions.decline(world.assignment(proposal, declined), "busy", by=declined, at=clock.now())
    world.assignment(proposal, out)
    out.organisation = proposal.organisation
    db.session.flush()
    plan = Board(call, world.person(), clock.now()).plan("seed")
    assert [p.seat for p in plan.pairs] == [str(fresh.id)]


# Ending and extending


def test_an_assignment_is_removed_for_a_reason_and_can_be_made_again(given_):
    actions.unassign(given_, "too many", confirmed=False, by=world.person(), at=clock.now())
    assert (given_.ended, given_.ended_at, given_.ended_reason) == (Ended.REMOVED, clock.now(), "too many")
    assert world.assignment(given_.proposal, given_.reviewer).id != given_.id
    assert verbs()[-2:] == ["unassign", "assign"]


def test_a_submitted_review_is_taken_away_only_if_that_is_confirmed(given_):
    write(given_)
    with pytest.raises(Refused, match="Confirm that it shall no longer count"):
        actions.unassign(given_, "unfit", confirmed=False, by=world.person(), at=clock.now())
    assert db.session.get(Standing, given_.proposal_id).count == 1
    actions.unassign(given_, "unfit", confirmed=True, by=world.person(), at=clock.now())
    standing = db.session.get(Standing, given_.proposal_id)
    assert (standing.count, standing.mean) == (0, None)


def test_declining_ends_the_assignment_but_not_a_submitted_review(given_):
    write(given_)
    with pytest.raises(Refused, match="submitted this review"):
        actions.decline(given_, "busy", by=given_.reviewer, at=clock.now())
    other = world.assignment(given_.proposal)
    actions.decline(other, "busy", by=other.reviewer, at=clock.now())
    assert other.ended is Ended.DECLINED
    assert verbs()[-1] == "decline"


def test_a_declared_conflict_takes_the_proposal_away_at_once_and_the_review_with_it(given_):
    write(given_)
    world.review(given_.proposal, 5, 5, 5, 5)
    actions.declare_conflict(given_, "my cousin", by=given_.reviewer, at=clock.now())
    row = db.session.scalar(sa.select(Conflict))
    assert (row.person_id, row.proposal_id, row.reason) == (given_.reviewer_id, given_.proposal_id, "my cousin")
    assert given_.ended is Ended.CONFLICT
    assert queries.queue(given_.reviewer, clock.now()) == []
    assert db.session.get(Standing, given_.proposal_id).mean == 5_000_000_000


def test_a_conflict_that_a_coordinator_declares_ends_the_review_as_well(given_):
    write(given_)
    world.review(given_.proposal, 5, 5, 5, 5)
    proposing.declare_conflict(given_.proposal, given_.reviewer, "cousins", by=world.person(), at=clock.now())
    assert (given_.ended, given_.ended_reason) == (Ended.CONFLICT, "cousins")
    standing = db.session.get(Standing, given_.proposal_id)
    assert (standing.mean, standing.count) == (5_000_000_000, 1)


def test_an_extension_reaches_past_the_cut_off_and_is_told(given_):
    call = given_.proposal.call
    after, until = call.review_cutoff_at + DAY, call.review_cutoff_at + 3 * DAY
    with pytest.raises(Refused, match="locked"):
        write(given_, at=after)
    actions.extend(given_, until, "ill", by=world.person(), at=after)
    assert len(mails("review_extended")) == 1
    review = write(given_, at=until - timedelta(seconds=1))
    assert (review.status, review.late) == (ReviewStatus.SUBMITTED, False)
    assert verbs()[-2:] == ["extend-review", "submit-review"]
    with pytest.raises(Refused, match="locked"):
        write(given_, 5, 5, 5, 5, at=until, reason="more")


def test_an_extension_is_later_than_what_there_is_and_before_the_result(given_):
    call, by = given_.proposal.call, world.person()
    for until, words in (
        (call.review_due_at, "no extension"),
        (clock.now(), "past"),
        (call.result_at, "before"),
    ):
        with pytest.raises(Refused, match=words):
            actions.extend(given_, until, "ill", by=by, at=clock.now())
    assert given_.extended_to is None


# Writing


def test_a_sheet_is_saved_and_submitted_once_however_often_it_is_sent(given_):
    first = write(given_, 4, 2, act=actions.save_review)
    assert (first.status, first.scores, first.score) == (ReviewStatus.DRAFT, {"trade": 4, "benefit": 2}, None)
    review = write(given_, 4, 2, None, 5)
    again = write(given_, 4, 2, None, 5, at=clock.now() + DAY)
    assert again is review is first
    assert (review.status, review.submitted_at, review.former) == (ReviewStatus.SUBMITTED, clock.now(), [])
    assert verbs().count("submit-review") == 1 and "save-review" not in verbs()


def test_every_criterion_needs_a_score_or_that_one_can_not_judge(given_):
    with pytest.raises(Refused, match="Score every criterion"):
        write(given_, 4, 2, 3)
    given_.proposal.call.criteria[3].optional = True
    assert write(given_, 4, 2, 3).status is ReviewStatus.SUBMITTED


def test_another_windows_sheet_is_not_overwritten(given_):
    saved = write(given_, 1, act=actions.save_review, expected=0)
    db.session.flush()
    with pytest.raises(Superseded) as clash:
        write(given_, 5, act=actions.save_review, expected=0)
    assert clash.value.review is saved and saved.scores == {"trade": 1}
    write(given_, 5, act=actions.save_review, expected=saved.version)
    assert saved.scores == {"trade": 5}


@pytest.mark.parametrize(("seconds", "late"), [(-1, False), (0, True), (1, True)])
def test_late_is_from_the_due_instant_on(given_, seconds, late):
    at = given_.proposal.call.review_due_at + timedelta(seconds=seconds)
    assert write(given_, at=at).late is late


@pytest.mark.parametrize(("seconds", "taken"), [(-1, True), (0, False), (1, False)])
def test_the_cut_off_is_an_instant(given_, seconds, taken):
    at = given_.proposal.call.review_cutoff_at + timedelta(seconds=seconds)
    if taken:
        assert write(given_, at=at).status is ReviewStatus.SUBMITTED
    else:
        with pytest.raises(Refused, match="locked"):
            write(given_, at=at)


@pytest.mark.parametrize(("seconds", "taken"), [(-1, True), (0, False), (1, False)])
def test_a_review_is_revised_until_it_is_due_and_its_former_version_kept(given_, seconds, taken):
    write(given_, 1, 1, 1, 1, comments={"comment_committee": "weak"})
    at = given_.proposal.call.review_due_at + timedelta(seconds=seconds)
    if not taken:
        with pytest.raises(Refused, match="stands as it is"):
            write(given_, 5, 5, 5, 5, at=at, reason="misread")
        return
    review = write(given_, 5, 5, 5, 5, at=at, reason="misread", comments={"comment_committee": "strong"})
    former = review.former[0]
    assert (former.number, former.score, former.comment_committee, former.reason) == (1, 10**9, "weak", "misread")
    assert (review.score, review.comment_committee, review.submitted_at) == (5 * 10**9, "strong", at)
    assert db.session.get(Standing, given_.proposal_id).mean == 5 * 10**9
    assert verbs()[-1] == "revise-review"


def test_a_submitted_review_is_not_saved_over(given_):
    write(given_)
    with pytest.raises(Refused, match="submit it anew"):
        write(given_, 5, 5, 5, 5, act=actions.save_review)


def test_nothing_is_written_to_an_assignment_that_was_taken_away_meanwhile(given_):
    actions.unassign(given_, "too many", confirmed=False, by=world.person(), at=clock.now())
    for act in (actions.save_review, actions.submit_review):
        with pytest.raises(Refused, match="has ended"):
            write(given_, act=act)


def test_nothing_is_written_after_the_seal(given_):
    call = given_.proposal.call
    call.sealed_at, call.seal_digest = clock.now(), "0" * 64
    with pytest.raises(Refused, match="while the call is in review"):
        write(given_)


def test_scores_off_the_scale_never_reach_the_database(given_):
    with pytest.raises(ValueError, match="trade"):
        write(given_, 6, 1, 1, 1)


# Standings


def test_a_review_that_judged_nothing_is_in_but_counts_for_nothing(given_):
    write(given_, None, None, None, None)
    standing = db.session.get(Standing, given_.proposal_id)
    assert (standing.count, standing.mean, standing.spread) == (0, None, None)
    assert standing.ties == "/".join(["0" * 12] * 2)


def test_what_is_stored_is_what_the_sheets_say(call):
    asked, random = queries.weighted(call.criteria), Random("sheets")
    for count in (1, 2, 3, 3):
        proposal = world.proposal(call)
        sheets = [{c.key: random.choice((None, *range(c.scale + 1))) for c in asked} for _ in range(count)]
        for scores in sheets:
            world.review(proposal, *scores.values())
        exact = [scoring.review_score(s, asked) for s in sheets]
        standing = db.session.get(Standing, proposal.id)
        assert standing.count == sum(e is not None for e in exact)
        assert standing.mean == scoring.billionths(scoring.mean(exact))
        assert standing.spread == scoring.spread(exact)
        assert standing.draw == ranking.draw(call.draw_seed or call.slug, proposal.reference)
        means = [scoring.mean(None if s[key] is None else Fraction(s[key]) for s in sheets) for key in call.tie_breaks]
        assert standing.ties == ranking.tie_text(means)
        stored = {r.review.score for r in queries.reviews_of(proposal)}
        assert stored == {scoring.billionths(e) for e in exact}


def test_the_order_in_which_reviews_come_has_no_part_in_the_standing(call):
    sheets = [(5, 0, 3, None), (1, 2, None, 4), (4, 4, 4, 4)]
    found = []
    for order in (sheets, sheets[::-1]):
        proposal = world.proposal(call)
        for scores in order:
            world.review(proposal, *scores)
        standing = db.session.get(Standing, proposal.id)
        found.append((standing.count, standing.mean, standing.spread, standing.ties))
    assert found[0] == found[1]


# Queues


def test_a_withdrawn_proposal_leaves_the_queue_and_comes_back(app):
    call = world.call("review")
    mine = world.assignment(world.proposal(call))
    proposal = mine.proposal
    proposing.move(proposal, proposing.Status.WITHDRAWN, at=clock.now())
    db.session.flush()
    assert queries.queue(mine.reviewer, clock.now()) == []
    assert queries.load_own(mine.reviewer, mine.id, clock.now()) is None
    proposing.move(proposal, proposing.Status.SUBMITTED, at=clock.now())
    db.session.flush()
    assert [w.assignment for w in queries.queue(mine.reviewer, clock.now())] == [mine]
    assert mine.ended is None


@pytest.mark.parametrize("change", ["organisation", "economy", "role", "sealed", "cancelled"])
def test_the_queue_forgets_what_its_reviewer_may_not_judge_any_more(app, change):
    call = world.call("review", economy_rule=True)
    mine = world.assignment(world.proposal(call))
    who, proposal = mine.reviewer, mine.proposal
    assert len(queries.queue(who, clock.now())) == 1
    if change == "organisation":
        who.organisation = proposal.organisation
    elif change == "economy":
        proposal.economy = "PE"
        who.economies = world.person(economies=("PE",)).economies[:0] + [world.PersonEconomy(code="PE")]
    elif change == "role":
        db.session.execute(sa.delete(Membership).where(Membership.person_id == who.id))
    elif change == "sealed":
        call.sealed_at, call.seal_digest = clock.now(), "0" * 64
    else:
        call.cancelled_at = clock.now()
    db.session.flush()
    assert queries.queue(who, clock.now()) == []
    assert queries.load_own(who, mine.id, clock.now()) is None


def test_the_queue_goes_by_due_date_then_by_an_order_of_each_reviewers_own(app):
    """Threats A14, A16."""
    call, later = world.call("review"), world.call("review")
    later.review_due_at += DAY
    reviewers = [world.person() for _ in range(6)]
    last = world.proposal(later)
    proposals = [world.proposal(call) for _ in range(5)]
    for who in reviewers:
        for of in (call, later):
            world.reviewer(of, who)
        for proposal in [last, *proposals]:
            world.assignment(proposal, who)
    orders = [[w.assignment.proposal for w in queries.queue(who, clock.now())] for who in reviewers]
    assert all(order[-1] is last for order in orders)
    assert len({tuple(p.reference for p in order) for order in orders}) > 1
    assert orders[0] == [w.assignment.proposal for w in queries.queue(reviewers[0], clock.now())]


def test_all_is_done_when_nothing_lacks_and_nothing_waits(app):
    call = world.call("review", reviews_per_proposal=2)
    proposal = world.proposal(call)
    world.review(proposal)
    assert not queries.all_done(call)
    world.review(proposal)
    assert queries.all_done(call)
    waiting = world.assignment(proposal)
    assert not queries.all_done(call)
    actions.decline(waiting, "busy", by=waiting.reviewer, at=clock.now())
    db.session.flush()
    assert queries.all_done(call)
