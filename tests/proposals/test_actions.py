"""An applicant's proposal is received once, keeps its versions, and can be taken back and restored."""

from datetime import timedelta

import pytest
import world

from msme_calls import clock, history, uploads
from msme_calls.errors import Refused
from msme_calls.extensions import db
from msme_calls.proposals import actions
from msme_calls.proposals.models import Proposal, Status


@pytest.fixture
def draft(app) -> Proposal:
    return world.draft(world.call("open"))


def test_a_complete_draft_is_received_with_an_instant_and_a_fingerprint(draft):
    version = actions.submit(draft, "k", by=draft.owner, at=clock.now())
    db.session.commit()
    assert (draft.status, draft.submitted_version, draft.submitted_at) == (Status.SUBMITTED, 1, clock.now())
    assert len(version.digest) == 64
    assert draft.title.startswith("Example ")
    assert history.verify()[1] is None


def test_the_same_press_twice_makes_one_version(draft):
    first = actions.submit(draft, "k", by=draft.owner, at=clock.now())
    second = actions.submit(draft, "k", by=draft.owner, at=clock.now() + timedelta(seconds=5))
    assert second is first


def test_unchanged_answers_make_no_second_version_whatever_the_key(draft):
    first = actions.submit(draft, "k", by=draft.owner, at=clock.now())
    assert actions.submit(draft, "other", by=draft.owner, at=clock.now()) is first


def test_changed_answers_make_a_second_version_and_the_first_stays(draft):
    first = actions.submit(draft, "k", by=draft.owner, at=clock.now())
    section = draft.call.sections[0]
    key = next(q.key for q in section.questions if q.feeds == "organisation")
    actions.save_section(draft, section, {key: "Example New Name"}, by=draft.owner, at=clock.now())
    assert draft.organisation != "Example New Name", "the submitted version stays valid until the next"
    second = actions.submit(draft, "k2", by=draft.owner, at=clock.now())
    assert (second.number, draft.organisation) == (2, "Example New Name")
    assert first.answers[key] != "Example New Name"


@pytest.mark.parametrize("key", ["taken-out", "title"])
def test_a_file_for_a_question_that_the_form_asks_no_more_is_refused_with_that_reason(draft, key):
    """The form may change while the file is read."""
    checked = uploads.Checked("0" * 64, "pdf", 1000, 1, "plan.pdf")
    with pytest.raises(Refused, match="The form no longer asks for this file"):
        actions.attach(draft, key, checked, by=draft.owner, at=clock.now())
    assert draft.attachments == []


@pytest.mark.parametrize(("seconds", "taken"), [(-1, True), (0, False), (1, False)])
def test_the_deadline_is_an_instant(draft, seconds, taken):
    """Threat D1."""
    at = draft.call.deadline_at + timedelta(seconds=seconds)
    if taken:
        assert actions.submit(draft, "k", by=draft.owner, at=at).number == 1
    else:
        with pytest.raises(Refused, match="deadline has passed"):
            actions.submit(draft, "k", by=draft.owner, at=at)


def test_a_withdrawal_can_be_undone_until_the_deadline(draft):
    actions.submit(draft, "k", by=draft.owner, at=clock.now())
    actions.withdraw(draft, by=draft.owner, at=clock.now())
    assert (draft.status, draft.withdrawn_at) == (Status.WITHDRAWN, clock.now())
    actions.restore(draft, by=draft.owner, at=draft.call.deadline_at - timedelta(seconds=1))
    assert (draft.status, draft.withdrawn_at) == (Status.SUBMITTED, None)
    actions.withdraw(draft, by=draft.owner, at=draft.call.deadline_at)
    with pytest.raises(Refused, match="final"):
        actions.restore(draft, by=draft.owner, at=draft.call.deadline_at)
