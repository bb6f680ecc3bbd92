"""The ranking by the raw mean, and all that was written about one proposal; for those who may see scores."""

import uuid
from itertools import pairwise
from typing import Any

from flask import Response, abort, render_template, url_for

from msme_calls import clock, exports, i18n
from msme_calls.accounts.sessions import me
from msme_calls.calls import bulk
from msme_calls.calls.desk import at_desk
from msme_calls.calls.models import Call
from msme_calls.exports import Column
from msme_calls.proposals import queries as proposals
from msme_calls.reviews import queries, rules, scoring, standings
from msme_calls.reviews.standings import Ranked
from msme_calls.reviews.views import bp
from msme_calls.web import paginate

SIZE = 50


@bp.get("/desk/<slug>/ranking")
def ranking(slug: str) -> str:
    call, _roles = at_desk(slug, "scores")
    person = me()
    number, placed = standings.counts(call)
    pagination = paginate(number, SIZE)
    rows = standings.ranked(person, call, pagination.offset, pagination.last, placed)
    return render_template(
        "reviews/ranking.html",
        call=call,
        rows=rows,
        parted=_parted(rows),
        address=url_for("reviews.ranking", slug=call.slug),
        pagination=pagination,
        placed=placed,
        cut=min(call.winners, placed),
        secure=standings.secure(call, call.winners),
        masked=queries.still_judges(person, call, clock.now()),
        top=scoring.top(queries.weighted(call.criteria)),
        tie_breaks=[c for key in call.tie_breaks for c in call.criteria if c.key == key],
    )


def _parted(rows: list[Ranked]) -> set[uuid.UUID]:
    """The proposals of a page that have the mean of a neighbour and another place: a tie-break has parted them."""
    found: set[uuid.UUID] = set()
    for one, next_ in pairwise(rows):
        if one.standing and next_.standing and one.standing.mean == next_.standing.mean and one.place != next_.place:
            found |= {r.proposal.id for r in (one, next_) if r.proposal}
    return found


@bp.get("/desk/<slug>/ranking.<any(csv,json):ending>")
def ranking_file(slug: str, ending: str) -> Response:
    call, _roles = at_desk(slug, "scores")
    person = me()
    masked = queries.still_judges(person, call, clock.now())
    rows = standings.ranked(person, call)
    return exports.download(_columns(call, masked), rows, f"{call.slug}-ranking", ending)


def _columns(call: Call, masked: set[uuid.UUID]) -> list[Column]:
    """A recused row has its place and says so; a proposal that the reader still judges has no figures."""

    def figure(name: str, share: float = 1) -> Any:
        def value(row: Ranked) -> Any:
            if row.proposal is None or row.standing is None or row.proposal.id in masked:
                return None
            found = getattr(row.standing, name)
            return None if found is None else found / share if share != 1 else found

        return value

    def face(name: str) -> Any:
        return lambda row: getattr(row.proposal, name) if row.proposal else None

    return [
        Column("place", lambda row: str(row.place) if row.place else None),
        Column("recused", lambda row: row.proposal is None),
        Column("reference", face("reference")),
        Column("title", face("title")),
        Column("organisation", face("organisation")),
        Column("economy", lambda row: i18n.economy(row.proposal.economy) if row.proposal else None),
        Column("mean", figure("mean", 1e9)),
        Column("spread", figure("spread", 1e9)),
        Column("reviews", figure("reviews")),
        Column("draw", figure("draw")),
    ]


@bp.get("/desk/<slug>/ranking/<uuid:proposal_id>")
def proposal(slug: str, proposal_id: uuid.UUID) -> str:
    call, _roles = at_desk(slug, "scores")
    person, at = me(), clock.now()
    found = proposals.load_for_staff(person, call, proposal_id) or abort(404)
    bulk.opened(call, found.id, person)
    judges = found.id in queries.still_judges(person, call, at)
    reason = rules.no_reading(judges)
    return render_template(
        "reviews/proposal.html",
        call=call,
        proposal=found,
        reason=reason,
        reviews=[] if reason else queries.reviews_of(found),
    )
