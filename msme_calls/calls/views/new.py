"""A new call: from a kind, or from an earlier one."""

import re
from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from msme_calls import clock, i18n
from msme_calls.accounts.desk_factor import demand_factor
from msme_calls.accounts.sessions import me
from msme_calls.calls import deadlines, queries
from msme_calls.calls.actions import clone, life
from msme_calls.calls.completeness import DATES
from msme_calls.calls.forms.fields import in_words, opened, sent
from msme_calls.calls.forms.setting import Copy, FromKind, NewCall
from msme_calls.calls.kinds import KINDS
from msme_calls.calls.models import Call
from msme_calls.calls.views.blueprint import Page, bp, desk_call, drawn
from msme_calls.extensions import db

RESERVED = frozenset({"new"})  # the address of this page among those of calls


def slug_for(form: NewCall, year: int) -> str:
    """The address that was typed, or one made from the title and the year; none that is taken."""
    if form.slug.data:
        return form.slug.data
    title = i18n.said(in_words(form.title.data), "en")
    plain = re.sub(r"[^a-z0-9]+", "-", i18n.folded(title))[:60].strip("-") or "call"
    base = plain if re.search(r"\b20\d\d\b", plain) else f"{plain}-{year}"  # the year that the title names, if any
    found, n = base, 1
    while queries.slug_taken(found):
        n += 1
        found = f"{base}-{n}"
    return found


def free(form: NewCall, slug: str) -> bool:
    """Whether a call can have this address; if not, the form says so."""
    if slug in RESERVED or queries.slug_taken(slug):
        form.slug.errors = [_("Another call has this address. Choose another one, or leave it empty.")]
        return False
    return True


def next_year(at: datetime) -> int:
    """The year of the next result."""
    return deadlines.next_msme_day(at, life.ZONE).year


@bp.route("/desk/new", methods=["GET", "POST"])
def new() -> Page:
    """A convenor creates a call from its kind."""
    at, person = clock.now(), me()
    if not person.is_convenor:
        abort(404)
    demand_factor()
    form = opened(FromKind, {"kind": next(iter(reversed(KINDS))), "title": {}})
    year = next_year(at)
    if sent(form) and free(form, slug := slug_for(form, year)):
        kind = KINDS[form.kind.data]
        prefix = form.prefix.data or f"{kind.prefix}{year % 100:02}"
        call = life.create(kind, slug, in_words(form.title.data), prefix, by=person, at=at)
        db.session.commit()
        flash(
            _("The call is created with the defaults of its kind. Nobody outside sees it before you launch it."), "good"
        )
        return redirect(url_for("calls.overview", slug=call.slug))
    page = render_template("calls/new.html", form=form, earlier=queries.coordinated(person))
    return page, 422 if form.errors else 200


def _years(call: Call, at: datetime) -> int:
    """By how many years dates must move so that the deadline lies ahead."""
    years = 1
    while call.deadline_at and (moved := deadlines.shifted(call.deadline_at, years, call.zone)) and moved <= at:
        years += 1
    return years


def _title(title: dict[str, str], years: int) -> dict[str, str]:
    """The same title with its year moved on."""
    return {c: re.sub(r"\b20\d\d\b", lambda m: str(int(m[0]) + years), text) for c, text in title.items()}


@bp.route("/desk/<slug>/copy", methods=["GET", "POST"])
def copy(slug: str) -> Page:
    """A convenor creates a call from one that she coordinates."""
    at, person, source = clock.now(), me(), desk_call(slug, "life")
    if not person.is_convenor:
        abort(404)
    years = _years(source, at)
    form = opened(Copy, {"title": _title(source.title, years), **Copy.of(source, years)}, source=source)
    year = (source.result_at or at).year + (form.years.data or 0)
    if request.method == "POST" and ("move" in request.form or not form.looked_at) and form.years.validate(form):
        form.move()
        form.moved_by.data = str(form.years.data)
        return drawn("copy", source, form, dates=_moved(source, form), look="move" not in request.form)
    if sent(form) and free(form, new_slug := slug_for(form, year)):
        prefix = form.prefix.data or f"{source.prefix.rstrip('0123456789')}{year % 100:02}"
        title = in_words(form.title.data)
        call = clone.clone(source, new_slug, title, prefix, form.years.data, form.dates, by=person, at=at)
        db.session.commit()
        flash(_("The copy is made. Nobody outside sees it before you launch it."), "good")
        return redirect(url_for("calls.dates", slug=call.slug))
    return drawn("copy", source, form, dates=_moved(source, form), look=False)


def _moved(source: Call, form: Copy) -> list[dict[str, Any]]:
    """The dates as they were and as they stand in the form, with their weekdays, and what is to be said of each."""
    return [_said(source, form, name) for name in DATES if getattr(source, f"{name}_at")]


def _said(source: Call, form: Copy, name: str) -> dict[str, Any]:
    was, field, years = getattr(source, f"{name}_at"), form[name], form.years.data
    after, notes = None, []
    if not field.errors and field.in_zone(source.zone) and field.instant:
        after = field.instant
        untouched = 0 <= (years or 0) <= 20 and field.data == Copy.of(source, years or 0)[name]
        notes = [deadlines.no_same_time(was, years or 0, source.zone) if untouched else None,
                 deadlines.remark(after, source.zone)]  # fmt: skip
    return {"what": DATES[name], "before": was, "field": field, "after": after, "notes": [n for n in notes if n]}
