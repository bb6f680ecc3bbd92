"""How far the reviews are, in figures; and all reviews as a file for those who may see scores."""

from collections import Counter
from operator import itemgetter
from typing import Any

from flask import Response, render_template
from flask_login import current_user

from msme_calls import clock, exports, i18n
from msme_calls.accounts.views.proving import demand_proof
from msme_calls.calls import rules as calls_rules
from msme_calls.calls.desk import at_desk
from msme_calls.calls.models import Call
from msme_calls.exports import Column
from msme_calls.reviews import queries
from msme_calls.reviews.board import Board
from msme_calls.reviews.views import bp


@bp.get("/desk/<slug>/progress")
def progress(slug: str) -> str:
    call, roles = at_desk(slug)
    whole = Board(call, current_user._get_current_object(), clock.now())
    held = [h for line in whole.seen for h in line.held if not h.out]
    spread = Counter(sum(h.done for h in line.held) for line in whole.seen)
    return render_template(
        "reviews/progress.html",
        call=call,
        board=whole,
        assigned=len(held),
        done=sum(h.done for h in held),
        late=len(whole.late),
        spread=sorted(spread.items()),
        tallies=whole.tallies(),
        may_scores=calls_rules.may(roles, "scores"),
    )


@bp.get("/desk/<slug>/progress/reviews.<any(csv,json):ending>")
def progress_file(slug: str, ending: str) -> Response:
    call, _roles = at_desk(slug, "scores")
    demand_proof()
    rows = queries.reviews_in(current_user, call, clock.now())
    return exports.download(_columns(call), rows, f"{call.slug}-reviews", ending)


def _columns(call: Call) -> list[Column]:
    """One row a submitted review; a criterion that wasn't answered is an empty cell, “can’t judge” a dash."""

    def score(key: str) -> Any:
        return lambda r: "–" if (given := r[6].get(key, "")) is None else given

    return [
        *(
            Column(name, itemgetter(n))
            for n, name in enumerate(("reference", "title", "reviewer", "submitted_at", "late"))
        ),
        Column("mean", lambda r: None if r[5] is None else r[5] / 1e9),
        *(Column(f"score: {i18n.said(c.name)}", score(c.key)) for c in call.criteria),
        Column("comment_applicant", itemgetter(7)),
        Column("comment_committee", itemgetter(8)),
        Column("language_of_comments", itemgetter(9)),
    ]
