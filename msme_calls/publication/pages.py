"""What public pages show of calls: groups, the course of a call in steps, and how long a page may be kept."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from msme_calls import i18n
from msme_calls.calls.models import Call
from msme_calls.calls.phases import Phase, next_boundary, overdue


@dataclass(frozen=True)
class Step:
    """A step in the course of a call: its name, its time in words, and whether it is past, now or next."""

    title: str
    when: str
    state: str


@dataclass(frozen=True)
class Groups:
    """The launched calls by what a visitor can do with them."""

    open: list[Call]
    announced: list[Call]
    running: list[Call]  # closed, and no result yet
    over: list[Call]


def groups(calls: list[Call], at: datetime) -> Groups:
    """Launched calls in groups, each in a fixed order: the nearest instant first, past ones last first."""
    found: dict[str, list[Call]] = {"open": [], "announced": [], "running": [], "over": []}
    for call in calls:
        phase = call.phase(at)
        name = {Phase.OPEN: "open", Phase.ANNOUNCED: "announced"}.get(phase)
        name = name or ("over" if phase >= Phase.PUBLISHED else "running")
        found[name].append(call)
    found["announced"].sort(key=lambda c: (c.opens_at is None, c.opens_at, c.slug))
    found["over"].reverse()
    return Groups(**found)


_ORDER = [Phase.ANNOUNCED, Phase.OPEN, Phase.REVIEW, Phase.DECIDING, Phase.SEALED, Phase.PUBLISHED]
_PLACE = {Phase.CLOSED: Phase.REVIEW, Phase.ARCHIVED: Phase.PUBLISHED}


def course(call: Call, at: datetime) -> list[Step]:
    """The steps of a call's life with their times in its zone. Empty for a call that was cancelled."""
    phase = call.phase(at)
    if phase is Phase.CANCELLED:
        return []
    here = _ORDER.index(_PLACE.get(phase, phase)) if phase is not Phase.DRAFT else -1
    over = phase in (Phase.PUBLISHED, Phase.ARCHIVED)
    states = ["past" if n < here or over else "now" if n == here else "next" for n in range(len(_ORDER))]
    words = [_("Announced"), _("Open for proposals"), _("In review"), _("Deciding"), _("Sealed"), _("Published")]
    steps = [Step(*row) for row in zip(words, _times(call), states, strict=True)]
    return steps if call.scored else [step for n, step in enumerate(steps) if _ORDER[n] is not Phase.REVIEW]


def _times(call: Call) -> list[str]:
    def day(instant: datetime | None) -> str:
        return i18n.short_day(instant, call.zone) if instant else ""

    deadline, due, result = day(call.deadline_at), day(call.review_due_at), day(call.result_at)
    return [
        day(call.launched_at),
        _("%(start)s to %(end)s", start=day(call.opens_at), end=deadline) if call.opens_at else "",
        _("until %(day)s", day=due) if due else "",
        "",
        day(call.sealed_at) or (_("before %(day)s", day=result) if result else ""),
        _("%(day)s, %(time)s", day=result, time=i18n.written(call.result_at, call.zone, "clock_time"))
        if call.result_at
        else "",
    ]


def boundary(calls: list[Call], at: datetime) -> datetime | None:
    """The next instant at which a page about these calls changes by the clock alone."""
    return min((b for c in calls if (b := next_boundary(c.life, at))), default=None)


def in_preparation(call: Call, at: datetime) -> bool:
    """Whether the result should be there and isn't sealed yet."""
    return overdue(call.life, at)


def offered(call: Call) -> bool:
    """Whether the call is offered in the reader's language."""
    return i18n.language() in call.languages


_PARTS = {
    "criteria": _l("the criteria"),
    "weights": _l("the weights"),
    "limits": _l("the limits of length"),
    "form": _l("the form"),
    "jury": _l("the jury"),
    "eligibility": _l("the rules on who may apply"),
    "times": _l("the times of day"),
    "launched": _l("the day of the launch"),
    "deadline": _l("the deadline"),
    "announced": _l("the day of the announcement"),
    "proposals-received": _l("the number of proposals"),
    "languages": _l("the languages"),
    "support": _l("the support for the winners"),
}


def parts_in_words(parts: list[str]) -> list[str]:
    """Parts of a call (that are this site's default, or unknown of a past edition) in words."""
    return [str(_PARTS[part]) for part in parts if part in _PARTS]


def tie_names(call: Call) -> list[str]:
    """The names of the criteria that break ties, in order and in quotation marks."""
    names = {c.key: _("“%(name)s”", name=i18n.said(c.name)) for c in call.criteria}
    return [names[key] for key in call.tie_breaks if key in names]
