"""The history of a call: who did what, when; on a page and as a file."""

import sqlalchemy as sa
from flask import Response, render_template

from msme_calls.accounts.sessions import me
from msme_calls.accounts.views.proving import demand_proof
from msme_calls.calls import acts
from msme_calls.calls.views.blueprint import bp, desk_call
from msme_calls.exports import Column, download
from msme_calls.extensions import db
from msme_calls.web import paginate

COLUMNS = [
    Column("number", lambda a: a.seq),
    Column("instant", lambda a: a.at),
    Column("who", lambda a: a.who),
    Column("act", lambda a: a.verb),
    Column("proposal", lambda a: a.proposal),
    Column("words", lambda a: a.words),
]


@bp.get("/desk/<slug>/history")
def history(slug: str) -> str:
    call = desk_call(slug, "life")
    found = acts.of_call(call, me(), proposals=True)
    total = db.session.scalar(sa.select(sa.func.count()).select_from(found.order_by(None).subquery())) or 0
    pages = paginate(total, 50)
    rows = list(db.session.scalars(found.limit(pages.size).offset(pages.offset)))
    return render_template("calls/history.html", call=call, acts=acts.told(rows, call), pages=pages)


@bp.get("/desk/<slug>/history.<any(csv, json):ending>")
def history_file(slug: str, ending: str) -> Response:
    call = desk_call(slug, "life")
    demand_proof()
    rows = list(db.session.scalars(acts.of_call(call, me(), proposals=True)))
    return download(COLUMNS, acts.told(rows, call), f"{call.slug}-history", ending)
