"""The archive: a tar file of tables, files and a manifest that says what each part has to be.

tables/NAME.jsonl.gz   the first line names the columns and their kinds, each further line is a row
files/HASH             a content; its name is its SHA-256
manifest.json          the last part: SHA-256 of every table, counts, head of the history, state of the migrations

Nothing is ever unpacked to a name that the archive gives.
"""

import base64
import gzip
import hashlib
import io
import json
import re
import tarfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from msme_calls.backups import Unusable
from msme_calls.extensions import UTCDateTime

FORMAT = 1
MANIFEST = "manifest.json"
_PART = re.compile(r"manifest\.json|tables/[a-z_]{1,60}\.jsonl\.gz|files/[0-9a-f]{64}")
_LONGEST_MANIFEST, _LONGEST_LINE = 10_000_000, 200_000_000
CHUNK = 1 << 20
KINDS: dict[str, Any] = {
    "text": sa.Text(), "int": sa.BigInteger(), "bool": sa.Boolean(), "instant": UTCDateTime(), "uuid": sa.Uuid(),
    "bytes": sa.LargeBinary(), "date": sa.Date(),
}  # fmt: skip
_SIMPLE: dict[str, tuple[Callable[[Any], str], Callable[[str], Any]]] = {
    "instant": (lambda v: v.isoformat(), lambda v: datetime.fromisoformat(v).astimezone(UTC)),
    "uuid": (lambda v: v.hex, uuid.UUID),
    "bytes": (lambda v: base64.b64encode(v).decode(), lambda v: base64.b64decode(v, validate=True)),
    "date": (lambda v: v.isoformat(), date.fromisoformat),
}


def kind_of(column: sa.Column[Any]) -> str:
    """How a column's values are written."""
    kinds = ((UTCDateTime, "instant"), (sa.Uuid, "uuid"), (sa.Boolean, "bool"), (sa.LargeBinary, "bytes"),
             (sa.Date, "date"), (sa.Integer, "int"), (sa.String, "text"))  # fmt: skip
    plain = column.type.impl if isinstance(column.type, sa.types.TypeDecorator) else column.type
    found = next((k for of, k in kinds if isinstance(column.type, of) or isinstance(plain, of)), None)
    if found is None:
        raise TypeError(f"no way to write {column}")
    return found


def plain_table(name: str, columns: Iterable[tuple[str, str]]) -> sa.TableClause:
    """A table whose columns give and take values as they lie in the database: a JSON text is its text."""
    return sa.table(name, *(sa.column(column, KINDS[kind]) for column, kind in columns))


def write_table(out: IO[bytes], columns: list[tuple[str, str]], rows: Iterable[Any]) -> tuple[int, str]:
    """Write the rows; gives how many there were, and the SHA-256 of what was written."""
    changes = [_SIMPLE[kind][0] if kind in _SIMPLE else None for _name, kind in columns]
    count = 0
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0, compresslevel=6) as packed:
        packed.write(json.dumps(columns).encode() + b"\n")
        for row in rows:
            values = [v if v is None or c is None else c(v) for v, c in zip(row, changes, strict=True)]
            packed.write(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            count += 1
    return count, digest_of(out)


def digest_of(file: IO[bytes]) -> str:
    """The SHA-256 of a whole file, which then stands at its beginning."""
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(CHUNK):
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()


class Writer:
    """An archive that is being written."""

    def __init__(self, out: IO[bytes], at: datetime) -> None:
        self.tar, self.at = tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT), at

    def add(self, name: str, file: IO[bytes]) -> None:
        """Add a part: all of a file."""
        about = tarfile.TarInfo(name)
        about.size = file.seek(0, io.SEEK_END)
        file.seek(0)
        about.mtime, about.mode = int(self.at.timestamp()), 0o600
        self.tar.addfile(about, file)

    def close(self, manifest: dict[str, Any]) -> None:
        """Add the manifest and end the archive."""
        text = json.dumps({"format": FORMAT, **manifest}, indent=1, sort_keys=True, ensure_ascii=False)
        self.add(MANIFEST, io.BytesIO(text.encode()))
        self.tar.close()


class Reader:
    """A whole archive, looked through once: which parts it has. Raises Unusable for what is none of ours."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar = tar
        self.parts: dict[str, tarfile.TarInfo] = {}
        try:
            for part in tar:
                if not part.isreg() or not _PART.fullmatch(part.name) or part.name in self.parts:
                    raise Unusable(f"This is no backup made by msme-calls: it holds “{part.name[:100]}”.")
                self.parts[part.name] = part
            if MANIFEST not in self.parts:
                raise Unusable("This backup is not whole: its last part is missing.")
            if self.parts[MANIFEST].size > _LONGEST_MANIFEST:
                raise Unusable("This is no backup made by msme-calls: its manifest is too large.")
            self.manifest = json.loads(self.open(MANIFEST).read())
            if self.manifest["format"] != FORMAT:
                raise Unusable("This backup was made by a later version of msme-calls: install that one.")
        except (tarfile.TarError, ValueError, KeyError, TypeError, EOFError) as error:
            raise Unusable("This file is no backup made by msme-calls, or it is damaged.") from error

    def open(self, name: str) -> IO[bytes]:
        """A part's content."""
        file = self.tar.extractfile(self.parts[name])
        assert file is not None
        return file

    @property
    def files(self) -> list[str]:
        """The hashes of the contents that it holds."""
        return [name.removeprefix("files/") for name in self.parts if name.startswith("files/")]

    def check(self) -> None:
        """Prove every table by its hash before anything is written. Contents are proven one by one."""
        wanted = {f"tables/{name}.jsonl.gz": about for name, about in self.manifest["tables"].items()}
        missing = wanted.keys() ^ {name for name in self.parts if name.startswith("tables/")}
        if missing or len(self.files) != self.manifest["files"]:
            raise Unusable("This backup is not whole: parts are missing, or there are too many.")
        for name, about in wanted.items():
            if digest_of(self.open(name)) != about["sha256"]:
                raise Unusable(f"This backup is damaged: {name} is not what it was.")

    def rows(self, table: str) -> tuple[list[tuple[str, str]], Iterator[dict[str, Any]]]:
        """A table's columns, and its rows."""
        packed = gzip.GzipFile(fileobj=self.open(f"tables/{table}.jsonl.gz"), mode="rb")
        columns = [(name, kind) for name, kind in json.loads(packed.readline(CHUNK))]
        return columns, self._rows(packed, columns)

    @staticmethod
    def _rows(packed: gzip.GzipFile, columns: list[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        changes = [(name, _SIMPLE[kind][1] if kind in _SIMPLE else None) for name, kind in columns]
        with packed:
            while line := packed.readline(_LONGEST_LINE):
                values = zip(changes, json.loads(line), strict=True)
                yield {name: v if v is None or c is None else c(v) for (name, c), v in values}


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """The archive at a path."""
    try:
        with tarfile.open(path, "r:") as tar:
            yield Reader(tar)
    except FileNotFoundError as error:
        raise Unusable(f"There is no file {path}.") from error
    except (tarfile.TarError, EOFError) as error:
        raise Unusable("This file is no backup made by msme-calls, or it is damaged.") from error
