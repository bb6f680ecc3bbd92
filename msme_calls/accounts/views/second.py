"""The second step of signing in: what was shown is judged, and the page that asks for it."""

import json
import math
from datetime import timedelta
from typing import NamedTuple

from flask import g, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock, errors, i18n
from msme_calls.accounts import devices, factors, passkeys, throttle
from msme_calls.accounts.mails import ZONE
from msme_calls.accounts.models import Person
from msme_calls.extensions import db


class Wrong(NamedTuple):
    """What is wrong with what was shown, said at its field; and how long to wait, if there were too many tries."""

    field: str
    says: str
    wait: timedelta | None = None


def judge(person: Person, prefix: str = "") -> Wrong | None:
    """What is wrong with the second factor that was sent; None if it is right. It commits the count of tries.

    Its fields are called `code`, `recovery` and `passkey`, behind a prefix where another form's fields come along.
    """
    at, device = clock.now(), devices.known(person.email)
    if answer := request.form.get(f"{prefix}passkey"):
        return None if passkeys.shown(person, answer, at) else Wrong("", no_passkey())
    code, recovery = (request.form.get(prefix + name, "").strip() for name in ("code", "recovery"))
    field = prefix + ("recovery" if recovery and not code else "code")
    if not code and not recovery:
        return Wrong(field, _("Enter the code that your app shows now, or one of your recovery codes."))
    wait = throttle.code(str(person.id), device, at)
    db.session.commit()  # the count holds whatever follows
    if wait:
        return Wrong(field, _too_many(person, wait), wait)
    right = factors.use_code(person, code, at=at) if code else factors.use_recovery_code(person, recovery, at=at)
    if not right:
        return Wrong(field, _no_code() if code else _no_recovery_code())
    throttle.code_right(str(person.id), device)
    return None


def no_passkey() -> str:
    """What is said of a passkey that is not right."""
    return _("This passkey was not accepted. Try once more, or sign in in another way.")


def _no_code() -> str:
    return _("This code is not right, or it was used before. Wait for the next one that your app shows.")


def _no_recovery_code() -> str:
    return _("This is none of your unused recovery codes. Each works once, and only those of your last set.")


def _too_many(person: Person, wait: timedelta) -> str:
    until, zone = clock.now() + wait + timedelta(seconds=59), person.zone or ZONE  # said to the minute, never too early
    return _(
        "Too many wrong codes. No code is taken until %(time)s, %(zone)s; then any right one is.",
        time=i18n.written(until, zone, "clock_time"),
        zone=i18n.zone_name(until, zone),
    )


def page(person: Person, wrong: Wrong | None, kept: errors.Fields | None = None, action: str = "") -> Response:
    """The page that asks for the second factor; `kept`: what somebody was sending when she had to sign in."""
    at, own = clock.now(), factors.of(person)
    kinds = {factor.kind for factor in own}
    g.no_page = kept is not None  # what waits has no address of its own
    drawn = render_template(
        "accounts/second_step.html",
        person=person,
        app=factors.APP in kinds,
        passkey=passkeys.ask(person, at) if factors.PASSKEY in kinds else "",
        codes=factors.codes_left(person),
        wrong=wrong,
        kept=kept,
        kept_text=json.dumps(kept or [], ensure_ascii=False),
        action=action,
    )
    status = 401 if kept is not None else 200
    if wrong:
        status = 429 if wrong.wait else 422 if kept is None else 401
    response = Response(drawn, status, mimetype="text/html")
    if wrong and wrong.wait:
        response.headers["Retry-After"] = str(math.ceil(wrong.wait.total_seconds()))
    return response
