"""The mail that tells somebody of every change of her second step, in case it wasn't she who made it."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from msme_calls import outbox, web
from msme_calls.accounts import queries
from msme_calls.accounts.mails import ZONE
from msme_calls.outbox import Email, Values


@outbox.mail("second_factor")
def second_factor(row: Email) -> Values | None:
    """What happened: a factor “added” or “removed”, new “codes”, a “code-used”, or all “reset” by somebody else."""
    person, what = queries.find_by_address(row.address), row.values["what"]
    if person is None or not person.active:
        return None
    title, said = _WORDS[what](row.values)
    url = web.absolute("accounts.ask_reset" if what == "code-used" else "accounts.security")
    return {
        "what": what, "title": title, "said": said, "url": url, "when": row.created_at, "zone": person.zone or ZONE,
    }  # fmt: skip


def _named(values: dict[str, Any]) -> str:
    kind = _("Passkey") if values["kind"] == "passkey" else _("Authenticator app")
    return _("%(kind)s “%(name)s”", kind=kind, name=values["named"]) if values["named"] else kind


def _added(values: dict[str, Any]) -> tuple[str, str]:
    said = _("Added to your account: %(factor)s. Signing in takes it from now on.", factor=_named(values))
    return _("A second step was added to your account"), said


def _removed(values: dict[str, Any]) -> tuple[str, str]:
    said = _("Removed from your account: %(factor)s. Signing in no longer takes it.", factor=_named(values))
    return _("A second step was removed from your account"), said


def _codes(values: dict[str, Any]) -> tuple[str, str]:
    said = _("New recovery codes were made for your account. The former ones no longer work.")
    return _("You have new recovery codes"), said


def _code_used(values: dict[str, Any]) -> tuple[str, str]:
    left = values["left"]
    said = ngettext(
        "Somebody signed in to your account with a recovery code. %(num)d code is left.",
        "Somebody signed in to your account with a recovery code. %(num)d codes are left.",
        left,
    )
    return _("A recovery code was used"), said


def _reset(values: dict[str, Any]) -> tuple[str, str]:
    said = _(
        "An administrator has taken the second step away from your account, and you were signed out everywhere. "
        "Sign in, and set up a new one."
    )
    return _("Your second step was taken away"), said


_WORDS = {"added": _added, "removed": _removed, "codes": _codes, "code-used": _code_used, "reset": _reset}
