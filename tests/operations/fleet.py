"""Several processes of one installation, as on several machines: web servers, workers, a proxy."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from databases import Databases, cannot
from operations.conftest import ROOT, free_port

BIN = Path(sys.executable).parent
NAME = "calls.example.org"


def until(true: Callable[[], Any], what: str, seconds: float = 40) -> Any:
    """What `true` gives once it is true; asked again and again, for a while."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return found


def real() -> datetime:
    """The time as other processes have it. (Time travels within time travels lag behind it, seen.)"""
    return datetime.fromtimestamp(time_machine.escape_hatch.time.time(), UTC)


class Fleet:
    """Processes with the settings of one installation; `log(name)` is what one of them said."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder, self.settings = folder, {"data": folder / "installation", **settings}
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def host(self) -> str:
        """The name that its servers answer to."""
        return urlsplit(str(self.settings.get("public_url", ""))).hostname or "127.0.0.1"

    def start(
        self, name: str, program: list[str], pass_fds: tuple[int, ...] = (), **more: Any
    ) -> subprocess.Popen[bytes]:
        own = {f"MSME_{key.upper()}": str(value) for key, value in {**self.settings, **more}.items()}
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MSME_")}
        with self._log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                program,
                cwd=ROOT,
                env=environment | {"PYTHONPATH": f"{ROOT}:{self.folder}", "HOME": str(self.folder)} | own,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=pass_fds,
            )
        return self.running[name]

    def command(self, name: str, *arguments: str, code: str = "", **more: Any) -> subprocess.Popen[bytes]:
        """`msme-calls ARGUMENTS`; `code` runs before it in the same process."""
        return self.start(
            name, [sys.executable, "-c", f"{code}\nfrom msme_calls.cli import main; main()", *arguments], **more
        )

    def gunicorn(self, name: str, port: int, workers: int = 1, app: str = "wsgi:app", **more: Any) -> None:
        """gunicorn with the configuration that we recommend."""
        program = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "--workers", str(workers), app]
        self.start(name, program, port=port, **more)

    def serves(self, name: str, port: int) -> str:
        """Wait until a server answers; its address."""
        until(lambda: self._answers(name, port), f"{name} does not answer: {self.log(name)}")
        return f"http://127.0.0.1:{port}"

    def _answers(self, name: str, port: int) -> bool:
        assert self.running[name].poll() is None, self.log(name)
        try:
            with urllib.request.urlopen(
                urllib.request.Request(f"http://127.0.0.1:{port}/healthz", headers={"Host": self.host}), timeout=5
            ) as answer:
                return answer.status == 200
        except OSError:
            return False

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def log(self, name: str) -> str:
        path = self._log(name)
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def events(self, name: str) -> list[dict[str, Any]]:
        """Lines of JSON that a process logged."""
        return [json.loads(line) for line in self.log(name).splitlines() if line.startswith("{")]

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """End a process and those that it started, and wait for it."""
        process = self.running.pop(name)
        if number == signal.SIGKILL:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        process.wait(60)

    def end(self) -> None:
        for name in list(self.running):
            process = self.running[name]
            if process.poll() is None:
                self.kill(name)


@pytest.fixture
def fleet(tmp_path: Path, databases: Databases) -> Iterator[Callable[..., Fleet]]:
    """Make an installation on a fresh database of its own; time is the real one, as it is for its processes."""
    made: list[Fleet] = []

    def make(kind: str = "sqlite", **settings: Any) -> Fleet:
        address = databases.fresh(kind, tmp_path / "installation")
        made.append(Fleet(tmp_path, database_url=address, **settings))
        return made[-1]

    with time_machine.travel(real(), tick=True):
        yield make
        for one in made:
            one.end()


class Proxy:
    """nginx with the very file of `deploy/`, its ports and folders changed."""

    def __init__(self, fleet: Fleet, servers: list[int]) -> None:
        if not shutil.which("nginx"):
            cannot("nginx is not installed")
        self.plain, self.secure = free_port(), free_port()
        self.folder = fleet.folder / "nginx"
        self.folder.mkdir()
        _certificate(self.folder)
        text = self._adapted((ROOT / "deploy" / "nginx.conf").read_text("utf-8"), servers)
        (self.folder / "nginx.conf").write_text(text)
        program = [shutil.which("nginx") or "nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        checked = subprocess.run([*program, "-t"], capture_output=True, text=True)
        assert checked.returncode == 0 and "warn" not in checked.stderr, checked.stderr
        fleet.start("nginx", [*program, "-g", "daemon off;"])
        until(self._listens, "nginx does not listen")

    def _adapted(self, text: str, servers: list[int]) -> str:
        upstream = "\n".join(f"        server 127.0.0.1:{port} max_fails=1 fail_timeout=5s;" for port in servers)
        changes = {
            "user www-data;": "user root;" if os.geteuid() == 0 else "",
            "worker_processes auto;": "worker_processes 1;",
            "        server 127.0.0.1:8000 max_fails=1 fail_timeout=5s;": upstream,
            "listen 80 ": f"listen 127.0.0.1:{self.plain} ", "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen 443 ": f"listen 127.0.0.1:{self.secure} ",
            "/etc/nginx/certificates/": f"{self.folder}/", "/run/nginx.pid": f"{self.folder}/nginx.pid",
            "/var/log/nginx/": f"{self.folder}/", "/var/lib/nginx/": f"{self.folder}/",
            "/var/cache/nginx/": f"{self.folder}/",
        }  # fmt: skip
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        return text

    def _listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.secure)) == 0

    def ask(
        self, path: str, method: str = "GET", body: Any = None, host: str = NAME, **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Ask by https, as if this machine were the one of that name."""
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", self.secure, timeout=30, context=context)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": host, **sent})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    def connection(self) -> ssl.SSLSocket:
        return ssl._create_unverified_context().wrap_socket(
            socket.create_connection(("127.0.0.1", self.secure), timeout=30), server_hostname=NAME
        )

    def kept(self) -> list[str]:
        """For each request so far, whether the answer came from the cache: HIT, MISS … or “-”."""
        return [line.split()[-1] for line in (self.folder / "access.log").read_text().splitlines()]


def _certificate(folder: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    at = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    signed = builder.not_valid_before(at - timedelta(days=1)).not_valid_after(at + timedelta(days=9))
    made = signed.sign(key, hashes.SHA256())
    (folder / "calls.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "calls.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
