"""What a page asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that are run meanwhile, in order, without their values."""
    run: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        run.append(statement)

    sa.event.listen(Engine, "before_cursor_execute", note)
    try:
        yield run
    finally:
        sa.event.remove(Engine, "before_cursor_execute", note)
