"""Who may open what (threats M1, A9, A10): every address of the product, every role, things that are there and not.

Hidden equals absent: whoever may not see a thing gets the same status, headers and body as for one that isn't there.
"""

from typing import Any

import pytest
from access.cast import ROLES
from access.routes import absent, address, methods, rules
from access.table import ADDRESSES, Line
from access.visiting import face


def test_every_address_has_its_line_in_the_table(seen: Any) -> None:
    there = set(rules(seen.app))
    advice = "add a line to ADDRESSES in tests/access/table.py that says who may open it"
    assert sorted(there - set(ADDRESSES)) == [], advice
    assert sorted(set(ADDRESSES) - there) == [], "take these lines out of tests/access/table.py"


@pytest.mark.parametrize("endpoint", ADDRESSES)
def test_those_who_may_get_in_and_for_others_it_is_absent(seen: Any, endpoint: str) -> None:
    rule, line = rules(seen.app)[endpoint], ADDRESSES[endpoint]
    wrong: list[str] = []
    for method in methods(rule):
        for role in ROLES if not line.public else ("anonymous", "coordinator"):
            wrong += [f"{method} as {role}: {w}" for w in _judge(seen, rule, line, method, role)]
    assert wrong == [], "\n".join([endpoint, *wrong])


def _judge(world: Any, rule: Any, line: Line, method: str, role: str) -> list[str]:
    url = address(world.app, rule, line, world.cast)
    there, said = _faced(world, role, method, url)
    gone = [_faced(world, role, method, other) for other in absent(world.app, rule, line, world.cast)]
    if role in line.refused:
        return [f"{s} of {url}" for f, s in [(there, said), *gone] if f[0] not in (403, 404)]
    if role in line.who:
        wrong = [f"{said} {url}"] if not _is_in(there) else []
        return wrong + [f"{s} where there is nothing" for f, s in gone if not line.public and _is_in(f)]
    wrong = [f"gets in: {said} {url}"] if _is_in(there) else []
    if role != "anonymous" or line.open_door:  # a page that isn't hers is a page that was never made
        gone.append(_no_page(world, role, method))
    return wrong + [f"hidden {said} differs from absent {s}" for f, s in gone if f != there]


def _faced(world: Any, role: str, method: str, url: str) -> tuple[Any, str]:
    data = {"csrf_token": world.browsers.token} if method != "GET" else None
    with world.undone():
        response = world.ask(role, url, method, data=data)
    return face(response, url), f"{response.status} {response.headers.get('Location', '')}".strip()


def _no_page(world: Any, role: str, method: str) -> tuple[Any, str]:
    """What somebody gets for an address that no page ever had; asked once."""
    if (role, method) not in world.kept:
        world.kept[role, method] = _faced(world, role, method, "/en/no-such-page")
    return world.kept[role, method]


def _is_in(answer: Any) -> bool:
    """Whether this is an answer of the page itself: neither absent, nor the way to the door, nor a failure."""
    status, headers, _ = answer
    at_the_door = status == 401 or (status == 302 and "/sign-in?next=" in dict(headers)["Location"])
    return status < 500 and status not in (404, 405) and not at_the_door
