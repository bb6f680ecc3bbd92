"""Static files: kept in memory, compressed once, at an address that changes with them; so there is no build step."""

import gzip
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import brotli
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

STATIC = Path(__file__).parent / "static"
PREFIX = "/static/"
YEAR = 365 * 24 * 3600
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_IMPORT = re.compile(rb'(?<= from ")\./([a-z]+\.js)(?=";)')  # of one module by another, both in a folder
_COMMENT = re.compile(rb"(?m)^ *//.*\n")  # lines of their own: a seventh of our scripts on the wire
_NAMES = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.suffix in _TYPES}


@dataclass(frozen=True)
class Asset:
    """One file: its version and its bytes for each encoding that browsers may ask for."""

    version: str
    bodies: dict[str, bytes]


@lru_cache(maxsize=100)
def _needs(path: Path, changed: int) -> list[str]:
    """The modules that a module imports."""
    return [found.decode() for found in _IMPORT.findall(path.read_bytes())] if path.suffix == ".js" else []


@lru_cache(maxsize=100)
def _read(path: Path, changed: int, needed: tuple[str, ...]) -> Asset:
    addresses = iter(needed)
    plain = path.read_bytes()
    if path.suffix == ".js":
        plain = _COMMENT.sub(b"", _IMPORT.sub(lambda _: next(addresses).encode(), plain))
    bodies = {"br": brotli.compress(plain), "gzip": gzip.compress(plain, mtime=0), "identity": plain}
    return Asset(hashlib.sha256(plain).hexdigest()[:8], bodies)


def asset(name: str) -> Asset:
    """A static file as it is now: one that is edited is read again. Modules import others by version too."""
    path = STATIC / name
    changed, folder = path.stat().st_mtime_ns, Path(name).parent.as_posix()
    return _read(path, changed, tuple(static_url(f"{folder}/{other}") for other in _needs(path, changed)))


def read_all() -> None:
    """Read and compress all files now, for all processes that are forked later."""
    for name in _NAMES:
        asset(name)


def static_url(name: str) -> str:
    """A static file's address with its version, so that browsers may keep it for a year."""
    return f"{PREFIX}{name}?v={asset(name).version}"


class Assets:
    """Answers for static files before the application is asked; all else goes on to it."""

    def __init__(self, app: "WSGIApplication", headers: dict[str, str]) -> None:
        self.app, self.headers = app, headers

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        name = environ.get("PATH_INFO", "").removeprefix(PREFIX)
        if name not in _NAMES or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self.app(environ, start_response)
        return self._answer(name, environ)(environ, start_response)

    def _answer(self, name: str, environ: "WSGIEnvironment") -> Response:
        found, accepted = asset(name), Request(environ).accept_encodings
        encoding = next((code for code in ("br", "gzip") if accepted[code]), "identity")
        response = Response(found.bodies[encoding], content_type=_TYPES[Path(name).suffix])
        response.headers.extend(self.headers)
        if encoding != "identity":
            response.headers["Content-Encoding"] = encoding
        response.headers["Vary"] = "Accept-Encoding"
        asked = parse_qs(environ.get("QUERY_STRING", "")).get("v")
        kept = f"max-age={YEAR}, immutable" if asked == [found.version] else "no-cache"
        response.headers["Cache-Control"] = f"public, {kept}"
        response.set_etag(f"{found.version}-{encoding}")
        return response.make_conditional(environ)
