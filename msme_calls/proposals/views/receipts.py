"""The signed receipt of a version, to be kept: the text that was signed, or a document to print with it inside."""

import uuid

from flask import Response, abort

from msme_calls import pdf
from msme_calls.proposals import answers, papers
from msme_calls.proposals.views import bp
from msme_calls.proposals.views.applicant import own


@bp.get("/proposals/<uuid:proposal_id>/versions/<int:number>/receipt.<any(json,pdf):ending>")
def receipt_file(proposal_id: uuid.UUID, number: int, ending: str) -> Response:
    """A version that was never signed has none."""
    proposal = own(proposal_id)
    version = next((v for v in proposal.versions if v.number == number), None)
    if version is None or version.receipt is None:
        abort(404)
    name = papers.name_of(proposal, version)
    if ending == "pdf":
        face = answers.face(proposal.call.form.questions, version.answers)
        return pdf.answer(papers.receipt(proposal, version, face), name)
    response = Response(version.receipt, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
    return response
