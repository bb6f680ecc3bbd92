"""The servers that are measured: gunicorn before PostgreSQL, waitress with SQLite; and bare Flask under either."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from benchmarks import counting

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
BACKENDS = ("postgresql", "sqlite")
WORKERS, THREADS = 3, 8
EMBEDDED = "import benchmarks.counting; from msme_calls.cli import main; main()"
HELLO = "import waitress; from benchmarks.hello import app; waitress.serve(app, port={port}, threads=8)"


@dataclass(frozen=True)
class Installation:
    """Where a run keeps its data: the folder, the database's address, and its server's process (0: in the web's)."""

    backend: str
    folder: Path
    database: str
    postgres: int

    def environment(self, port: int) -> dict[str, str]:
        """The settings of a web server of this installation."""
        ours: dict[str, object] = {
            "MSME_DATA": self.folder / "data",
            "MSME_DATABASE_URL": self.database,
            "MSME_PORT": port,
        }
        ours |= {"BENCH_COUNT": self.folder / "statements", "PYTHONPATH": ROOT}
        if self.backend == "postgresql":
            ours["MALLOC_TRIM_THRESHOLD_"] = 131072  # as deploy/ runs gunicorn
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MSME_")}
        return clean | {name: str(value) for name, value in ours.items()}


@contextmanager
def installation(backend: str, folder: Path) -> Iterator[Installation]:
    """A fresh, migrated installation; PostgreSQL writes through to the disk as in production."""
    from databases import address, migrate, start_server

    (folder / "data").mkdir(parents=True)
    (folder / "statements").write_bytes(bytes(counting.SLOTS * 8))
    if backend == "sqlite":
        url, pid = f"sqlite:///{folder / 'data' / 'msme-calls.sqlite3'}", 0
    else:
        home = folder / "pg"
        home.mkdir()
        for above in (folder, folder.parent):
            above.chmod(0o755)
        server = start_server(home, os.getpid(), ("max_connections=100", "shared_buffers=256MB"))
        url, pid = address(server, "postgres"), int((home / "data" / "postmaster.pid").read_text().split()[0])
    migrate(url)
    try:
        yield Installation(backend, folder, url, pid)
    finally:
        if pid:
            os.kill(pid, signal.SIGINT)
            os.waitpid(pid, 0)


def _until(done, complaint: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(complaint)
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def web(where: Installation, profile: Path | None = None, hello: bool = False) -> Iterator[tuple[int, int]]:
    """The web server of an installation, answering: (process, port). Profiled, it is one process with one thread."""
    port = free_port()
    command = _command(where.backend, port, hello, profile is not None)
    more = {"BENCH_PROFILE": str(profile)} if profile else {}
    with (where.folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=where.environment(port) | more, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _until(lambda: _answers(port, process, where.folder / "log"), "the web server does not answer")
        yield process.pid, port
    except Exception:
        print((where.folder / "log").read_text()[-3000:], file=sys.stderr)
        raise
    finally:
        process.terminate()
        process.wait(60)


def _command(backend: str, port: int, hello: bool, profiled: bool) -> list[str]:
    if backend == "sqlite" and not profiled:
        return [sys.executable, "-c", HELLO.format(port=port) if hello else EMBEDDED, *([] if hello else ["serve"])]
    kind = ["--worker-class", "sync"] if profiled else ["--worker-class", "gthread", "--threads", str(THREADS)]
    workers = ["--workers", "1" if profiled else str(WORKERS), "--preload", "--keep-alive", "30"]
    target = "benchmarks.hello:app" if hello else "benchmarks.served:app"
    return [str(BIN / "gunicorn"), *workers, *kind, "--bind", f"127.0.0.1:{port}", target]


def _answers(port: int, process: subprocess.Popen[bytes], log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the web server ended: {log.read_text()[-3000:]}")
    try:
        urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
    except OSError:
        return False
    return True
