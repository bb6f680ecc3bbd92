"""What happened before today in the demonstration: acts at instants, told in the order of time."""

import tomllib
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.proposals.models import Proposal

HERE = Path(__file__).parent
Act = Callable[[datetime], object]


@cache
def read(name: str) -> dict[str, Any]:
    """One of the data files beside this module; read once, so leave it as it is."""
    return tomllib.loads((HERE / f"{name}.toml").read_text("utf-8"))


def odd(key: str, most: timedelta) -> timedelta:
    """Some time up to `most`, the same for the same key: people don't work by a timetable."""
    return timedelta(seconds=int(most.total_seconds() * zlib.crc32(key.encode()) / 2**32))


class Story:
    """Acts, each at its own instant, so that the history reads as if people had done them one after the other.

    What acts make is found by its key in the files: `people`, `calls`, `proposals`.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.people: dict[str, Person] = {}
        self.calls: dict[str, Call] = {}
        self.proposals: dict[str, Proposal] = {}
        self._acts: list[tuple[datetime, Act]] = []

    def add(self, at: datetime, act: Act) -> None:
        """Note an act to be told. Raises ValueError for one that lies in the future."""
        if at > self.now:
            raise ValueError(f"the demonstration can't tell today what happens on {at}")
        self._acts.append((at, act))

    def tell(self) -> None:
        """Do all acts in the order of their instants; of two at the same instant the one noted first."""
        for at, act in sorted(self._acts, key=lambda each: each[0]):
            act(at)
