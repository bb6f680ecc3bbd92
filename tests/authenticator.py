"""An authenticator in Python, as a phone has one: makes passkeys and shows them, and lies as a test wants it to."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40  # flags of authenticator data (WebAuthn 6.1)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One passkey; `count` is None for one that is kept by an account in the cloud and counts nothing."""

    origin: str = "http://localhost"
    count: int | None = None
    verified: bool = True
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    owner: str = ""

    def make(self, asked: str) -> str:
        """The answer to navigator.credentials.create()."""
        options = json.loads(asked)
        self.owner = options["user"]["id"]
        data = self._data(options["rp"]["id"], ATTESTED)
        data += bytes(16) + len(self.credential).to_bytes(2) + self.credential + self._public()
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {"clientDataJSON": self._client("create", options["challenge"]), "attestationObject": b64(attestation)}
        )

    def show(self, asked: str) -> str:
        """The answer to navigator.credentials.get()."""
        options = json.loads(asked)
        self.count = None if self.count is None else self.count + 1
        data, client = self._data(options["rpId"]), self._client("get", options["challenge"])
        signed = self.key.sign(data + hashlib.sha256(unb64(client)).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": client,
                "authenticatorData": b64(data),
                "signature": b64(signed),
                "userHandle": self.owner,
            }
        )

    def _data(self, site: str, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verified else 0)
        return hashlib.sha256(site.encode()).digest() + bytes([flags]) + (self.count or 0).to_bytes(4)

    def _public(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})

    def _client(self, way: str, challenge: str) -> str:
        return b64(json.dumps({"type": f"webauthn.{way}", "challenge": challenge, "origin": self.origin}).encode())

    def _answer(self, response: dict[str, Any]) -> str:
        number = b64(self.credential)
        return json.dumps({"id": number, "rawId": number, "type": "public-key", "response": response})
