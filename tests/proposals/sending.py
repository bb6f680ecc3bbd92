"""A client of the tus protocol, header by header, in the applicant's browser."""

import base64
import io
import secrets
import uuid
from typing import Any

from itsdangerous import URLSafeTimedSerializer
from pages import StrictClient
from pypdf import PdfWriter
from werkzeug.test import TestResponse

TYPE = "application/offset+octet-stream"


def pdf(size: int = 0, **about: str) -> bytes:
    """A document of one page like no other, of about that many bytes or its own few hundred."""
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    words = {"/Title": uuid.uuid4().hex, "/Subject": "words " * (size // 6)}
    writer.add_metadata(words | {f"/{name}": text for name, text in about.items()})
    writer.write(out)
    return out.getvalue()


def described(**values: str) -> str:
    return ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in values.items())


def token(client: StrictClient) -> str:
    """The form token of her session."""
    app, name = client.application, client.application.config["SESSION_COOKIE_NAME"]
    signer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    raw = secrets.token_hex(20)
    client.set_cookie(name, signer.dumps({**signer.loads(client.get_cookie(name).value), "csrf_token": raw}))  # type: ignore[union-attr]
    return URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="wtf-csrf-token").dumps(raw)


class Tus:
    """Her browser, sending files to a proposal."""

    def __init__(self, client: StrictClient, proposal_id: uuid.UUID, lang: str = "en") -> None:
        self.client, self.base = client, f"/{lang}/proposals/{proposal_id}/uploads"
        self.token = token(client)

    def ask(self, method: str, url: str = "", body: bytes = b"", **headers: Any) -> TestResponse:
        given = {"Tus-Resumable": "1.0.0", "X-CSRFToken": self.token}
        given |= {name.replace("_", "-"): str(value) for name, value in headers.items()}
        sent = {name: value for name, value in given.items() if value != "None"}
        return self.client.open(url or self.base, method=method, data=body, headers=sent)

    def begin(self, size: int, name: str = "plan.pdf", question: str = "document", **more: Any) -> TestResponse:
        about = described(filename=name, question=question, **more.pop("about", {}))
        return self.ask("POST", Upload_Length=size, Upload_Metadata=about, **more)

    def begun(self, size: int, name: str = "plan.pdf", **more: Any) -> str:
        """The address of an upload just begun."""
        answer = self.begin(size, name, **more)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def chunk(self, url: str, offset: int, body: bytes, **headers: Any) -> TestResponse:
        return self.ask("PATCH", url, body, **{"Upload_Offset": offset, "Content_Type": TYPE, **headers})

    def offset(self, url: str) -> int:
        answer = self.ask("HEAD", url)
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])

    def send(self, content: bytes, name: str = "plan.pdf", size: int = 1 << 15, **more: Any) -> TestResponse:
        """All of a file, chunk by chunk; the answer to the last one."""
        url = self.begun(len(content), name, **more)
        for start in range(0, len(content), size):
            answer = self.chunk(url, start, content[start : start + size])
        return answer
