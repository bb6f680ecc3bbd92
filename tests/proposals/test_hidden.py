"""Another’s proposal is as absent as one that never was, and a form changes nothing but what it asks for."""

import uuid

import pytest
import world
from pages import Page
from signing_in import browser_of

from msme_calls.calls.models import Role
from msme_calls.extensions import db
from msme_calls.proposals.models import Attachment, Proposal, SectionDraft

GETS = ("", "/check", "/receipt", "/versions/1", "/sections/contact", "/files/{file}")
POSTS = ("/sections/contact", "/submit", "/withdraw", "/restore")


@pytest.fixture
def paper(applicant):
    """A submitted paper with its file."""
    made = world.proposal(world.call("open", kind="rta-papers"), by=applicant)
    db.session.commit()
    return made


def bytes_of(client, path, method="GET"):
    response = client.open(path, method=method)
    return (
        response.status_code,
        response.data,
        sorted(h for h in response.headers if h[0] not in ("Date", "X-Request-Id")),
    )


@pytest.mark.parametrize("who", ["stranger", "coordinator", "administrator"])
def test_anothers_proposal_is_absent_to_the_byte(app, paper, who):
    person = world.person(is_administrator=who == "administrator")
    if who == "coordinator":
        world.member(paper.call, Role.COORDINATOR, person)
    client, absent = browser_of(app, person), uuid.uuid4()
    file = db.session.scalars(db.select(Attachment.id)).one()
    for path in GETS:
        path = path.format(file=file)
        found, none = (bytes_of(client, f"/en/proposals/{p}{path}") for p in (paper.id, absent))
        assert found == none and found[0] == 404, path


def test_anothers_proposal_can_not_be_changed(app, paper):
    client = browser_of(app, world.person())
    token = client.page("/en/my-work").form(action="sign-out").values["csrf_token"]
    before = (paper.status, paper.version)
    for path in POSTS:
        data = {"csrf_token": token, "key": str(uuid.uuid4()), "contact_name": "Mine now"}
        answers = [client.post(f"/en/proposals/{p}{path}", data=data) for p in (paper.id, uuid.uuid4())]
        assert [a.status_code for a in answers] == [404, 404] and answers[0].data == answers[1].data, path
    assert (paper.status, paper.version) == before


def test_signed_out_the_answer_is_the_same_before_anything_is_loaded(client, paper):
    for path in GETS:
        answers = [client.get(f"/en/proposals/{p}{path.format(file=p)}") for p in (paper.id, uuid.uuid4())]
        assert [a.status_code for a in answers] == [302, 302]


def test_a_file_of_another_proposal_is_not_found_through_ones_own(her, paper):
    other = world.draft(world.call("open", kind="rta-papers"))
    file = other.attachments[0].id
    assert her.get(f"/en/proposals/{paper.id}/files/{file}").status_code == 404
    with her.get(f"/en/proposals/{paper.id}/files/{paper.attachments[0].id}") as own:
        assert own.status_code == 200


def everything(model):
    return {c.name: str(uuid.uuid4()) for c in model.__table__.columns} | {"status": "submitted"}


def columns(row, *but):
    return {c.name: getattr(row, c.name) for c in row.__table__.columns if c.name not in but}


def test_a_section_takes_only_answers_to_its_questions(her, call, applicant):
    proposal = world.draft(call, by=applicant)
    form = her.page(f"/en/proposals/{proposal.id}/sections/contact").form(button="Save and continue")
    before = columns(proposal, "version")
    keys = [q.key for q in call.sections[1].questions]
    extra = {k: v for k, v in everything(Proposal).items() if k not in keys}
    extra |= {k: v for k, v in everything(SectionDraft).items() if k not in keys}
    her.submit(form, **extra, project="Of another section", feeds="title")
    assert columns(proposal, "version") == before
    part = next(d for d in proposal.drafts if d.section.key == "contact")
    assert set(part.answers) == set(keys)
    assert next(d for d in proposal.drafts if d.section.key == "project").answers["project"] != "Of another section"


def test_starting_and_submitting_take_nothing_but_their_button(her, call, applicant):
    form = her.page(f"/en/calls/{call.slug}/start").form(button="Start the proposal")
    her.submit(form, **{k: v for k, v in everything(Proposal).items()})
    proposal = db.session.scalars(db.select(Proposal)).one()
    assert (proposal.owner_id, proposal.call_id, proposal.status.value) == (applicant.id, call.id, "draft")
    assert proposal.title == "" and proposal.submitted_version is None
    whole = world.draft(call, by=applicant)
    before = columns(whole, "version", "status", "submitted_at", "submitted_version")
    form = her.page(f"/en/proposals/{whole.id}/check").form(button="Submit proposal")
    her.submit(form, **everything(Proposal))
    assert columns(whole, "version", "status", "submitted_at", "submitted_version") == before
    assert whole.submitted_version == 1


@pytest.mark.parametrize("key", ["", "not-a-uuid", "\x00"])
def test_submitting_without_the_pages_key_is_no_submission(her, call, applicant, key):
    proposal = world.draft(call, by=applicant)
    form = her.page(f"/en/proposals/{proposal.id}/check").form(button="Submit proposal")
    assert Page(her.submit(form, key=key)).status == 400
    assert proposal.submitted_version is None
