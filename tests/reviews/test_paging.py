"""A page of the ranking says what the whole ranking says there, though it reads only its own rows."""

from typing import Any

import deciding
import pytest
import world

from msme_calls import clock
from msme_calls.calls.models import Role
from msme_calls.extensions import db
from msme_calls.proposals.models import Status
from msme_calls.reviews import standings
from msme_calls.reviews.ranking import tie_text

MEANS = (4, 4, 4, 3, 3, 2, 2, None, None)


@pytest.fixture
def call(app: Any) -> Any:
    """Proposals with shared places, ties that a tie-break parts, one withdrawn, two that nobody has judged."""
    call = world.call("review", tie_breaks=[])
    for n, mean in enumerate(MEANS):
        proposal = world.proposal(call)
        if n != 8:
            ties = tie_text([]) if n != 4 else "1"
            deciding.standing(proposal, mean and mean * deciding.BILLION, ties)
        if n == 1:
            proposal.status, proposal.withdrawn_at = Status.WITHDRAWN, clock.now()
    db.session.commit()
    return call


def test_every_part_equals_the_whole(call: Any) -> None:
    reader = world.member(call, Role.CHAIR)
    whole = [(i, place) for i, place, _recused in standings.order(reader, call)]
    assert standings.counts(call) == (len(whole), 6) == (8, 6)
    for first in range(9):
        for last in [*range(first, 10), None]:
            part = [
                (r.proposal.id if r.proposal else None, r.place) for r in standings.ranked(reader, call, first, last)
            ]
            assert part == whole[first:last], f"{first} to {last}"


@pytest.mark.parametrize(("winners", "secure"), [(0, True), (1, False), (2, True), (5, False), (6, True), (9, True)])
def test_whether_only_the_draw_decides_the_last_winner(call: Any, winners: int, secure: bool) -> None:
    assert standings.secure(call, winners) is secure
