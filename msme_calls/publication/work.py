"""Each person's own work: her proposals, her reviews, the calls she runs; and what coordinators add to the archive."""

import re
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from msme_calls import clock, i18n
from msme_calls.accounts.desk_factor import demand_factor
from msme_calls.calls import queries as calls_queries
from msme_calls.calls.desk import at_desk
from msme_calls.calls.kinds import KINDS
from msme_calls.calls.models import Role
from msme_calls.extensions import LANGUAGES, db
from msme_calls.proposals.rules import public_status
from msme_calls.publication import queries
from msme_calls.publication.actions import day, record_past_edition
from msme_calls.publication.views import bp, call_page

WINNER_ROWS = 6


@bp.get("/my-work")
def my_work() -> str:
    at = clock.now()
    roles = calls_queries.with_roles(current_user)
    staffed = [(call, own) for call, own in roles if own - {Role.REVIEWER}]
    return render_template(
        "publication/my_work.html",
        at=at,
        proposals=[
            (p, public_status(p.status, p.phase(at), bool(p.call.sealed_at)))
            for p in queries.own_proposals(current_user)
        ],
        queue=queries.review_queue(current_user, at),
        reviewer=any(Role.REVIEWER in own for _, own in roles),
        staffed=staffed,
        coordinates=any(Role.COORDINATOR in own for _, own in roles),
    )


@bp.get("/desk/<slug>/preview")
def preview(slug: str) -> str:
    found, _roles = at_desk(slug)
    return call_page(found, clock.now(), preview=True)


def _may_record() -> bool:
    return current_user.is_convenor or any(
        Role.COORDINATOR in own for _call, own in calls_queries.with_roles(current_user)
    )


@bp.route("/my-work/past-edition", methods=["GET", "POST"])
def past_edition() -> str | Response:
    """A coordinator records an edition that was held before this site, or corrects one."""
    if not _may_record():
        abort(404)
    demand_factor()
    if request.method != "POST":
        found = queries.past_edition(i18n.normal(request.args.get("kind", "")), request.args.get("year", 0, type=int))
        return _form(_values_of(found), [])
    values, errors = _read(request.form)
    if errors:
        return _form(request.form.to_dict(), errors)
    record_past_edition(request.form["kind"], values.pop("year"), values, by=current_user, at=clock.now())
    db.session.commit()
    flash(_("The past edition is recorded."), "good")
    return redirect(url_for("publication.archive"))


def _form(values: dict[str, str], errors: list[tuple[str, str]]) -> str:
    names = ["title", "theme", "note", *(f"winner-{n}-about" for n in range(WINNER_ROWS))]
    return render_template(
        "publication/past_form.html",
        values=values,
        errors=errors,
        rows=WINNER_ROWS,
        texts={name: {c: values.get(f"{name}-{c}", "") for c in LANGUAGES} for name in names},
        kind_choices=[(k.key, i18n.said(k.name)) for k in KINDS.values()],
        economy_choices=list(i18n.economies(i18n.language()).items()),
    )


def _three(form: MultiDict[str, str], name: str) -> dict[str, str]:
    return {c: text for c in LANGUAGES if (text := i18n.normal(form.get(f"{name}-{c}", "")))}


def _lines(text: str) -> list[str]:
    return [line for raw in text.splitlines() if (line := i18n.normal(raw))]


def _read(form: MultiDict[str, str]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What the form says as an edition's values, and what is wrong with it: (field, sentence)."""
    errors: list[tuple[str, str]] = []
    values: dict[str, Any] = {name: _three(form, name) for name in ("title", "theme", "note")}
    if form.get("kind") not in KINDS:
        errors.append(("kind", _("Choose the kind of call.")))
    if not re.fullmatch("[0-9]{4}", form.get("year", "")):
        errors.append(("year", _("Write the year in four figures, for example 2021.")))
    else:
        values["year"] = int(form["year"])
    if len(values["title"]) < len(LANGUAGES):
        errors.append(("title-en", _("Write the title in all three languages.")))
    for name in ("launched", "deadline", "announced"):
        try:
            values[name] = day(form.get(name, "").strip())
        except ValueError:
            errors.append(
                (name, _("Write the date as year, month and day, for example 2023-05-05, or leave it empty."))
            )
    values["partners"] = [dict.fromkeys(LANGUAGES, line) for line in _lines(form.get("partners", ""))]
    values["sources"] = [_source(line) for line in _lines(form.get("sources", ""))]
    values["winners"] = [w for n in range(WINNER_ROWS) if (w := _winner(form, n))]
    values["unknown"] = [n for n in ("launched", "deadline", "announced") if not values.get(n)]
    if not values["sources"]:
        errors.append(("sources", _("Name at least one public source.")))
    if any(not w["name"] for w in values["winners"]):
        errors.append(("winner-0-name", _("Give every winner a name.")))
    return values, errors


def _source(line: str) -> dict[str, Any]:
    address, _sep, label = line.partition(" ")
    return {"address": address, "label": dict.fromkeys(LANGUAGES, label.strip() or address)}


def _winner(form: MultiDict[str, str], n: int) -> dict[str, Any] | None:
    read = {k: i18n.normal(form.get(f"winner-{n}-{k}", "")) for k in ("name", "economy", "outcome")}
    about = _three(form, f"winner-{n}-about")
    outcome = read["outcome"] if read["outcome"] in ("winner", "runner-up") else "winner"
    return {**read, "outcome": outcome, "about": about} if read["name"] or about else None


def _values_of(edition: Any) -> dict[str, str]:
    """A recorded edition as its form shows it."""
    if edition is None:
        return {}
    found = {"kind": edition.kind, "year": str(edition.year)}
    found |= {n: v.isoformat() if (v := getattr(edition, n)) else "" for n in ("launched", "deadline", "announced")}
    for name in ("title", "theme", "note"):
        found |= {f"{name}-{c}": text for c, text in getattr(edition, name).items()}
    found["partners"] = "\n".join(i18n.said(p) for p in edition.partners)
    found["sources"] = "\n".join(f"{s['address']} {i18n.said(s['label'])}" for s in edition.sources)
    for n, winner in enumerate(edition.winners):
        found |= {f"winner-{n}-{k}": winner.get(k, "") for k in ("name", "economy", "outcome")}
        found |= {f"winner-{n}-about-{c}": text for c, text in (winner.get("about") or {}).items()}
    return found
