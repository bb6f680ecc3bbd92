"""The criteria of a call: added, worded, ordered and removed until it opens."""

from dataclasses import dataclass
from datetime import datetime

from msme_calls import history
from msme_calls.accounts.models import Person
from msme_calls.calls import rules
from msme_calls.calls.actions import parts
from msme_calls.calls.models import Call, Criterion
from msme_calls.errors import allow

Words = dict[str, str]


@dataclass(frozen=True)
class Content:
    """What a criterion says: `anchors` has a sentence in each language for each score as text."""

    name: Words
    description: Words
    weight: int
    scale: int
    optional: bool
    anchors: dict[str, Words]

    def put(self, criterion: Criterion) -> None:
        """Write it into a criterion; sentences for scores beyond the scale are left out."""
        for name in ("name", "description", "weight", "scale", "optional"):
            setattr(criterion, name, getattr(self, name))
        steps = [str(n) for n in range(self.scale + 1)]
        criterion.anchors = {n: self.anchors[n] for n in steps if n in self.anchors}


def add(call: Call, content: Content, *, by: Person, at: datetime) -> Criterion:
    """Add a criterion after the others."""
    allow(rules.no_set_up(call.life, at))
    key = parts.key_for(content.name, [c.key for c in call.criteria], "criterion")
    criterion = Criterion(key=key, position=parts.last(call.criteria))
    content.put(criterion)
    call.criteria.append(criterion)
    history.record("add-criterion", by=by, at=at, call=call, criterion=parts.words(content.name))
    return criterion


def edit(criterion: Criterion, content: Content, *, by: Person, at: datetime) -> None:
    """Word a criterion anew; its key stays, since tie-breaks go by it."""
    allow(rules.no_set_up(criterion.call.life, at))
    content.put(criterion)
    history.record("edit-criterion", by=by, at=at, call=criterion.call, criterion=parts.words(criterion.name))


def move(criterion: Criterion, step: int, *, by: Person, at: datetime) -> None:
    """Move a criterion one place up (-1) or down (1)."""
    allow(rules.no_set_up(criterion.call.life, at))
    if parts.shift(criterion.call.criteria, criterion, step):
        history.record("move-criterion", by=by, at=at, call=criterion.call, criterion=parts.words(criterion.name))


def remove(criterion: Criterion, *, by: Person, at: datetime) -> None:
    """Take a criterion away; ties are no longer broken by it."""
    call = criterion.call
    allow(rules.no_set_up(call.life, at))
    call.criteria.remove(criterion)
    call.tie_breaks = [k for k in call.tie_breaks if k != criterion.key]
    history.record("remove-criterion", by=by, at=at, call=call, criterion=parts.words(criterion.name))
