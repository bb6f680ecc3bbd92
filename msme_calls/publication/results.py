"""The result of a call for everybody: to come, under embargo, or drawn from the sealed bytes from its instant on."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, abort, make_response, render_template

from msme_calls import clock
from msme_calls.access import public
from msme_calls.calls.models import Call
from msme_calls.calls.phases import Phase, next_boundary, overdue
from msme_calls.decisions import queries
from msme_calls.decisions.composing import public_answers
from msme_calls.decisions.models import Seal
from msme_calls.i18n import PREFIX
from msme_calls.publication import pages
from msme_calls.publication.kept import kept
from msme_calls.web import cache_publicly

bp = Blueprint("results", __name__)


@dataclass(frozen=True)
class Waiting:
    """What the page says before the result is there."""

    late: bool  # the announced instant has passed unsealed
    seal: Seal | None
    former: list[Seal]  # unsealed ones, whose digests and notes stay public


def waiting(call: Call, at: datetime) -> Waiting | None:
    """The state before the result, or None while there is no page: before deciding, and for calls without a result."""
    late = overdue(call.life, at)
    if not late and call.phase(at) not in (Phase.DECIDING, Phase.SEALED):
        return None
    seals = queries.seals(call)
    in_force = next((s for s in seals if s.unsealed_at is None), None)
    return Waiting(late, in_force, [s for s in seals if s.unsealed_at is not None])


def _kept(page: str | Response, call: Call, at: datetime) -> Response:
    """Caches may keep it for a minute, and never across an instant that changes it."""
    return cache_publicly(make_response(page), next_boundary(call.life, at))


@bp.get(f"{PREFIX}/calls/<slug>/result")
@public
@kept
def result(slug: str) -> Response:
    at, call = clock.now(), queries.launched(slug) or abort(404)
    seal = queries.due(call, at)
    if seal is not None:
        page = render_template("publication/result.html", call=call, result=queries.opened(seal), digest=seal.digest)
        return _kept(page, call, at)
    state = waiting(call, at) or abort(404)
    course = pages.course(call, at)
    return _kept(render_template("publication/embargo.html", call=call, state=state, course=course), call, at)


@bp.get(f"{PREFIX}/calls/<slug>/result/<reference>")
@public
@kept
def entry(slug: str, reference: str) -> Response:
    at, call = clock.now(), queries.launched(slug) or abort(404)
    seal = queries.due(call, at) or abort(404)
    opened = queries.opened(seal)
    found = opened.entry(reference) or abort(404)
    page = render_template(
        "publication/entry.html",
        call=call,
        result=opened,
        entry=found,
        answers=public_answers(found),
        digest=seal.digest,
    )
    return _kept(page, call, at)


@bp.get("/calls/<slug>/result.json")
@public
@kept
def sealed_file(slug: str) -> Response:
    """The sealed bytes themselves, of which the published fingerprint is the SHA-256."""
    at, call = clock.now(), queries.launched(slug) or abort(404)
    seal = queries.due(call, at) or abort(404)
    queries.opened(seal)
    response = Response(seal.content, mimetype="application/json")
    response.headers["Content-Disposition"] = 'inline; filename="result.json"'
    return _kept(response, call, at)
