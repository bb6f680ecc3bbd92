"""An organisation's OpenID Connect provider on this machine, over real HTTP: right until told otherwise."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import flask
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "calls", "a secret between the site and the provider"
Claims = dict[str, Any]


@cache
def _key(name: str) -> RSAKey:
    """Made once: it takes longer than a whole test."""
    return RSAKey.generate_key(2048, {"kid": name})


@dataclass
class Provider:
    """Where it is, who is signed in there, and what it gets wrong."""

    port: int = 0
    key: RSAKey = field(default_factory=lambda: _key("one"))
    claims: Claims = field(default_factory=dict)  # beyond those of everybody, or in their place; None leaves one out
    change: Callable[[Claims], Claims] = lambda claims: claims
    gives_token: bool = True
    sign: Callable[["Provider", Claims], str] | None = None
    described: dict[str, Any] = field(default_factory=dict)
    hangs: set[str] = field(default_factory=set)  # paths at which it takes the request and never answers
    down: set[str] = field(default_factory=set)
    codes: dict[str, Claims] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def settings(self, **more: str) -> dict[str, str]:
        """What an application is told of it."""
        given = {"oidc_issuer": self.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
        return {**given, "oidc_name": "Example Organisation", "oidc_domains": "example.org, @EXAMPLE.NET", **more}

    def visit(self, url: str) -> str:
        """Somebody is sent here and signs in; gives the address that she is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{self.issuer}/authorize?") and asked["client_id"] == CLIENT
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        back = urlsplit(asked["redirect_uri"])
        return f"{back.path}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, asked: Claims) -> str:
        now = int(time.time())
        said = {"iss": self.issuer, "aud": CLIENT, "sub": "0-17", "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        said |= {"email": "ana@example.org", "email_verified": True, "name": "Ana Ejemplo", **self.claims}
        said = self.change({name: value for name, value in said.items() if value is not None})
        return self.sign(self, said) if self.sign else jwt.encode({"alg": "RS256", "kid": self.key.kid}, said, self.key)


def unsigned(provider: Provider, claims: Claims) -> str:
    """With “alg”: “none”, as nobody should take it."""
    return _head({"alg": "none"}, claims) + "."


def _head(*parts: Claims) -> str:
    return ".".join(_text(json.dumps(part).encode()) for part in parts)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by_secret(provider: Provider, claims: Claims) -> str:
    """Signed with what the site knows too."""
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET), algorithms=["HS256"])


def by_public_key(provider: Provider, claims: Claims) -> str:
    """Signed with the public key taken for a secret: the confusion of algorithms."""
    head = _head({"alg": "HS256", "kid": "one"}, claims)  # by hand: no library lends itself to it
    return f"{head}.{_text(hmac.digest(provider.key.as_pem(private=False), head.encode(), 'sha256'))}"


def by_stranger(provider: Provider, claims: Claims) -> str:
    """Signed by somebody else who claims to have the provider's key."""
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, _key("stranger"))


@contextmanager
def running() -> Iterator[Provider]:
    """A provider that answers until the end of the context."""
    provider = Provider()
    server = make_server("127.0.0.1", 0, _application(provider), threaded=True)
    server.daemon_threads = True  # type: ignore[attr-defined]
    provider.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def _application(provider: Provider) -> flask.Flask:
    app = flask.Flask("provider")

    @app.before_request
    def behave() -> Any:
        path = flask.request.path
        provider.asked.append(path)
        if path in provider.hangs:
            provider.released.wait(30)
        return ("down", 500) if path in provider.down else None

    @app.get("/.well-known/openid-configuration")
    def description() -> Any:
        base = provider.issuer
        said = {"issuer": base, "authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token"}
        said |= {"jwks_uri": f"{base}/keys", "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"]}
        return {**said, **provider.described}

    @app.get("/keys")
    def keys() -> Any:
        return KeySet([provider.key]).as_dict(private=False)

    @app.post("/token")
    def token() -> Any:
        given, who = flask.request.form, flask.request.authorization
        asked = provider.codes.pop(given["code"], None)
        challenge = _text(hashlib.sha256(given["code_verifier"].encode()).digest())
        right = asked and challenge == asked["code_challenge"] and given["redirect_uri"] == asked["redirect_uri"]
        if not right or who is None or (who.username, who.password) != (CLIENT, SECRET):
            return {"error": "invalid_grant"}, 400
        said = {
            "access_token": "not used",
            "token_type": "Bearer",
            "id_token": provider.gives_token and provider.token(asked),
        }
        return {name: value for name, value in said.items() if value}

    return app
