"""At the desk: outcomes for the first places and the rest at once, looked at before they are saved."""

import uuid
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for

from msme_calls import clock
from msme_calls.accounts.sessions import me
from msme_calls.calls.desk import at_desk
from msme_calls.calls.models import Call
from msme_calls.decisions import actions, queries, rules
from msme_calls.decisions.actions import Choice
from msme_calls.decisions.models import Outcome
from msme_calls.decisions.queries import Line, Ranked
from msme_calls.decisions.views.blueprint import bp
from msme_calls.decisions.views.outcomes import Page, one_at_a_time, saved
from msme_calls.extensions import db


@dataclass(frozen=True)
class Plan:
    """What would be decided: how many places of each kind, each proposal's outcome, and what that changes."""

    top: int | None  # not said yet: nothing is planned
    second: int
    outcomes: dict[uuid.UUID, Outcome]
    lines: list[Line]
    stamp: str

    @property
    def choices(self) -> list[Choice]:
        """The changes; reasons that are there stay."""
        return [
            Choice(line.proposal, self.outcomes[line.rank.id], line.decision.rationale if line.decision else "")
            for line in self.lines
            if line.proposal
        ]


def plan_of(call: Call, ranks: list[Ranked]) -> Plan:
    """The plan that the address or the form asks for; by default the numbers that the call announced."""
    top = request.values.get("top", call.winners or None, type=int)
    second = max(0, request.values.get("second", call.runners_up, type=int))
    order = [rank.id for rank in ranks if rank.place] if top is not None else []
    outcomes = rules.first(order, max(0, top or 0), second, call.outcomes)
    changed = [r for r in ranks if not r.recused and r.id in outcomes and r.outcome is not outcomes[r.id]]
    return Plan(top, second, outcomes, queries.lines(changed), queries.stamp_of(changed, outcomes))


@bp.route("/desk/<slug>/decisions/by-rank", methods=["GET", "POST"])
def by_rank(slug: str) -> Page:
    call, _roles = at_desk(slug, "decide")
    one_at_a_time(call)
    at, ranks = clock.now(), queries.ranked(call, me())
    plan = plan_of(call, ranks)
    if request.method == "POST" and request.form.get("stamp") == plan.stamp:
        changed = actions.decide(call, plan.choices, by=me(), at=at)
        db.session.commit()
        flash(saved(changed), "good")
        return redirect(url_for(".decisions", slug=slug))
    return render_template(
        "decisions/by_rank.html", call=call, plan=plan, moved=request.method == "POST", drawn=drawn(ranks, plan),
        recused=sum(r.recused for r in ranks), unscored=sum(r.place is None for r in ranks),
        refusal=actions.no_part(call, me()) or rules.no_deciding(call.phase(at)),
    )  # fmt: skip


def drawn(ranks: list[Ranked], plan: Plan) -> list[str]:
    """Places that only the draw parts, though their proposals would get different outcomes."""
    by_place: dict[str, set[Outcome]] = {}
    for rank in ranks:
        if rank.place and rank.place.tied and rank.id in plan.outcomes:
            by_place.setdefault(str(rank.place), set()).add(plan.outcomes[rank.id])
    return [place for place, outcomes in by_place.items() if len(outcomes) > 1]
