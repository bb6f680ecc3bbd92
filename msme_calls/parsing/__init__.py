"""What is learned of people's files, in a process of its own that has nothing to lose.

These modules import neither Flask nor the database nor anything else of the package: `process` is started without them.
"""

from typing import Any


class Fault(Exception):
    """A file that can't be taken: why, by the word that `reading` has a sentence for, and the sentence's values."""

    def __init__(self, why: str, **values: Any) -> None:
        super().__init__(why)
        self.why, self.values = why, values
