"""Setting a call up: its texts, dates and rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msme_calls import history
from msme_calls.accounts.models import Person
from msme_calls.calls import depending, rules
from msme_calls.calls.completeness import TEXTS
from msme_calls.calls.deadlines import last_instant
from msme_calls.calls.models import Blindness, Call
from msme_calls.errors import allow

Words = dict[str, str]
DATES = ("opens", "deadline", "review_due", "review_cutoff", "result")


@dataclass(frozen=True)
class Rules:
    """By which rules a call is judged, and who may apply in which languages."""

    languages: list[str]
    organisation_types: list[str]
    blindness: Blindness
    economy_rule: bool
    reviews_per_proposal: int
    winners: int
    runners_up: int
    tie_breaks: list[str]
    unpublished: list[str]


def set_texts(call: Call, texts: Mapping[str, Words], contact: str, *, by: Person, at: datetime) -> None:
    """Write what the call's page says, in each language."""
    allow(rules.no_wording(call.life, at))
    changed = [n for n in TEXTS if n in texts and texts[n] != getattr(call, n)]
    for name in changed:
        setattr(call, name, texts[name])
    if contact != call.contact:
        call.contact = contact
        changed.append("contact")
    if changed:
        history.record("set-texts", by=by, at=at, call=call, changed=changed)


def fixed(call: Call, at: datetime) -> dict[str, str | None]:
    """Which dates can't be set now, and why: name → reason or None."""
    opening, deadline = rules.no_set_up(call.life, at), rules.no_deadline(call.life, at)
    grace = rules.no_grace(call.life, call.grace_minutes, call.grace_minutes + 1, at)
    reviews, result = rules.no_review_dates(call.life, at), rules.no_result_change(call.life, at)
    return {
        "zone": opening, "opens": opening, "deadline": deadline, "grace_minutes": grace, "review_due": reviews,
        "review_cutoff": reviews, "result": result,
    }  # fmt: skip


def set_dates(call: Call, dates: Mapping[str, Any], *, by: Person, at: datetime) -> None:
    """Set instants (`opens`, `deadline` …), `grace_minutes` and `zone`; what isn't given stays."""
    now = {**{n: getattr(call, f"{n}_at") for n in DATES}, "grace_minutes": call.grace_minutes, "zone": call.zone}
    new = {**now, **{n: v for n, v in dates.items() if n in now}}
    changed = [n for n in now if new[n] != now[n]]
    for name, reason in fixed(call, at).items():
        allow(reason if name in changed else None)
    allow(rules.no_grace(call.life, now["grace_minutes"], new["grace_minutes"], at))
    wrong = rules.disorder(
        new["opens"], last_instant(new["deadline"], new["grace_minutes"]), *(new[n] for n in DATES[2:])
    )
    allow(wrong and wrong[1])
    if "result" in changed and new["result"]:
        allow(rules.no_result_instant(call.life, new["result"], at))
    for name in changed:
        setattr(call, f"{name}_at" if name in DATES else name, new[name])
    if changed:
        history.record("set-dates", by=by, at=at, call=call, **{n: new[n] for n in changed})


def set_rules(call: Call, new: Rules, *, by: Person, at: datetime) -> None:
    """Set who may apply, who is hidden, how many are chosen and how ties are broken; until the call opens."""
    allow(rules.no_set_up(call.life, at))
    known = {c.key for c in call.criteria}
    values = {**new.__dict__, "tie_breaks": [k for k in dict.fromkeys(new.tie_breaks) if k in known]}
    changed = [n for n, value in values.items() if getattr(call, n) != value]
    for name in changed:
        setattr(call, name, values[name])
    for question in call.questions:  # the lists that these questions offer are the call's own
        offered = {"organisation-type": ("types", call.organisation_types), "language": ("languages", call.languages)}
        if question.kind in offered:
            name, listed = offered[question.kind]
            allow(depending.no_choices(call.questions, question, listed))
            question.options = {**question.options, name: list(listed)}
    if changed:
        history.record("set-rules", by=by, at=at, call=call, changed=changed)
