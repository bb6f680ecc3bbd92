"""The decision: outcomes by who may give them, proposed by one, confirmed by another, sealed once, unsealed by two."""

import threading
from datetime import UTC, datetime, timedelta

import deciding
import pytest
import sqlalchemy as sa
import world

from msme_calls import clock, history
from msme_calls.calls.models import Role
from msme_calls.calls.phases import Phase
from msme_calls.decisions import actions, queries, sealing
from msme_calls.decisions.actions import Choice
from msme_calls.decisions.models import Decision, Outcome, Resolution, Seal
from msme_calls.decisions.standing import standing
from msme_calls.errors import Refused
from msme_calls.extensions import db
from msme_calls.history import History
from msme_calls.outbox import Email
from msme_calls.proposals.actions import declare_conflict
from msme_calls.proposals.models import Status

pytestmark = pytest.mark.usefixtures("app")
NOTE = {"en": "A name was wrong.", "fr": "Un nom était faux.", "es": "Un nombre era incorrecto."}


def decide(made, proposal, outcome=Outcome.WINNER, by=None):
    return actions.decide(made.call, [Choice(proposal, outcome, "Why")], by=by or made.first, at=clock.now())


def verbs(call):
    rows = sa.select(History.verb).where(History.call_id == call.id).order_by(History.seq)
    return [v for v in db.session.scalars(rows) if v not in ("create-call", "start", "submit")]


def test_an_outcome_is_kept_with_its_reason_by_whom_and_noted():
    made = deciding.deciding(2)
    assert decide(made, made.proposals[0]) == 1
    db.session.commit()
    kept = queries.decision_of(made.proposals[0])
    assert (kept.outcome, kept.rationale, kept.decided_by_id) == (Outcome.WINNER, "Why", made.first.id)
    assert verbs(made.call) == ["decide"]
    row = db.session.scalar(sa.select(History).where(History.verb == "decide"))
    assert row.said["details"] == {"outcome": "winner"}
    assert decide(made, made.proposals[0]) == 0, "the same again changes nothing"


@pytest.mark.parametrize("phase", ["open", "closed", "review"])
def test_nothing_is_decided_before_its_phase(phase):
    call = world.call(phase)
    proposal = world.proposal(call)
    with pytest.raises(Refused, match="once the review is over"):
        actions.decide(call, [Choice(proposal, Outcome.WINNER)], by=world.person(), at=clock.now())


def test_only_outcomes_of_the_call_can_be_given():
    made = deciding.deciding(1)
    with pytest.raises(Refused, match="doesn’t have that outcome"):
        decide(made, made.proposals[0], Outcome.REVISE)


@pytest.mark.parametrize("kind", ["organisation", "economy", "declared"])
def test_nobody_decides_what_she_has_a_conflict_with_whatever_her_role(kind):
    """Threat A18."""
    made = deciding.deciding(2, economy_rule=True)
    mine = made.proposals[0]
    if kind == "organisation":
        made.first.organisation = mine.organisation
    elif kind == "economy":
        made.first.economies = world.person(economies=(mine.economy,)).economies
    else:
        declare_conflict(mine, made.first, "We wrote together", by=mine.owner, at=clock.now())
    db.session.flush()
    with pytest.raises(Refused, match="conflict of interest"):
        decide(made, mine)
    db.session.rollback()


ACTS = {
    "decide": lambda made, who, at: decide(made, made.proposals[1], by=who),
    "write the words": lambda made, who, at: actions.set_words(
        made.proposals[0], queries.decision_of(made.proposals[0]), {}, {}, {}, by=who, at=at
    ),
    "propose": lambda made, who, at: actions.propose(made.call, by=who, at=at),
    "confirm": lambda made, who, at: actions.confirm(made.call, by=who, at=at),
    "take back": lambda made, who, at: actions.take_back(made.call, by=who, at=at),
    "seal": lambda made, who, at: actions.seal(made.call, by=who, at=at),
    "ask to unseal": lambda made, who, at: actions.ask_unseal(made.call, NOTE, by=who, at=at),
    "keep sealed": lambda made, who, at: actions.keep_sealed(made.call, by=who, at=at),
    "unseal": lambda made, who, at: actions.unseal(made.call, by=who, at=at),
}


def test_a_coordinator_who_applies_has_no_part_in_the_decision_until_she_withdraws():
    """Threat A18. Nor is she asked to confirm; each act says why, and so do the reasons on the page."""
    made, seal = deciding.sealed()
    made.proposals[-1].owner = made.second
    db.session.flush()
    for name, act in ACTS.items():
        with pytest.raises(Refused, match="You have a proposal of your own in this call"):
            act(made, made.second, clock.now())
            pytest.fail(name)
    it = standing(made.call, made.second, clock.now())
    assert len({str(reason) for reason in it.no.values()}) == 1 and it.recused == 5
    assert seal.unseal_asked_by_id is None
    made.proposals[-1].status, made.proposals[-1].withdrawn_at = Status.WITHDRAWN, clock.now()
    actions.ask_unseal(made.call, NOTE, by=made.second, at=clock.now())
    assert seal.unseal_asked_by_id == made.second.id


def test_a_coordinator_who_applies_is_not_asked_to_confirm():
    made = deciding.decided()
    made.proposals[0].owner = made.second
    actions.propose(made.call, by=made.first, at=clock.now())
    asked = db.session.scalars(sa.select(Email.person_id).where(Email.name == "confirm_asked")).all()
    assert made.second.id not in asked


def test_public_words_can_only_be_written_by_who_may_decide():
    made = deciding.decided()
    winner = made.proposals[0]
    declare_conflict(winner, made.second, "", by=made.second, at=clock.now())
    with pytest.raises(Refused, match="conflict of interest"):
        actions.set_words(winner, queries.decision_of(winner), {}, {}, {}, by=made.second, at=clock.now())


def test_a_decision_can_be_proposed_once_nothing_is_missing():
    made = deciding.decided()
    decision = queries.decision_of(made.proposals[0])
    words = decision.public_name, decision.public_project, decision.public_summary
    actions.set_words(made.proposals[0], decision, {**words[0], "fr": ""}, *words[1:], by=made.first, at=clock.now())
    with pytest.raises(Refused, match="Complete what is missing"):
        actions.propose(made.call, by=made.first, at=clock.now())
    actions.set_words(made.proposals[0], decision, *words, by=made.first, at=clock.now())
    actions.propose(made.call, by=made.first, at=clock.now())
    db.session.commit()
    asked = db.session.scalars(sa.select(Email.person_id).where(Email.name == "confirm_asked")).all()
    assert made.first.id not in asked and made.second.id in asked, "all coordinators but who proposed"


def test_two_people_are_needed_whoever_is_first():
    made = deciding.decided()
    at = clock.now()
    with pytest.raises(Refused, match="proposed anew"):
        actions.confirm(made.call, by=made.second, at=at)
    with pytest.raises(Refused, match="Two coordinators must agree"):
        actions.seal(made.call, by=made.second, at=at)
    actions.propose(made.call, by=made.second, at=at)
    with pytest.raises(Refused, match="another coordinator must confirm"):
        actions.confirm(made.call, by=made.second, at=at)
    with pytest.raises(Refused, match="Two coordinators must agree"):
        actions.seal(made.call, by=made.first, at=at)
    actions.confirm(made.call, by=made.first, at=at)
    with pytest.raises(Refused, match="confirmed already"):
        actions.confirm(made.call, by=made.first, at=at)
    assert actions.seal(made.call, by=made.first, at=at).digest == made.call.seal_digest


@pytest.mark.parametrize("change", ["outcome", "reason", "words", "new"])
def test_any_change_undoes_proposal_and_confirmation(change):
    made = deciding.confirmed()
    winner, at = made.proposals[0], clock.now()
    if change == "outcome":
        decide(made, winner, Outcome.RUNNER_UP)
    elif change == "reason":
        actions.decide(made.call, [Choice(winner, Outcome.WINNER, "Another reason")], by=made.first, at=at)
    elif change == "words":
        decision = queries.decision_of(winner)
        named = {**decision.public_name, "en": "Other"}
        rest = decision.public_project, decision.public_summary
        actions.set_words(winner, decision, named, *rest, by=made.first, at=at)
    else:
        decide(made, made.proposals[-1], Outcome.SHORTLISTED)
    db.session.flush()
    resolution = queries.resolution_of(made.call)
    assert (resolution.proposed_at, resolution.confirmed_at, resolution.digest) == (None, None, None)
    with pytest.raises(Refused, match="Two coordinators must agree"):
        actions.seal(made.call, by=made.second, at=at)


def test_a_change_behind_the_actions_back_is_not_sealed():
    made = deciding.confirmed()
    queries.decision_of(made.proposals[0]).public_name = {"en": "Slipped in", "fr": "x", "es": "x"}
    db.session.flush()
    with pytest.raises(Refused, match="Two coordinators must agree"):
        actions.seal(made.call, by=made.second, at=clock.now())


def test_who_looked_at_an_earlier_proposal_confirms_nothing(at):
    made = deciding.decided()
    seen = actions.stamp(actions.propose(made.call, by=made.first, at=clock.now()))
    decide(made, made.proposals[-1], Outcome.SHORTLISTED)
    later = clock.now() + timedelta(minutes=1)
    actions.propose(made.call, by=made.first, at=later)
    with pytest.raises(Refused, match="Look at it again"):
        actions.confirm(made.call, by=made.second, at=later, seen=seen)


@pytest.mark.parametrize(
    "changed",
    [{"result_at": lambda instant: instant - timedelta(days=100)}, {"title": lambda _: {"en": "Another Name"}}],
)
def test_what_is_sealed_is_for_the_instant_and_under_the_name_that_was_looked_at(changed):
    made = deciding.confirmed()
    seen = actions.stamp(queries.resolution_of(made.call))
    for name, value in changed.items():
        setattr(made.call, name, value(made.call.result_at))
    db.session.commit()
    with pytest.raises(Refused, match="since you opened this page"):
        actions.seal(made.call, by=made.second, at=clock.now(), seen=seen)
    assert made.call.sealed_at is None
    again = actions.stamp(queries.resolution_of(made.call))
    assert actions.seal(made.call, by=made.second, at=clock.now(), seen=again).result_at == made.call.result_at


def test_a_past_instant_asks_for_a_new_one():
    made = deciding.confirmed()
    instant = made.call.result_at
    for at in (instant, instant + timedelta(days=3)):
        with pytest.raises(Refused, match="Choose a new one"):
            actions.seal(made.call, by=made.second, at=at)
    assert made.call.phase(instant) is Phase.DECIDING
    made.call.result_at = instant + timedelta(days=10)
    actions.seal(made.call, by=made.second, at=instant)
    assert made.call.phase(instant) is Phase.SEALED


def test_the_seal_holds_the_whole_result_and_nobodys_name_who_isnt_chosen():
    made, seal = deciding.sealed(6)
    result = sealing.open_sealed(seal.content, seal.digest)
    assert [e.reference for e in result.entries] == [p.reference for p in made.proposals[:3]]
    assert [e.outcome for e in result.entries] == ["winner", "winner", "runner-up"]
    assert result.entries[0].name == {lang: f"Canary Name 0 ({lang})" for lang in ("en", "fr", "es")}
    assert (result.received, result.economies, len(result.others)) == (6, 6, 3)
    assert result.result_at == made.call.result_at and len(bytes.fromhex(result.nonce)) == 32
    assert result.history_hash == history.hash_of(result.history_seq)
    for proposal in made.proposals[3:]:
        for private in (proposal.reference, proposal.title, proposal.organisation, proposal.owner.email):
            assert private.encode() not in seal.content
    assert "email" not in seal.content.decode()
    assert seal.secret.encode() not in seal.content


def test_each_applicant_learns_her_own_outcome_from_the_seal_alone(at):
    made, _ = deciding.sealed(6)
    queries.decision_of(made.proposals[5]).outcome = Outcome.WINNER  # what rows say afterwards doesn't matter
    db.session.commit()
    instant = made.call.result_at
    assert [queries.outcome_for(p, instant - timedelta(microseconds=1)) for p in made.proposals] == [None] * 6
    assert [queries.outcome_for(p, instant) for p in made.proposals] == [
        Outcome.WINNER, Outcome.WINNER, Outcome.RUNNER_UP, Outcome.SHORTLISTED, Outcome.NOT_SELECTED,
        Outcome.NOT_SELECTED,
    ]  # fmt: skip
    told = queries.told(made.proposals[5], instant)
    assert told.commitment == sealing.commitment(told.salt, made.proposals[5].reference, "not-selected")


@pytest.mark.parametrize(
    "change",
    [
        {"content": b"{}"}, {"digest": "0" * 64}, {"secret": "0" * 64},
        {"result_at": datetime(2027, 1, 1, tzinfo=UTC)}, {"sealed_at": datetime(2027, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_the_database_refuses_to_change_a_seal(change):
    deciding.sealed()
    with pytest.raises(sa.exc.DatabaseError, match="never changes"):
        db.session.execute(sa.update(Seal).values(**change))
    db.session.rollback()


def test_the_database_refuses_to_delete_a_seal_or_to_put_an_unsealed_one_back():
    made, seal = deciding.sealed()
    with pytest.raises(sa.exc.DatabaseError):
        db.session.execute(sa.delete(Seal))
    db.session.rollback()
    actions.ask_unseal(made.call, NOTE, by=made.first, at=clock.now())
    actions.unseal(made.call, by=made.second, at=clock.now())
    db.session.commit()
    with pytest.raises(sa.exc.DatabaseError, match="never changes"):
        db.session.execute(sa.update(Seal).values(unsealed_at=None))
    db.session.rollback()


def test_sealed_decisions_stand():
    made, _ = deciding.sealed()
    for act in (
        lambda: decide(made, made.proposals[0], Outcome.RUNNER_UP),
        lambda: actions.propose(made.call, by=made.first, at=clock.now()),
        lambda: actions.take_back(made.call, by=made.first, at=clock.now()),
        lambda: actions.seal(made.call, by=made.first, at=clock.now()),
    ):
        with pytest.raises(Refused, match="sealed"):
            act()


def test_unsealing_takes_two_and_a_public_note():
    """Threat E11."""
    made, seal = deciding.sealed()
    call, at = made.call, clock.now()
    with pytest.raises(Refused, match="Nobody has asked"):
        actions.unseal(call, by=made.second, at=at)
    with pytest.raises(Refused, match="public note in each language"):
        actions.ask_unseal(call, {"en": "Only English"}, by=made.first, at=at)
    actions.ask_unseal(call, NOTE, by=made.first, at=at)
    with pytest.raises(Refused, match="another coordinator must unseal"):
        actions.unseal(call, by=made.first, at=at)
    assert call.phase(at) is Phase.SEALED
    actions.unseal(call, by=made.second, at=at)
    db.session.commit()
    assert (call.phase(at), call.seal_digest, queries.in_force(call)) == (Phase.DECIDING, None, None)
    assert [(s.digest, s.unseal_note) for s in queries.seals(call)] == [(seal.digest, NOTE)]
    with pytest.raises(Refused, match="Two coordinators must agree"):
        actions.seal(call, by=made.second, at=at)
    actions.propose(call, by=made.first, at=at)
    actions.confirm(call, by=made.second, at=at)
    again = actions.seal(call, by=made.second, at=at)
    db.session.commit()
    assert again.digest != seal.digest, "another nonce, another fingerprint"


def test_only_the_wish_that_was_looked_at_is_granted():
    """Dropped and made anew with another note, it would put words before the public that she never read."""
    made, seal = deciding.sealed()
    call, at = made.call, clock.now()
    actions.ask_unseal(call, NOTE, by=made.first, at=at)
    seen = actions.wish_stamp(seal)
    actions.keep_sealed(call, by=made.first, at=at)
    assert actions.wish_stamp(seal) == ""
    actions.ask_unseal(call, {**NOTE, "es": "Otra cosa."}, by=made.first, at=at)
    for stamp in (seen, "", "0" * 64):
        with pytest.raises(Refused, match="made anew since you opened this page"):
            actions.unseal(call, by=made.second, at=at, seen=stamp)
    actions.unseal(call, by=made.second, at=at, seen=actions.wish_stamp(seal))
    assert call.sealed_at is None and seal.unseal_note["es"] == "Otra cosa."


def test_a_wish_to_unseal_can_be_dropped():
    made, _ = deciding.sealed()
    actions.ask_unseal(made.call, NOTE, by=made.first, at=clock.now())
    with pytest.raises(Refused, match="asked for already"):
        actions.ask_unseal(made.call, NOTE, by=made.second, at=clock.now())
    actions.keep_sealed(made.call, by=made.second, at=clock.now())
    with pytest.raises(Refused, match="Nobody has asked"):
        actions.unseal(made.call, by=made.second, at=clock.now())


@pytest.mark.parametrize(("before", "refused"), [(60, None), (59, "less than a minute"), (0, "Only a sealed result")])
def test_a_result_about_to_appear_cant_be_unsealed(before, refused):
    made, _ = deciding.sealed()
    actions.ask_unseal(made.call, NOTE, by=made.first, at=clock.now())
    at = made.call.result_at - timedelta(seconds=before)
    if refused is None:
        actions.unseal(made.call, by=made.second, at=at)
        assert made.call.sealed_at is None
        return
    with pytest.raises(Refused, match=refused):
        actions.unseal(made.call, by=made.second, at=at)


def test_two_who_seal_at_once_make_one_seal(app):
    """Threat E8."""
    made = deciding.confirmed()
    call_id, people, ends = made.call.id, [made.first.id, made.second.id], []
    db.session.commit()  # reading began a transaction, and SQLite has one at a time
    start = threading.Barrier(2)

    def press(person_id):
        from msme_calls.accounts.models import Person
        from msme_calls.calls.models import Call

        with app.app_context():
            start.wait()
            call, person = db.session.get(Call, call_id), db.session.get(Person, person_id)
            try:
                actions.seal(call, by=person, at=clock.now())
                db.session.commit()
                ends.append("sealed")
            except Refused as refused:
                db.session.rollback()
                ends.append(str(refused))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=press, args=(p,)) for p in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert sorted(ends) == ["The result is sealed already.", "sealed"]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Seal)) == 1
    assert db.session.scalar(sa.select(sa.func.count()).where(Email.name == "outcome")) == 5
    assert verbs(made.call).count("seal") == 1


def test_the_database_holds_one_seal_in_force_for_a_call():
    made, seal = deciding.sealed()
    twin = Seal(call=made.call, content=b"", digest="", secret="", result_at=seal.result_at, sealed_at=seal.sealed_at)
    db.session.add(twin)
    with pytest.raises(sa.exc.IntegrityError):
        db.session.flush()
    db.session.rollback()


def test_a_coordinator_who_is_recused_may_confirm_the_whole_and_the_history_says_so():
    made = deciding.decided()
    declare_conflict(made.proposals[0], made.second, "", by=made.second, at=clock.now())
    actions.propose(made.call, by=made.first, at=clock.now())
    actions.confirm(made.call, by=made.second, at=clock.now())
    db.session.commit()
    row = db.session.scalar(sa.select(History).where(History.verb == "confirm-decision"))
    assert row.said["details"] == {"recused": 1}


def test_the_history_tells_the_whole_course_and_holds():
    made, seal = deciding.sealed(2, winners=2)
    assert verbs(made.call) == [
        "decide", "set-words", "decide", "set-words", "propose-decision", "confirm-decision", "seal",
    ]  # fmt: skip
    assert history.verify()[1] is None
    row = db.session.scalar(sa.select(History).where(History.verb == "seal"))
    assert row.said["details"]["digest"] == seal.digest


def test_tables_hold_what_two_people_means():
    made = deciding.confirmed()
    with pytest.raises(sa.exc.IntegrityError):
        db.session.execute(sa.update(Resolution).values(confirmed_by_id=made.first.id))
    db.session.rollback()


def test_decisions_are_left_as_they_are_by_others_calls():
    made, other = deciding.decided(), deciding.deciding(2)
    decide(other, other.proposals[0])
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Decision).filter_by(call_id=made.call.id)) == 5
    assert world.member(other.call, Role.REVIEWER)


def test_too_many_winners_do_not_tell_a_recused_coordinator_that_hers_is_one():
    made = deciding.decided(4, winners=2)
    mine = made.proposals[0]
    declare_conflict(mine, made.second, "", by=made.second, at=clock.now())
    decide(made, made.proposals[3])
    deciding.words(made, made.proposals[3], 3)
    db.session.commit()
    whole, hers = (standing(made.call, who, clock.now()).missing for who in (made.first, made.second))
    assert [str(m.words) for m in whole] == ["Winners decided: 3. The call announced at most 2."]
    assert [str(m.words)[:45] for m in hers] == ["A proposal from which you are recused isn’t r"]
