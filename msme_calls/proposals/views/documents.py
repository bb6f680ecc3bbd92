"""A proposal as a document, a draft or a version of it; and what differs between two versions."""

import uuid

from flask import Response, abort, render_template, request

from msme_calls import pdf
from msme_calls.proposals import answers, differences, printing, text_form
from msme_calls.proposals.answers import Viewer
from msme_calls.proposals.models import Proposal, ProposalVersion
from msme_calls.proposals.views import bp
from msme_calls.proposals.views.applicant import course, own


def version_of(proposal: Proposal, number: int | None) -> ProposalVersion:
    """One of its versions, or no page."""
    return next((v for v in proposal.versions if v.number == number), None) or abort(404)


@bp.get("/proposals/<uuid:proposal_id>/proposal.<any(pdf,txt):ending>")
def document(proposal_id: uuid.UUID, ending: str) -> Response:
    """The proposal as it is saved, or the version that the address asks for."""
    proposal = own(proposal_id)
    number = request.args.get("version", type=int)
    version = version_of(proposal, number) if "version" in request.args else _as_submitted(proposal)
    name = printing.name_of(proposal, version)
    if ending == "pdf":
        return pdf.answer(printing.proposal(proposal, version), name)
    given = version.answers if version else answers.draft_answers(proposal)
    files = version.files if version else answers.draft_files(proposal)
    return printing.plain(text_form.written(proposal.call, given, files, title=proposal.title), name)


def _as_submitted(proposal: Proposal) -> ProposalVersion | None:
    """The version that counts, while nothing differs from it: nobody shall read “draft” on what she has submitted."""
    counting = next((v for v in proposal.versions if v.number == proposal.submitted_version), None)
    return None if answers.unsent(proposal, counting) else counting


@bp.get("/proposals/<uuid:proposal_id>/versions/<int:number>/compare/<int:other>")
def compare(proposal_id: uuid.UUID, number: int, other: int) -> str:
    """What changed from one version to another, question by question."""
    proposal = own(proposal_id)
    was, now = (version_of(proposal, n) for n in (number, other))
    seen = [answers.seen_version(v, proposal.call, Viewer.OWNER) for v in (was, now)]
    compared = differences.compared(proposal.call, *seen)
    return render_template("proposals/compare.html", former=was, later=now, compared=compared, **course(proposal))


@bp.get("/proposals/<uuid:proposal_id>/versions/<int:number>/compare/draft")
def compare_draft(proposal_id: uuid.UUID, number: int) -> str:
    """What submitting again would change in a version: the draft as it would be handed in."""
    proposal = own(proposal_id)
    was, call = version_of(proposal, number), proposal.call
    draft = answers.seen(call, *answers.to_submit(proposal), Viewer.OWNER)
    compared = differences.compared(call, answers.seen_version(was, call, Viewer.OWNER), draft)
    return render_template("proposals/compare.html", former=was, later=None, compared=compared, **course(proposal))
