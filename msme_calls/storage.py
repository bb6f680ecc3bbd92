"""Where the bytes of files lie, by the hash of their content: a folder of this machine, or S3-compatible storage."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from flask import current_app

from msme_calls.settings import storage_parts

if TYPE_CHECKING:
    from flask import Flask

    from msme_calls.settings import Settings

Found = tuple[str, int, datetime]  # a content's hash, its size in bytes, and when it was kept last
CHUNK = 1 << 16
IN_MEMORY = 1_000_000  # bytes of a content from afar that are held in memory; larger ones go to a temporary file
_HASH = re.compile(r"[0-9a-f]{64}")
_PROBE = "writable"  # what is written to see whether anything can be
# A store that hangs holds one thread for seconds, not for minutes: these bound each attempt and all of them together.
_TIMES = {"connect_timeout": timedelta(seconds=2), "read_timeout": timedelta(seconds=5),
          "timeout": timedelta(seconds=30)}  # fmt: skip
_RETRIES = {"max_retries": 3, "retry_timeout": timedelta(seconds=4),
            "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1)}}  # fmt: skip


class Unreachable(Exception):
    """The store can't be used now; trying later may help."""


class Missing(Exception):
    """There is no such content in the store, or it is not whole."""


class Damaged(Missing):
    """What the store gave is not the content of that hash: it is told, and never handed on."""


class Store(Protocol):
    """What every store can do. A key that is not a content's hash is a ValueError, before anything is touched."""

    def keep(self, temporary: str | Path, sha256: str) -> None:
        """Keep a file's content for good; when this returns, it survives a crash. The temporary file may be gone."""

    def open(self, sha256: str) -> IO[bytes]:
        """A kept content, proven by its hash, at its beginning and seekable. Raises Missing or Unreachable."""

    def size(self, sha256: str) -> int:
        """Bytes of a kept content. Raises Missing or Unreachable."""

    def delete(self, sha256: str) -> None:
        """Forget a content, if it is there. Raises Unreachable."""

    def listing(self) -> Iterator[Found]:
        """Every kept content. Raises Unreachable."""

    def writable(self) -> bool:
        """Whether a content could be kept now."""


def store(app: "Flask | None" = None) -> Store:
    """The current application's store, made when it is first needed (never before a server forks)."""
    chosen = cast(Any, app or current_app)
    kept = chosen.extensions.get("store")
    if kept is None or kept[0] != os.getpid():
        kept = chosen.extensions["store"] = (os.getpid(), of(chosen.settings))
    return kept[1]


def of(settings: "Settings") -> Store:
    """The store that the settings name."""
    return Bucket(settings) if settings.storage_url else Folder(settings.files)


def incoming(settings: "Settings") -> Path:
    """The folder of this machine for what is being received; the same disk as the local store, so that it renames."""
    folder = settings.files / "incoming"
    folder.mkdir(exist_ok=True)
    return folder


def key_of(sha256: str) -> str:
    """The name under which a content lies. Raises ValueError for anything but a hash, so no name leads elsewhere."""
    if not _HASH.fullmatch(sha256):
        raise ValueError("not a content's hash")
    return f"{sha256[:2]}/{sha256}"


def _proven(file: IO[bytes], sha256: str) -> IO[bytes]:
    """The file at its beginning, once its content is known to be that of its name."""
    digest = hashlib.sha256()
    while piece := file.read(CHUNK):
        digest.update(piece)
    if digest.hexdigest() != sha256:
        file.close()
        raise Damaged(sha256)
    file.seek(0)
    return file


class Folder:
    """A folder of this machine: written and synced elsewhere, then renamed, so that a name has all or nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def keep(self, temporary: str | Path, sha256: str) -> None:
        target = self.root / key_of(sha256)
        try:
            target.parent.mkdir(exist_ok=True)
            # Also if it is there already: it heals what was damaged, and its time tells a clean-up that it is in use.
            os.replace(temporary, target)
            for folder in (target.parent, self.root):
                sync(folder)
        except OSError as error:
            raise Unreachable(error.strerror) from error

    def open(self, sha256: str) -> IO[bytes]:
        path = self.root / key_of(sha256)
        try:
            return _proven(path.open("rb"), sha256)
        except FileNotFoundError as error:
            raise Missing(sha256) from error
        except OSError as error:
            raise Unreachable(error.strerror) from error

    def size(self, sha256: str) -> int:
        try:
            return (self.root / key_of(sha256)).stat().st_size
        except FileNotFoundError as error:
            raise Missing(sha256) from error
        except OSError as error:
            raise Unreachable(error.strerror) from error

    def delete(self, sha256: str) -> None:
        try:
            (self.root / key_of(sha256)).unlink(missing_ok=True)
        except OSError as error:
            raise Unreachable(error.strerror) from error

    def listing(self) -> Iterator[Found]:
        for path in self.root.glob("[0-9a-f][0-9a-f]/*"):
            with suppress(FileNotFoundError):  # deleted meanwhile
                if _HASH.fullmatch(path.name):
                    about = path.stat()
                    yield path.name, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC)

    def writable(self) -> bool:
        try:
            with tempfile.TemporaryFile(dir=self.root) as probe:
                probe.write(b"x")
        except OSError:
            return False
        return True


def sync(folder: Path) -> None:
    """Have what was renamed into a folder survive a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Bucket:
    """S3-compatible storage: each content is sent whole in one request, so that no half of one is ever there."""

    def __init__(self, settings: "Settings") -> None:
        import obstore
        from obstore.store import S3Store  # the extra `scale`

        bucket, prefix, options = storage_parts(settings.storage_url)
        if settings.storage_key:
            options |= {"access_key_id": settings.storage_key, "secret_access_key": settings.storage_secret}
        plain = options.get("endpoint", "").startswith("http://")
        client = {**_TIMES, "allow_http": plain}
        self.client: Any = obstore
        self.store = S3Store(
            bucket, prefix=prefix or None, client_options=cast(Any, client), retry_config=cast(Any, _RETRIES),
            **cast(Any, options),
        )  # fmt: skip

    def keep(self, temporary: str | Path, sha256: str) -> None:
        self._ask(None, self.client.put, key_of(sha256), Path(temporary), use_multipart=False)

    def open(self, sha256: str) -> IO[bytes]:
        # Wholly here before the first byte goes on: a break in the middle, or another content, is noticed in time.
        file = tempfile.SpooledTemporaryFile(IN_MEMORY)
        try:
            self._ask(sha256, self._fetch, key_of(sha256), file)
            file.seek(0)
            return _proven(cast(IO[bytes], file), sha256)
        except BaseException:
            file.close()
            raise

    def size(self, sha256: str) -> int:
        return self._ask(sha256, self.client.head, key_of(sha256))["size"]

    def delete(self, sha256: str) -> None:
        with suppress(Missing):
            self._ask(sha256, self.client.delete, key_of(sha256))

    def listing(self) -> Iterator[Found]:
        pages = iter(self.client.list(self.store, chunk_size=1000))
        while page := self._ask(None, lambda _store: next(pages, None)):
            for found in page:
                name = found["path"].rpartition("/")[2]
                if _HASH.fullmatch(name) and found["path"] == key_of(name):  # deeper lie those of rehearsals
                    yield name, found["size"], found["last_modified"]

    def writable(self) -> bool:
        try:
            self._ask(None, self.client.put, _PROBE, b"x", use_multipart=False)
        except Unreachable:
            return False
        return True

    @staticmethod
    def _fetch(store: Any, key: str, file: IO[bytes]) -> None:
        import obstore

        for piece in obstore.get(store, key).stream(min_chunk_size=CHUNK):
            file.write(piece)

    def _ask(self, sha256: str | None, act: Any, *given: Any, **more: Any) -> Any:
        """Ask the storage; `sha256` is what was asked for, if not finding it means that it is missing."""
        from obstore import exceptions

        try:
            return act(self.store, *given, **more)
        except (exceptions.NotFoundError, FileNotFoundError) as error:  # the second is what it raises, seen
            raise (Missing(sha256) if sha256 else Unreachable("no such bucket")) from error
        except (exceptions.BaseError, OSError) as error:
            raise Unreachable(type(error).__name__) from error
