"""The ranking of a call's proposals: rows by the index of their standings, and each reader's view of them."""

import uuid
from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa

from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.extensions import db
from msme_calls.proposals import conflict_queries
from msme_calls.proposals.models import Proposal, Status
from msme_calls.reviews.models import Standing
from msme_calls.reviews.ranking import Place, places


class Face(NamedTuple):
    """What a row of the ranking shows of its proposal."""

    id: uuid.UUID
    reference: str
    title: str
    organisation: str
    economy: str
    language: str


class Figures(NamedTuple):
    """What it shows of the proposal's standing."""

    mean: int | None = None
    spread: int | None = None
    ties: str = ""
    draw: str = ""
    reviews: int = 0


class Ranked(NamedTuple):
    """A row of the ranking. Without `proposal` and `standing` for whoever may not see it; no place without a mean."""

    proposal: Face | None
    standing: Figures | None
    place: Place | None


_FACE = tuple(getattr(Proposal, name) for name in Face._fields)
_FIGURES = (Standing.mean, Standing.spread, Standing.ties, Standing.draw, Standing.count)


# The order of the ranking in SQL, for proposals joined with their standings.
IN_ORDER = (
    Standing.mean.desc().nulls_last(),
    Standing.ties.desc().nulls_last(),
    Standing.draw.desc().nulls_last(),
    Proposal.reference,
)


def order(person: Person, call: Call) -> list[tuple[uuid.UUID, Place | None, bool]]:
    """All proposals that count, in ranking order: (id, place, whether the person is recused)."""
    rows = db.session.execute(
        sa.select(Proposal.id, Standing.mean, Standing.ties, conflict_queries.in_conflict(person))
        .outerjoin(Standing, Standing.proposal_id == Proposal.id)
        .where(Proposal.call_id == call.id, Proposal.status == Status.SUBMITTED)
        .order_by(*IN_ORDER)
    ).all()
    found = places((row[0], row[1], row[2] or "") for row in rows)
    return [(row[0], found[row[0]], bool(row[3])) for row in rows]


def ranked(
    person: Person, call: Call, first: int = 0, last: int | None = None, with_place: int | None = None
) -> list[Ranked]:
    """The ranking as the person may see it, or its rows `first` to `last` (from 0, `last` not included).

    A proposal without submitted reviews has a standing without a mean, and no place. Recused rows keep theirs.
    `with_place`: how many have one, if that is known already.
    """
    with_place = counts(call)[1] if with_place is None else with_place
    end = with_place if last is None else min(last, with_place)
    rows = _placed_rows(person, call, first, end) if first < end else []
    if last is None or last > with_place:
        skipped = max(0, first - with_place)
        rows += [(row, None) for row in _rest(person, call, skipped, None if last is None else last - with_place)]
    return [
        Ranked(None, None, place) if recused else Ranked(proposal, standing, place)
        for (proposal, standing, recused), place in rows
    ]


_Row = tuple[Face, Figures, bool]


def _rows(found: Iterable[Any]) -> list[_Row]:
    """Rows of plain columns: reading fifty proposals as objects takes longer than finding them."""
    return [(Face(*row[:6]), Figures._make((*row[6:10], row[10] or 0)), bool(row[11])) for row in found]


def _placed_rows(person: Person, call: Call, first: int, end: int) -> list[tuple[_Row, Place | None]]:
    """Some rows that have a place, found by the index of the ranking: their neighbours tell whether a place is shared.

    No row before them is read but for its index entry; the number of the first comes from counting what is better.
    """
    before, after = max(0, first - 1), end + 1
    found = _rows(db.session.execute(_by_rank(person, call, before, after - before)))
    if not found:
        return []
    keys = [(s.mean, s.ties) for _p, s, _r in found]
    number = _better(call, found[0][1]) + 1 if before else 1
    rows: list[tuple[_Row, Place | None]] = []
    for n, key in enumerate(keys):
        if n and keys[n - 1] != key:
            number = before + n + 1
        rows.append((found[n], Place(number, key in (keys[n - 1 : n] + keys[n + 1 : n + 2]))))
    return rows[first - before : end - before]


def _by_rank(person: Person, call: Call, first: int, many: int) -> sa.Select[Any]:
    """Proposals that have a place with their standings, in order, as the index has it: no mean is null."""
    rows: sa.Select[Any] = sa.select(*_FACE, *_FIGURES, conflict_queries.in_conflict(person))
    rows = rows.join(Standing, Standing.proposal_id == Proposal.id)
    rows = rows.where(Standing.call_id == call.id, Standing.mean.is_not(None), Proposal.status == Status.SUBMITTED)
    in_order = (Standing.mean.desc(), Standing.ties.desc(), Standing.draw.desc(), Proposal.reference)
    return rows.order_by(*in_order).offset(first).limit(many)


def _rest(person: Person, call: Call, first: int, last: int | None) -> list[_Row]:
    """Proposals that have no place: nobody has judged them yet."""
    rows: sa.Select[Any] = sa.select(*_FACE, *_FIGURES, conflict_queries.in_conflict(person))
    rows = (
        rows.outerjoin(Standing, Standing.proposal_id == Proposal.id)
        .where(Proposal.call_id == call.id, Proposal.status == Status.SUBMITTED, Standing.mean.is_(None))
        .order_by(*IN_ORDER)
    )
    rows = rows.offset(first) if last is None else rows.offset(first).limit(last - first)
    return _rows(db.session.execute(rows))


def _better(call: Call, standing: Figures) -> int:
    """How many proposals stand before those that equal this one on the mean and on every tie-break."""
    better = (Standing.mean > standing.mean) | ((Standing.mean == standing.mean) & (Standing.ties > standing.ties))
    return _standings(call, better)


def _standings(call: Call, *which: sa.ColumnElement[bool]) -> int:
    """How many proposals that count have such a standing: all of them without the few that were withdrawn."""
    return db.session.scalar(sa.select(_standing(call.id, *which))) or 0


def _standing(call_id: Any, *which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    all_ = sa.select(sa.func.count()).select_from(Standing).where(Standing.call_id == call_id, *which)
    gone = (
        sa.select(sa.func.count())
        .select_from(Proposal)
        .join(Standing, Standing.proposal_id == Proposal.id)
        .where(Proposal.call_id == call_id, Proposal.status == Status.WITHDRAWN, *which)
    )
    return all_.scalar_subquery() - gone.scalar_subquery()


def _counts() -> sa.Select[int, int]:
    id_: sa.BindParameter[uuid.UUID] = sa.bindparam("call")
    judged = sa.select(sa.func.count()).select_from(Proposal)
    judged = judged.where(Proposal.call_id == id_, Proposal.status == Status.SUBMITTED)
    return sa.select(judged.scalar_subquery(), _standing(id_, Standing.mean.is_not(None)))


_COUNTS = _counts()


def counts(call: Call) -> tuple[int, int]:
    """How many proposals are judged, and how many of them have a place."""
    judged, with_place = db.session.execute(_COUNTS, {"call": call.id}).one()
    return judged, with_place


def secure(call: Call, winners: int) -> bool:
    """Whether the cut parts unequal proposals: nothing but the draw parts places on both sides of it if not."""
    if not winners:
        return True
    figures = sa.select(Standing.mean, Standing.ties).join(Standing.proposal)
    figures = figures.where(Standing.call_id == call.id, Standing.mean.is_not(None))
    figures = figures.where(Proposal.status == Status.SUBMITTED).offset(winners - 1).limit(2)
    figures = figures.order_by(Standing.mean.desc(), Standing.ties.desc(), Standing.draw.desc(), Proposal.reference)
    around = [(mean, ties) for mean, ties in db.session.execute(figures)]
    return len(around) < 2 or around[0] != around[1]
