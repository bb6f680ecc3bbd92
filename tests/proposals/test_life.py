"""Whatever an applicant does in whatever order, a proposal only moves as the rules say, and no version ever changes."""

from datetime import timedelta

import pytest
import world
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from signing_in import browser_of

from msme_calls import clock, history
from msme_calls.calls.phases import Phase
from msme_calls.extensions import db
from msme_calls.outbox import Email
from msme_calls.proposals import rules
from msme_calls.proposals.models import Proposal, ProposalVersion, Status
from msme_calls.proposals.rules import Standing, public_status

HOUR = timedelta(hours=1)


class Life(RuleBasedStateMachine):
    """An applicant before her browser; a model of what she was told stands beside the database."""

    app, at, began = None, None, None  # given by the test

    @initialize()
    def begin(self):
        db.session.rollback()
        self.at(self.began)
        call = world.call("open", deadline_at=clock.tick() + 6 * HOUR)
        proposal = world.draft(call)
        db.session.commit()
        self.id, self.deadline, self.call_id = proposal.id, call.deadline_at, call.id
        self.her = browser_of(self.app, proposal.owner)
        self.url = f"/en/proposals/{proposal.id}"
        self.token = self.her.page("/en/my-work").form(action="sign-out").values["csrf_token"]
        self.status, self.versions, self.typed, self.kept = Status.DRAFT, [], 0, 0

    @property
    def open(self):
        return clock.tick() < self.deadline

    def post(self, path, **data):
        return self.her.post(f"{self.url}{path}", data={"csrf_token": self.token, **data}).status_code

    @rule(minutes=st.sampled_from([1, 59, 180, 359]))
    def wait(self, minutes):
        self.at(clock.tick() + timedelta(minutes=minutes))

    @rule(seconds=st.sampled_from([-1, 0]))
    def wait_for_the_deadline(self, seconds):
        if self.open:
            self.at(max(clock.tick(), self.deadline + timedelta(seconds=seconds)))

    @rule()
    def extend(self):
        self.deadline += 2 * HOUR
        db.session.get(world.Call, self.call_id).deadline_at = self.deadline
        db.session.commit()

    @rule()
    def save(self):
        self.typed += 1
        may = self.open and self.status is not Status.WITHDRAWN
        proposal = db.session.get(Proposal, self.id)
        version = next(d.version for d in proposal.drafts if d.section.key == "contact")
        data = {"contact_name": f"Name {self.typed}", "contact_email": "a@example.org", "section-version": version}
        assert self.post("/sections/contact", **data) == (302 if may else 403)
        self.kept = self.typed if may else self.kept

    @rule(key=st.uuids(), again=st.booleans())
    def submit(self, key, again):
        key = self.versions[-1]["key"] if again and self.versions else str(key)
        known = key in [v["key"] for v in self.versions]
        may = self.open and self.status is not Status.WITHDRAWN
        assert self.post("/submit", key=key) == (302 if may or known else 403)
        if may and not known and (not self.versions or self.versions[-1]["kept"] != self.kept):
            self.versions.append({"key": key, "kept": self.kept, "at": clock.tick()})
        if may and not known:
            self.status = Status.SUBMITTED

    @rule()
    def withdraw(self):
        may = self.status is Status.SUBMITTED
        assert self.post("/withdraw") == (302 if may else 403)
        self.status = Status.WITHDRAWN if may else self.status

    @rule()
    def restore(self):
        may = self.status is Status.WITHDRAWN and self.open
        assert self.post("/restore") == (302 if may else 403)
        self.status = Status.SUBMITTED if may else self.status

    @invariant()
    def what_she_was_told_holds(self):
        if not hasattr(self, "id"):
            return
        db.session.rollback()
        proposal = db.session.get(Proposal, self.id)
        assert proposal.status is self.status
        rows = db.session.scalars(
            db.select(ProposalVersion).filter_by(proposal_id=self.id).order_by(ProposalVersion.number)
        ).all()
        assert [(v.number, v.idempotency_key, v.submitted_at) for v in rows] == [
            (n, v["key"], v["at"]) for n, v in enumerate(self.versions, 1)
        ]
        for row, told in zip(rows, self.versions, strict=True):
            if told["kept"]:
                assert row.answers["contact_name"] == f"Name {told['kept']}"
        assert proposal.submitted_version == (len(self.versions) or None)
        receipts = db.select(Email.id).where(Email.name == "received", Email.person_id == proposal.owner_id)
        assert len(db.session.scalars(receipts).all()) == len(self.versions)

    def teardown(self):
        assert history.verify()[1] is None


@pytest.mark.timeout(300)
def test_only_legal_moves_happen_whatever_the_order(app, at):
    """Threat D9."""
    few = settings(
        max_examples=12,
        stateful_step_count=18,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    hers = type("HerLife", (Life,), {"app": app, "at": staticmethod(at), "began": clock.tick()})
    run_state_machine_as_test(hers, settings=few)


TOLD = {
    Phase.OPEN: Standing.RECEIVED,
    Phase.CLOSED: Standing.RECEIVED,
    Phase.REVIEW: Standing.REVIEW,
    Phase.DECIDING: Standing.DECISION,
    Phase.SEALED: Standing.DECISION,
    Phase.PUBLISHED: Standing.PUBLISHED,
    Phase.ARCHIVED: Standing.OVER,
    Phase.CANCELLED: Standing.CANCELLED,
}


@pytest.mark.parametrize("phase", TOLD)
def test_what_an_applicant_is_told_in_each_phase(phase):
    """Threat A17."""
    cancelled = phase is Phase.CANCELLED
    assert public_status(Status.SUBMITTED, phase) is TOLD[phase]
    assert public_status(Status.WITHDRAWN, phase) is (Standing.CANCELLED if cancelled else Standing.WITHDRAWN)
    archived = phase is Phase.ARCHIVED
    assert public_status(Status.SUBMITTED, phase, sealed=True) is (Standing.PUBLISHED if archived else TOLD[phase])
    draft = {Phase.OPEN: Standing.DRAFT, Phase.CANCELLED: Standing.CANCELLED}.get(phase, Standing.MISSED)
    assert public_status(Status.DRAFT, phase) is draft


@pytest.mark.parametrize("phase", Phase)
def test_what_the_rules_allow_in_each_phase(phase):
    opened = phase is Phase.OPEN
    assert (rules.no_start(phase) is None) == opened
    for status in Status:
        assert (rules.no_edit(status, phase) is None) == (opened and status is not Status.WITHDRAWN)
        assert (rules.no_submit(status, phase, 0) is None) == (opened and status is not Status.WITHDRAWN)
        assert rules.no_submit(status, phase, 1)
        late = phase >= Phase.DECIDING
        assert (rules.no_withdraw(status, phase) is None) == (status is Status.SUBMITTED and not late)
        assert (rules.no_restore(status, phase) is None) == (status is Status.WITHDRAWN and opened)
