"""A call's form as reviewers will read what is answered in it, with invented answers, for who sets it up."""

from flask import render_template

from msme_calls.calls import queries as calls
from msme_calls.calls.desk import at_desk
from msme_calls.calls.models import Blindness
from msme_calls.proposals import answers
from msme_calls.proposals.answers import Viewer
from msme_calls.questions import kind_of
from msme_calls.reviews.views import bp


@bp.get("/desk/<slug>/form/preview/reviewer")
def form_preview(slug: str) -> str:
    call = calls.whole(at_desk(slug, "set-up")[0])
    invented = {q.key: kind_of(q).example(q, 1) for q in call.questions}
    return render_template(
        "reviews/form_preview.html", call=call, seen=answers.seen(call, invented, [], Viewer.REVIEWER), kind_of=kind_of,
        absent=[q for q in call.questions if answers.hides(call, q, Viewer.REVIEWER)],
        open=call.blindness is Blindness.OPEN, weights=sum(c.weight for c in call.criteria),
    )  # fmt: skip
