"""The questions of a call as files, to fill in by hand or without a connection: the same bytes for everybody."""

from flask import Response, abort

from msme_calls import clock, pdf
from msme_calls.access import public
from msme_calls.calls import queries as calls_queries
from msme_calls.proposals import printing, text_form
from msme_calls.publication import pages
from msme_calls.publication.kept import kept
from msme_calls.publication.views import bp
from msme_calls.web import cache_publicly


@bp.get("/calls/<slug>/questions.<any(pdf,txt):ending>")
@public
@kept
def questions_file(slug: str, ending: str) -> Response:
    """The blank form, on paper or as text that can be brought back into a proposal."""
    at, call = clock.now(), calls_queries.public(slug) or abort(404)
    if not call.sections:
        abort(404)
    name = f"{call.slug}-questions"
    if ending == "pdf":
        answer = pdf.answer(printing.blank(call), name)
    else:
        answer = printing.plain(text_form.written(call, {}), name)
    return cache_publicly(answer, pages.boundary([call], at))
