"""What each role on the team of a proposal may do: every act of the table, as each of them. Threat A18."""

from typing import Any

import pytest
from access.routes import address, rules
from access.table import ADDRESSES, TEAM

# What somebody needs to be for each act that changes something; reading needs no more than being there.
NEEDS = {
    "proposals.save": "co-editor",
    "proposals.autosave": "co-editor",
    "proposals.fill_in": "co-editor",
    "tasks.do": "co-editor",
    "proposals.new_upload": "co-editor",
    "proposals.upload": "co-editor",
    "proposals.submit": "co-submitter",
    "proposals.withdraw": "co-submitter",
    "proposals.restore": "co-submitter",
    "proposals.team": "owner",
    "proposals.change_team_role": "owner",
    "proposals.remove_from_team": "owner",
    "proposals.offer_proposal": "owner",
    "proposals.change_team_invitation": "owner",
}
ORDER = ("co-viewer", "co-editor", "co-submitter", "owner")


@pytest.mark.parametrize("endpoint", NEEDS)
@pytest.mark.parametrize("role", ORDER)
def test_an_act_needs_its_role_and_no_more(seen: Any, endpoint: str, role: str) -> None:
    rule = rules(seen.app)[endpoint]
    url, method = address(seen.app, rule, ADDRESSES[endpoint], seen.cast), _method(rule)
    with seen.undone():
        answer = seen.ask(role, url, method, data={"csrf_token": seen.browsers.token})
    refused = answer.status_code == 403 and b"In this proposal you" in answer.data or b"Only the owner" in answer.data
    assert refused == (ORDER.index(role) < ORDER.index(NEEDS[endpoint])), (answer.status, answer.data[:3000])


def _method(rule: Any) -> str:
    return next(m for m in ("PUT", "PATCH", "POST") if m in (rule.methods or ()))


def test_every_act_of_a_team_is_judged_here(app: Any) -> None:
    anybody = {"proposals.leave_team", "proposals.answer_offer"}
    of_team = {e for e, line in ADDRESSES.items() if (line.who == TEAM or line.refused) and e in rules(app)}
    writing = {e for e in of_team if {"POST", "PUT", "PATCH"} & set(rules(app)[e].methods or ())}
    assert writing == set(NEEDS) | anybody, "say in NEEDS what an act needs"
