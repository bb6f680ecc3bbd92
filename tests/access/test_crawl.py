"""What everybody reads on every page in every phase: no word that isn't for her, and no word that has come to life.

Threats A10, A12.
"""

from collections import defaultdict
from typing import Any

import pytest
from access.cast import ROLES
from access.crawl import crawl
from access.sees import PUBLIC, SEES, matches, may_see

pytestmark = pytest.mark.timeout(600)  # whoever comes first does the reading for all


def test_nobody_reads_what_is_hidden_from_her(seen: Any) -> None:
    """Threat M1: on no page, in no header, file, list or export."""
    leaks = defaultdict(list)
    for visit in crawl(seen):
        for secret in visit.secrets:
            if not may_see(visit.role, secret, visit.endpoint):
                leaks[f"{visit.role} at {visit.endpoint}"].append(f"{secret} ({visit.url})")
    told = [f"{where}: {len(what)} words, like {sorted(what)[:3]}" for where, what in sorted(leaks.items())]
    assert told == [], "\n".join(["see tests/access/sees.py for who may read what", *told])


def test_what_people_write_is_shown_and_never_run(seen: Any) -> None:
    """Threats B1, B5, B9: HTML, attributes, links and templates in every text of the database."""
    alive = {f"{v.endpoint}: {fault}" for v in crawl(seen) for fault in v.faults}
    assert sorted(alive) == []


def test_no_page_fails(seen: Any) -> None:
    broken = {f"{v.endpoint} {v.status}: {v}" for v in crawl(seen) if v.status >= 500}
    assert sorted(broken) == []


def test_what_may_be_read_is_read(seen: Any) -> None:
    """Else a word would be missing from the world, or the table would allow more than anybody needs."""
    for role, rows in [*((r, SEES[r]) for r in ROLES if r in SEES), ("anonymous", PUBLIC)]:
        words = {s for v in crawl(seen) if v.role == role for s in v.secrets}
        idle = [row for row in rows if not any(matches((row,), secret) for secret in words)]
        assert idle == [], f"{role} reads nothing of this: {idle}"
