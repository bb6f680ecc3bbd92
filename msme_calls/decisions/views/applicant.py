"""The outcome of her own proposal, for its applicant, from the instant of the result on."""

import uuid

from flask import abort, render_template

from msme_calls import clock
from msme_calls.accounts.sessions import me
from msme_calls.decisions import queries, rules
from msme_calls.decisions.views.blueprint import bp
from msme_calls.proposals.queries import load_own


@bp.get("/proposals/<uuid:proposal_id>/outcome")
def outcome(proposal_id: uuid.UUID) -> str:
    proposal = load_own(me(), proposal_id) or abort(404)
    told = queries.told(proposal, clock.now()) or abort(404)
    sentence = rules.sentence(told.outcome, title=proposal.title, call=proposal.call.name)
    comments = queries.comments(proposal)
    return render_template(
        "decisions/outcome.html", proposal=proposal, call=proposal.call, told=told, sentence=sentence, comments=comments
    )
