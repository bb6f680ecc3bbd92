"""At the desk: outcomes in the order of the ranking, in a list and one by one."""

import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from msme_calls import clock, web
from msme_calls.accounts.sessions import me
from msme_calls.calls.desk import at_desk
from msme_calls.calls.models import Call
from msme_calls.decisions import actions, forms, queries, rules
from msme_calls.decisions.models import Outcome
from msme_calls.decisions.queries import Ranked
from msme_calls.decisions.views.blueprint import bp
from msme_calls.errors import allow
from msme_calls.extensions import db, lock
from msme_calls.reviews.queries import still_judges

Page = str | Response | tuple[str, int]
PER_PAGE = 50


def _outcomes(call: Call) -> list[tuple[str, Any]]:
    """The call's own outcomes as choices, in their order."""
    return [(o.value, rules.OUTCOMES[o]) for o in Outcome if o.value in call.outcomes]


def one_at_a_time(call: Call) -> None:
    """What is typed is compared with what is there only after others have finished, so that nobody is overwritten."""
    if request.method == "POST":
        lock(call)


@bp.route("/desk/<slug>/decisions", methods=["GET", "POST"])
def decisions(slug: str) -> Page:
    call, _roles = at_desk(slug, "decide")
    one_at_a_time(call)
    ranks = queries.ranked(call, me())
    pagination = web.paginate(len(ranks), PER_PAGE)
    lines = queries.lines(ranks[pagination.offset : pagination.offset + PER_PAGE])
    sheet = forms.sheet(lines, request.form if request.method == "POST" else None)
    if request.method == "POST" and not sheet.errors:
        changed = actions.decide(call, forms.choices(lines, sheet), by=me(), at=clock.now())
        db.session.commit()
        flash(saved(changed), "good")
        return redirect(url_for(".decisions", slug=slug, page=request.args.get("page")))
    page = render_template(
        "decisions/decisions.html", call=call, lines=lines, sheet=sheet, pagination=pagination,
        outcomes=_outcomes(call), tally=_tally(ranks), masked=_masked(call),
        refusal=actions.no_part(call, me()) or rules.no_deciding(call.phase(clock.now())),
    )  # fmt: skip
    return page, 422 if sheet.errors else 200


def _masked(call: Call) -> set[uuid.UUID]:
    """Proposals whose scores the reader doesn't see yet, because she still reviews them herself."""
    return still_judges(me(), call, clock.now())


def saved(changed: int) -> str:
    if not changed:
        return _("Nothing was changed.")
    return ngettext("%(num)d decision is saved.", "%(num)d decisions are saved.", changed)


def _tally(ranks: list[Ranked]) -> dict[str, int]:
    """How many of the proposals that the reader sees have which outcome; "" for none yet, "recused" for the others."""
    found = {"": 0, "recused": 0, **{o.value: 0 for o in Outcome}}
    for rank in ranks:
        found["recused" if rank.recused else rank.outcome.value if rank.outcome else ""] += 1
    return found


@bp.route("/desk/<slug>/decisions/<uuid:proposal_id>", methods=["GET", "POST"])
def decision(slug: str, proposal_id: uuid.UUID) -> Page:
    call, _roles = at_desk(slug, "decide")
    one_at_a_time(call)
    ranks = queries.ranked(call, me())
    line = next(iter(queries.lines(r for r in ranks if r.id == proposal_id and not r.recused)), None) or abort(404)
    assert line.proposal is not None
    typed = request.form if request.method == "POST" else None
    given = forms.sheet([line], typed)
    words = forms.shown_words(line.proposal, line.decision, call.languages)
    if typed is not None:
        words = forms.read_words(typed, line.proposal)
        if not given.errors and not words.problems:
            _save(call, line, given, words)
            flash(_("The decision is saved."), "good")
            return redirect(url_for(".decision", slug=slug, proposal_id=proposal_id))
    page = render_template(
        "decisions/decision.html", call=call, line=line, given=given.given[line.proposal.id], words=words,
        errors=given.errors + words.problems, outcomes=_outcomes(call), around=_around(ranks, proposal_id),
        masked=_masked(call), refusal=actions.no_part(call, me()) or rules.no_deciding(call.phase(clock.now())),
        summary_words=rules.SUMMARY_WORDS,
        next_symbol=rules.next_symbol(queries.symbols(), call.symbol) if call.symbol else "",
    )  # fmt: skip
    return page, 422 if typed is not None else 200


def _save(call: Call, line: queries.Line, given: forms.Sheet, words: forms.Words) -> None:
    at, proposal = clock.now(), line.proposal
    assert proposal is not None
    actions.decide(call, forms.choices([line], given), by=me(), at=at)
    decided = queries.decision_of(proposal)
    if decided is None:
        allow(_("Choose an outcome first: public words belong to a decision."))
    elif decided.outcome.public or decided.public_name:
        name, project, summary = (words.values[part] for part in forms.PARTS)
        actions.set_words(proposal, decided, name, project, summary, words.symbol, by=me(), at=at)
    db.session.commit()


def _around(ranks: list[Ranked], here: uuid.UUID) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """The proposals before and after this one in the ranking, of those that the reader may see."""
    seen = [rank.id for rank in ranks if not rank.recused]
    n = seen.index(here)
    return (seen[n - 1] if n else None), (seen[n + 1] if n + 1 < len(seen) else None)
