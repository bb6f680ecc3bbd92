"""Secrets that the server must be able to read again, encrypted at rest: a copy of the database opens none of them."""

import base64
import hashlib
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

_PURPOSE = b"msme-calls secrets at rest"


def seal(text: str, owner: str, at: datetime) -> str:
    """A secret as it is kept. It names its key, and opens for its owner only: a row copied to another opens nothing."""
    token = _fernet().encrypt_at_time(f"{owner}\n{text}".encode(), int(at.timestamp()))
    return f"{mark()}.{token.decode()}"


def opened(sealed: str, owner: str, at: datetime, within: timedelta | None = None) -> str | None:
    """The secret; None if it is somebody else's, too old, or of a key that this installation no longer has."""
    token = sealed.partition(".")[2].encode("utf-8", "replace")
    try:
        plain = (
            _fernet().decrypt(token)
            if within is None
            else _fernet().decrypt_at_time(token, int(within.total_seconds()), int(at.timestamp()))
        )
    except InvalidToken:
        return None
    whose, _, text = plain.decode().partition("\n")
    return text if whose == owner else None


def mark() -> str:
    """By which key new secrets are encrypted: eight figures that say nothing of it."""
    return hashlib.sha256(_key(_settings().secret_key)).hexdigest()[:8]


def key(purpose: str) -> bytes:
    """A key of its own for another purpose, from the same setting."""
    return _derived(_settings().secret_key, purpose.encode())


def _fernet() -> MultiFernet:
    settings = _settings()
    return MultiFernet([Fernet(_key(secret)) for secret in (settings.secret_key, settings.secret_key_old) if secret])


def _key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(_derived(secret, _PURPOSE))


def _derived(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())


def _settings() -> Any:
    return current_app.settings  # type: ignore[attr-defined]
