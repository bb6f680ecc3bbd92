"""What the decision needs of a coordinator now, for the desk's overview."""

from datetime import datetime, timedelta

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from msme_calls import i18n
from msme_calls.accounts.sessions import me
from msme_calls.calls.desk import Item, attention
from msme_calls.calls.models import Call
from msme_calls.calls.phases import Phase
from msme_calls.decisions import actions, queries
from msme_calls.decisions.models import Resolution

SOON = timedelta(days=2)


@attention("decide")
def of_the_decision(call: Call, at: datetime) -> list[Item]:
    """Decide, propose, confirm, seal, answer a wish to unseal."""
    url, phase = url_for("decisions.result", slug=call.slug), call.phase(at)
    if phase not in (Phase.SEALED, Phase.DECIDING) or actions.no_part(call, me()):
        return []
    if phase is Phase.SEALED:
        return _wish(call, url)
    return _next(call, queries.resolution_of(call), url, at)


def _wish(call: Call, url: str) -> list[Item]:
    seal = queries.in_force(call)
    if seal is None or seal.unseal_asked_by_id in (None, me().id):
        return []
    text = _("Another coordinator asks you to unseal the result before its instant.")
    return [Item(_("Decide whether to unseal the result"), text, url, _("Read why"), urgent=True)]


def _next(call: Call, resolution: Resolution | None, url: str, at: datetime) -> list[Item]:
    soon = call.result_at is not None and call.result_at - at < SOON
    if resolution is None or resolution.proposed_at is None:
        return [_begin(call, url, soon)]
    if resolution.confirmed_at:
        text = _("Unless it is sealed before %(instant)s, nothing is published.", instant=_instant(call))
        return [Item(_("The decision is confirmed: seal it"), text, url, _("Seal the result"), urgent=soon)]
    if resolution.proposed_by_id == me().id:
        return []
    text = _("Another coordinator has proposed the decision as a whole.")
    return [Item(_("Confirm the decision"), text, url, _("Look at the decision"), urgent=soon)]


def _begin(call: Call, url: str, soon: bool) -> Item:
    """What comes before a proposal of the decision as a whole: an outcome for each, then all the rest."""
    if number := queries.undecided(call, me()):
        words = ngettext("%(num)d proposal has no outcome yet", "%(num)d proposals have no outcome yet", number)
        return Item(words, "", url_for("decisions.decisions", slug=call.slug), _("Decide"), urgent=soon)
    text = _("Complete what is missing, then put the whole to the other coordinators.")
    return Item(_("The decision isn’t proposed yet"), text, url, _("Go on to the result"), urgent=soon)


def _instant(call: Call) -> str:
    return i18n.written(call.result_at, call.zone) if call.result_at else ""
