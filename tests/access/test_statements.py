"""A page asks the database the same number of questions at three rows of everything as at thirty."""

from typing import Any

import pytest
from access.growing import grow
from access.test_sweeps import readable
from statements import statements

# Those who see most of the pages that they may open.
READERS = ("coordinator", "owner", "reviewer", "administrator", "convenor", "anonymous")


def counted(world: Any) -> dict[tuple[str, str], int]:
    """How many statements each page takes, and whoever reads it; public pages are drawn anew."""
    found = {}
    world.app.extensions["public_pages"].kept.clear()
    for endpoint, url, line in readable(world):
        for role in ("anonymous",) if line.public else [r for r in READERS if r in line.who]:
            with statements() as run:
                world.ask(role, url)
            found[endpoint, role] = sum(not s.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")) for s in run)
    return found


@pytest.mark.timeout(600)
def test_statements_do_not_grow_with_rows(seen: Any) -> None:
    grow(seen.cast, 3)
    three = counted(seen)
    grow(seen.cast, 27)
    thirty = counted(seen)
    grown = {
        f"{endpoint} as {role}": (three[endpoint, role], n)
        for (endpoint, role), n in thirty.items()
        if n > three[endpoint, role]
    }
    assert grown == {}
    assert max(thirty.values()) < 40
