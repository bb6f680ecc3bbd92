"""What is held of a person: each feature says what it gives her, what keeps her account, and what goes with it.

A feature joins with one subclass of `Holding`. `columns` names every column that points to a person or keeps her
address; a test compares them with the tables, so that none is forgotten.
"""

import io
import json
import tempfile
import zipfile
from collections.abc import Iterable
from datetime import datetime
from typing import IO, Any

from flask import current_app

from msme_calls.exports import plain
from msme_calls.storage import Missing, Unreachable, incoming, store

CHUNK = 1 << 16
HOLDINGS: dict[str, "Holding"] = {}  # by name, from the ground floor upwards


class Holding:
    """What one feature holds of people. Subclasses say what differs; `name` is that of its file in the archive."""

    name = ""
    columns: frozenset[str] = frozenset()
    last = False  # whether others find what is hers by what this one erases

    def __init_subclass__(cls) -> None:
        HOLDINGS[cls.name] = cls()

    def given(self, person: Any, at: datetime) -> Any:
        """What she gets of it: plain values, in no language but that of what people wrote."""
        return []

    def files(self, person: Any) -> Iterable[tuple[str, str]]:
        """Her files: the path in the archive, made by us, and the content's SHA-256."""
        return ()

    def against(self, person: Any, at: datetime) -> Iterable[str]:
        """What stands against ending her account now: whole sentences that say what to do first."""
        return ()

    def follows(self, person: Any, at: datetime) -> Iterable[str]:
        """What ending her account brings with it, and what is kept all the same."""
        return ()

    def erase(self, person: Any, at: datetime) -> None:
        """Take away what must not stay."""


def obstacles(person: Any, at: datetime) -> list[str]:
    """All that stands against ending an account."""
    return [sentence for holding in HOLDINGS.values() for sentence in holding.against(person, at)]


def consequences(person: Any, at: datetime) -> list[str]:
    """All that ending it brings with it."""
    return [sentence for holding in HOLDINGS.values() for sentence in holding.follows(person, at)]


def erase(person: Any, at: datetime) -> None:
    """Take away what features hold: the latest stage first, her address last, whatever was imported first."""
    for holding in sorted(reversed(HOLDINGS.values()), key=lambda holding: holding.last):
        holding.erase(person, at)


def archive(person: Any, at: datetime) -> IO[bytes]:
    """A ZIP of all that is held of her, at its beginning: a JSON file for each feature, and her files as she sent them.

    It is written to a file without a name, so that neither its size nor a broken line costs the server anything.
    """
    out = tempfile.TemporaryFile(dir=incoming(current_app.settings))  # type: ignore[attr-defined]
    try:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, holding in HOLDINGS.items():
                if given := holding.given(person, at):
                    packed.writestr(f"{name}.json", json.dumps(given, ensure_ascii=False, indent=1, default=plain))
                for path, sha256 in holding.files(person):
                    _pack(packed, path, sha256)
        out.seek(0)
    except BaseException:
        out.close()
        raise
    return out


def _pack(packed: zipfile.ZipFile, path: str, sha256: str) -> None:
    """One file, piece by piece; one that the store hasn't got is said, and costs her nothing of the rest."""
    try:
        with store().open(sha256) as kept, packed.open(zipfile.ZipInfo(path), "w", force_zip64=True) as there:
            while piece := kept.read(CHUNK):
                there.write(piece)
    except (Missing, Unreachable) as error:
        packed.writestr(f"{path}.missing.txt", f"{sha256}\n{type(error).__name__}\n")


def size(file: IO[bytes]) -> int:
    """The bytes of a file at its beginning."""
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    return end
