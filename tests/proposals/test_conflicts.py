"""A conflict of interest is the same in the rule and in the database’s condition, whatever the facts. Threat A18."""

import itertools

import pytest
import world

from msme_calls import clock
from msme_calls.accounts.actions import update_standing
from msme_calls.calls.models import Role
from msme_calls.extensions import db
from msme_calls.proposals import actions, conflict_queries, queries
from msme_calls.proposals.conflicts import Interest, Judge, Subject, conflict
from msme_calls.proposals.models import Conflict, Member, Named, Proposal, Status, TeamInvitation, TeamRole


@pytest.mark.parametrize("economy_rule", [True, False])
def test_the_condition_in_sql_finds_what_the_rule_finds(app, economy_rule):
    call, other = (world.call("review", economy_rule=rule) for rule in (economy_rule, not economy_rule))
    organisations, economies = ("Example Ünion", "EXAMPLE  UNION", "Another Example"), ("KE", "PE", "")
    made = []
    for held in (call, other):
        for organisation, economy in itertools.product(organisations, economies[:2]):
            made.append(world.proposal(held, organisation=organisation, economy=economy))
    people = [
        world.person(organisation=organisation, economies=codes, international_staff=staff)
        for organisation, codes, staff in itertools.product(
            ("example union", "Third Example", ""), ((), ("KE",), ("PE", "KE")), (True, False)
        )
    ]
    people += [made[0].owner, made[-1].owner]
    made.append(world.proposal(call, by=people[1], organisation="Fourth Example", economy="NP"))
    actions.declare_conflict(made[3], people[6], "Example", by=people[0], at=clock.now())
    joined, left, asked, declined, named = world.person(), world.person(), *people[2:5]
    before, at = call.opens_at, clock.now()
    db.session.add_all(
        [
            Member(proposal_id=made[0].id, person_id=joined.id, role=TeamRole.VIEW, since=before),
            Member(proposal_id=made[1].id, person_id=left.id, role=TeamRole.EDIT, since=before, left_at=before),
            TeamInvitation(proposal_id=made[4].id, address=asked.email, role=TeamRole.VIEW, invited_at=before),
            TeamInvitation(
                proposal_id=made[4].id, address=declined.email, role=TeamRole.VIEW, invited_at=before, declined_at=at
            ),
            Named(proposal_id=made[5].id, address=named.email),
        ]
    )
    people += [joined, left]
    db.session.flush()
    subjects = conflict_queries.subjects(made)
    found = set()
    for person in people:
        in_sql = set(db.session.scalars(db.select(Proposal.id).where(conflict_queries.in_conflict(person))))
        judge = conflict_queries.judge(person)
        by_rule = {p.id: conflict(judge, subjects[p.id], p.call.economy_rule) for p in made}
        assert in_sql == {key for key, why in by_rule.items() if why}
        found |= set(by_rule.values())
        seen = set(db.session.scalars(queries.visible_ids(person, call)))
        assert seen == {p.id for p in made if p.call is call} - in_sql
        assert queries.recused(person, call) == sum(p.call is call for p in made) - len(seen)
    assert found == {None, *Interest}
    assert (conflict_queries.applies(joined, call), conflict_queries.applies(left, call)) == (True, False)


@pytest.mark.parametrize(
    ("phase", "status", "competes"),
    [
        ("open", Status.DRAFT, True), ("open", Status.SUBMITTED, True), ("open", Status.WITHDRAWN, True),
        ("closed", Status.DRAFT, True), ("closed", Status.WITHDRAWN, True),
        ("review", Status.DRAFT, False), ("review", Status.SUBMITTED, True), ("review", Status.WITHDRAWN, False),
        ("deciding", Status.DRAFT, False), ("deciding", Status.SUBMITTED, True),
    ],
)  # fmt: skip
def test_whoever_can_still_hand_in_a_proposal_sees_no_competitors_and_later_whoever_is_judged(
    app, phase, status, competes
):
    """In the rule, in the condition and in the question of who applies alike; other calls are not concerned."""
    call, elsewhere = world.call(phase), world.call(phase)
    theirs, there = world.proposal(call), world.proposal(elsewhere)
    who = world.person()
    mine = (world.draft if status is Status.DRAFT else world.proposal)(call, by=who)
    if status is Status.WITHDRAWN:
        actions.move(mine, Status.WITHDRAWN, at=clock.now())
    db.session.flush()
    in_sql = set(db.session.scalars(db.select(Proposal.id).where(conflict_queries.in_conflict(who))))
    assert in_sql == ({mine.id, theirs.id} if competes else {mine.id})
    subjects, judge = conflict_queries.subjects([theirs, there]), conflict_queries.judge(who)
    reasons = [conflict(judge, subjects[p.id], False) for p in (theirs, there)]
    assert reasons == [Interest.APPLICANT if competes else None, None]
    assert (conflict_queries.applies(who, call), conflict_queries.applies(who, elsewhere)) == (competes, False)


@pytest.mark.parametrize(
    ("judge", "subject", "rule", "why"),
    [
        ({}, {"owner": "judge"}, False, Interest.OWN),
        ({"organisation": "x"}, {"organisation": "x"}, False, Interest.ORGANISATION),
        ({"organisation": ""}, {"organisation": ""}, True, None),
        ({"economies": {"KE"}}, {"economy": "KE"}, True, Interest.ECONOMY),
        ({"economies": {"KE"}}, {"economy": "KE"}, False, None),
        ({"economies": {"KE"}, "international_staff": True}, {"economy": "KE"}, True, None),
        ({"economies": {"KE"}}, {"economy": ""}, True, None),
        ({}, {"declared": {"judge"}}, False, Interest.DECLARED),
        ({"applies": {"call"}}, {}, False, Interest.APPLICANT),
        ({"applies": {"other"}}, {}, True, None),
        ({"applies": {"call"}, "organisation": "x"}, {"organisation": "x"}, False, Interest.ORGANISATION),
        ({}, {"declared": {"other"}}, True, None),
    ],
)
def test_each_reason_and_its_limits(judge, subject, rule, why):
    ids = {"judge": "11111111", "other": "22222222", "call": "44444444"}
    applies = frozenset(ids[k] for k in judge.get("applies", ()))
    who = Judge(ids["judge"], judge.get("organisation", ""), frozenset(judge.get("economies", ())),
                judge.get("international_staff", False), applies)  # fmt: skip
    what = Subject(ids.get(subject.get("owner"), "33333333"), subject.get("organisation", ""),
                   subject.get("economy", ""), frozenset(ids[k] for k in subject.get("declared", ())),
                   ids["call"])  # fmt: skip
    assert conflict(who, what, rule) is why


def test_nobody_comes_to_see_a_proposal_by_changing_her_profile(app):
    call = world.call("deciding", economy_rule=True)
    same, at_home, other = (world.proposal(call, economy=code) for code in ("SN", "KE", "PE"))
    who = world.member(call, Role.COORDINATOR, world.person(organisation=same.organisation, economies=("KE",)))
    for organisation, staff in (("Somewhere else", False), ("Somewhere else", True)):
        stands = {"organisation": organisation, "economies": (), "international_staff": staff}
        update_standing(who, **stands, by=who, at=clock.now())
        assert set(db.session.scalars(queries.visible_ids(who, call))) == {other.id}
    declared = {(c.proposal_id, c.reason) for c in db.session.query(Conflict)}
    assert declared == {(same.id, "Same organisation"), (at_home.id, "Same economy")}


def test_a_conflict_behind_her_own_proposal_stays_when_her_profile_changes_and_she_withdraws(app):
    call = world.call("review")
    who = world.member(call, Role.COORDINATOR)
    mine, theirs = world.proposal(call, by=who), world.proposal(call, organisation=who.organisation)
    update_standing(who, organisation="New", economies=(), international_staff=False, by=who, at=clock.now())
    actions.withdraw(mine, by=who, at=clock.now())
    assert set(db.session.scalars(queries.visible_ids(who, call))) == set()
    assert [c.proposal_id for c in db.session.query(Conflict)] == [theirs.id]


def test_whoever_has_no_role_in_a_call_changes_her_profile_freely(app):
    proposal = world.proposal(world.call("deciding"))
    who = world.person(organisation=proposal.organisation)
    update_standing(who, organisation="New", economies=(), international_staff=False, by=who, at=clock.now())
    assert db.session.query(Conflict).count() == 0


def test_an_author_named_with_her_address_may_not_judge_it_even_under_another_address(app):
    """The proposal is hidden from her while it names her; by another address of hers she does not escape."""
    from msme_calls.accounts import address, links

    call = world.call("open", kind="rta-papers")
    author, other = world.reviewer(call), world.reviewer(call)
    people = [{"name": "Example Author", "affiliation": "Example Institute", "email": author.email.upper()}]
    key = next(q.key for q in call.questions if q.kind == "people")
    made = world.proposal(call, **{key: people})
    visible = [set(db.session.scalars(queries.visible_ids(who, call))) for who in (author, other)]
    assert visible == [set(), {made.id}]
    token = links.issue(address.CHANGE, "new@example.org", at=clock.now(), lasts=address.LASTS, subject=author.id)
    db.session.flush()
    with app.test_request_context():
        address.change(author, links.find(token, address.CHANGE, clock.now()), by=author, at=clock.now())
    assert author.email == "new@example.org"
    assert set(db.session.scalars(queries.visible_ids(author, call))) == set()
    changed = world.answers(call, **{key: [{**people[0], "email": ""}]})
    for section in call.sections:
        actions.save_section(made, section, changed, by=made.owner, at=clock.now())
    actions.submit(made, "without", by=made.owner, at=clock.now())
    assert db.session.scalars(db.select(Named)).all() == []
