"""What is learned of people's files, in a process of its own that has nothing to lose.

These modules import neither Flask nor the database nor anything else of the package: `process` is started without them.
"""

from typing import Any

NEXT_ONE = {"job": "learn", "kind": "pdf"}  # what a child may be asked for more than once


class Fault(Exception):
    """A file that can't be taken: why, by the word that `reading` has a sentence for, and the sentence's values."""

    def __init__(self, why: str, **values: Any) -> None:
        super().__init__(why)
        self.why, self.values = why, values
