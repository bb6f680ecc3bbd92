"""Signatures, plainly: Ed25519 over canonical JSON (RFC 8785), public keys as they are published, and their check."""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Malformed(ValueError):
    """Not what it has to be; the message names the place."""


@dataclass(frozen=True)
class PublicKey:
    """The public half of a key: its name, its 32 bytes in base64url, what it signs, and from when until when."""

    kid: str
    x: str
    use: str
    since: datetime
    until: datetime | None = None


def canonical(value: Any) -> bytes:
    """The one way to write a value as JSON (RFC 8785). Raises Malformed for what has none."""
    import rfc8785

    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise Malformed("text") from error


def parsed(content: bytes) -> Any:
    """JSON without what two programs may read in two ways. Raises Malformed."""
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_refuse,
                          parse_float=_refuse)  # fmt: skip
    except (ValueError, RecursionError) as error:
        raise Malformed("JSON") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _refuse(text: str) -> Any:
    raise ValueError(text)


def public_half(private: "Ed25519PrivateKey") -> str:
    """The public half of a key, 32 bytes in base64url."""
    return _text(private.public_key().public_bytes_raw())


def thumbprint(x: str) -> str:
    """A key's name: SHA-256 of its public half as JWK (RFC 7638, RFC 8037), in base64url."""
    return _text(hashlib.sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": x})).digest())


def holds(key: PublicKey, content: bytes, signature: str) -> bool:
    """Whether a signature over the content is that key's. One spelling of a signature counts, no other."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(_bytes(key.x)).verify(_bytes(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Raises ValueError for another spelling than the one that `_text` gives."""
    content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _text(content) != text:
        raise binascii.Error("another spelling")
    return content


def moment(at: datetime) -> str:
    """An instant as it is signed: UTC, with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def key_set(keys: Iterable[PublicKey]) -> dict[str, Any]:
    """The published set of public keys: JWKs (RFC 7517, RFC 8037) with what each signs, and from when until when."""
    return {
        "keys": [
            {
                "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": key.kid, "x": key.x,
                "purpose": key.use, "from": moment(key.since), "until": moment(key.until) if key.until else None,
            }
            for key in keys
        ]
    }  # fmt: skip


def read_key_set(content: bytes) -> list[PublicKey]:
    """The keys of a published set. Raises Malformed if it is none, or if a key has the name of another."""
    found = []
    try:
        for said in parsed(content)["keys"]:
            until = _instant(said["until"]) if said["until"] else None
            key = PublicKey(said["kid"], said["x"], said["purpose"], _instant(said["from"]), until)
            if (said["kty"], said["crv"]) != ("OKP", "Ed25519") or thumbprint(key.x) != key.kid:
                raise Malformed(key.kid)
            found.append(key)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Malformed("keys") from error
    return found


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return at
