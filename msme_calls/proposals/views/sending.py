"""Files sent in chunks by the tus protocol: begun, gone on with after whatever broke, ended; a script does it."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from typing import IO, Any

import sqlalchemy as sa
from flask import abort, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response

from msme_calls import clock, tus, uploads
from msme_calls.accounts.sessions import me
from msme_calls.errors import Refused, allow
from msme_calls.extensions import db
from msme_calls.proposals import incoming, rules
from msme_calls.proposals.incoming import IncomingUpload
from msme_calls.proposals.models import Proposal
from msme_calls.proposals.views import bp
from msme_calls.proposals.views.applicant import own, own_to_change
from msme_calls.questions import File

View = Callable[..., Response]


def _spoken(view: View) -> View:
    """Answers of the protocol: refusals are sentences in JSON, each says the version. What is hidden stays absent."""

    @wraps(view)
    def answer(*args: Any, **values: Any) -> Response:
        try:
            response = view(*args, **values)
        except tus.Wrong as wrong:
            response = _said(wrong.status, wrong.sentence, **wrong.headers)
        except incoming.TooLarge as reason:
            response = _said(413, str(reason))
        except Refused as reason:
            response = _said(403, str(reason))
        response.headers["Tus-Resumable"] = tus.VERSION
        response.headers["Cache-Control"] = "no-store"
        return response

    return answer


def _said(status: int | str, sentence: str, **headers: str) -> Response:
    """A refusal, or an answer that something has to wait; nothing of the act remains."""
    db.session.rollback()
    response = jsonify(sentence=sentence)
    response.status = str(status)
    response.headers.update(headers)
    return response


@bp.route("/proposals/<uuid:proposal_id>/uploads", methods=["POST", "OPTIONS"], provide_automatic_options=False)
@_spoken
def new_upload(proposal_id: uuid.UUID) -> Response:
    if tus.meant(request.method, request.headers) == "OPTIONS":
        return _abilities(own(proposal_id))
    return _begin(own_to_change(proposal_id))


def _abilities(proposal: Proposal) -> Response:
    limits = [File().limits(q)["max_bytes"] for q in proposal.call.form.questions if q.kind == "file"]
    response = Response(status=204)
    response.headers["Tus-Version"] = tus.VERSION
    response.headers["Tus-Extension"] = tus.EXTENSIONS
    response.headers["Tus-Checksum-Algorithm"] = ",".join(tus.ALGORITHMS)
    response.headers["Tus-Max-Size"] = str(max(limits, default=0))
    return response


def _begin(proposal: Proposal) -> Response:
    tus.agree(request.headers)
    size, told = tus.length(request.headers), tus.metadata(request.headers)
    question = incoming.asks_for_file(proposal, told.get("question", ""))
    if question is None:
        raise tus.Wrong(400, "Upload-Metadata has to name the question that the file is for, as question.")
    upload = _known(proposal, told, size)
    if upload is None:
        described = request.headers.get("Upload-Metadata", "")
        name, key = told.get("filename", ""), _key(told)
        upload = incoming.begin(proposal, question, key, name, size, described, by=me(), at=clock.now())
        if request.content_length:  # the first chunk comes along
            tus.a_chunk(request.headers)
            _add(upload)
    address = url_for("proposals.upload", proposal_id=proposal.id, upload_id=upload.id)
    upload_id, whole = upload.id, upload.whole
    response = _standing(upload, 201)
    db.session.commit()
    if whole:
        response = _end(proposal.id, upload_id, 201)
    response.headers["Location"] = address
    return response


def _key(told: dict[str, str]) -> uuid.UUID | None:
    """The upload's own name, if the client chose it: then it can ask again when the answer was lost."""
    try:
        key = uuid.UUID(told.get("id", ""))
    except ValueError:
        return None
    return None if db.session.get(IncomingUpload, key) else key


def _known(proposal: Proposal, told: dict[str, str], size: int) -> IncomingUpload | None:
    """What this very request began before: its answer was lost, and it came again."""
    with suppress(ValueError):
        there = incoming.of(proposal, uuid.UUID(told.get("id", "")), me())
        if there and (there.size, there.question) == (size, told.get("question")):
            return there
    return None


@bp.route(
    "/proposals/<uuid:proposal_id>/uploads/<uuid:upload_id>",
    methods=["HEAD", "PATCH", "DELETE", "POST", "OPTIONS"],
    provide_automatic_options=False,
)
@_spoken
def upload(proposal_id: uuid.UUID, upload_id: uuid.UUID) -> Response:
    method = tus.meant(request.method, request.headers)
    if method == "OPTIONS":
        return _abilities(own(proposal_id))
    proposal = own(proposal_id) if method == "HEAD" else own_to_change(proposal_id)
    there = incoming.of(proposal, upload_id, me()) or abort(404)
    tus.agree(request.headers)
    if there.ended_at is None and there.expires_at <= clock.now():
        raise tus.Wrong(410, "This upload was left alone for too long. Begin it anew.")
    acts = {"HEAD": _standing, "PATCH": lambda upload: _go_on(proposal, upload), "DELETE": _cancel}
    return acts[method](there) if method in acts else abort(405)


@bp.get("/proposals/<uuid:proposal_id>/uploads/<uuid:upload_id>/outcome")
def outcome(proposal_id: uuid.UUID, upload_id: uuid.UUID) -> Response:
    """What our own script wants to know besides: the sentence, and the question's files as the page lists them."""
    proposal = own(proposal_id)
    upload = incoming.of(proposal, upload_id, me()) or abort(404)
    files = [a for a in proposal.attachments if a.question == upload.question and a.removed_at is None]
    given = {"outcome": upload.outcome, "sentence": upload.refusal, "received": upload.received, "size": upload.size}
    if upload.ended_at is None:
        given["sha256"] = incoming.digest(upload)
    return jsonify(**given, files=render_template("proposals/files.html", files=files, proposal=proposal))


def _standing(upload: IncomingUpload, status: int = 200) -> Response:
    """How much of it is on disk, and what became of it: to its last chunk, a refusal is an error of the request."""
    response = Response(status=status)
    if upload.refusal and request.method != "HEAD":
        response = jsonify(sentence=upload.refusal)
        response.status_code = 422
    response.headers["Upload-Offset"] = str(upload.received)
    response.headers["Upload-Length"] = str(upload.size)
    response.headers["Upload-Expires"] = tus.instant(upload.expires_at)
    response.headers["Upload-Outcome"] = upload.outcome
    if upload.described:
        response.headers["Upload-Metadata"] = upload.described
    return response


def _go_on(proposal: Proposal, upload: IncomingUpload) -> Response:
    """The next chunk. With the last one (or asked again without any), the file is checked and attached."""
    tus.a_chunk(request.headers)
    offset, at = tus.number(request.headers, "Upload-Offset"), clock.now()
    if upload.checking_until and upload.checking_until > at:
        raise tus.Wrong(423, "What has come is being checked. Ask again in a moment.", Retry_After="2")
    if offset != upload.received:
        raise tus.Wrong(409, f"{upload.received} bytes have come: go on there.", Upload_Offset=str(upload.received))
    if upload.ended_at is None:
        allow(rules.no_edit(proposal.status, proposal.phase(at)))
        _add(upload)
    upload_id, whole, response = upload.id, upload.whole, _standing(upload, 204)
    db.session.commit()
    return _end(proposal.id, upload_id, 204) if whole else response


def _add(upload: IncomingUpload) -> None:
    """Read the body into the upload. Nothing of it remains if it is too much, or not what was sent."""
    room, sum_ = upload.size - upload.received, tus.Checksum(request.headers)
    if (request.content_length or 0) > room:
        raise tus.Wrong(413, f"Only {room} bytes are left of the length that was said.")
    incoming.add(upload, _pieces(request.stream, room, sum_), clock.now())


def _pieces(stream: IO[bytes], room: int, checksum: tus.Checksum) -> Iterator[bytes]:
    left = room
    while piece := _filled(stream, min(incoming.PIECE, left)):
        left -= len(piece)
        checksum.update(piece)
        yield piece
    checksum.compare()


def _filled(stream: IO[bytes], size: int) -> bytes:
    whole = b""
    while len(whole) < size and (part := stream.read(size - len(whole))):
        whole += part
    return whole


def _end(proposal_id: uuid.UUID, upload_id: uuid.UUID, status: int) -> Response:
    """Check what has come, without a transaction; then attach it, or say why not."""
    proposal = own_to_change(proposal_id)
    upload = incoming.of(proposal, upload_id, me()) or abort(404)
    question = incoming.asks_for_file(proposal, upload.question)
    db.session.commit()
    try:
        found = incoming.check(upload, question)
    except (uploads.NotKept, OSError) as reason:
        with suppress(sa.exc.SQLAlchemyError):
            incoming.let_go(upload)
            db.session.commit()
        if isinstance(reason, OSError):
            raise
        return _said(503, str(reason), **{"Retry-After": "5", "Upload-Offset": str(upload.size)})
    proposal = own_to_change(proposal_id)
    upload = incoming.of(proposal, upload_id, me()) or abort(404)
    incoming.end(upload, proposal, found, by=me(), at=clock.now())
    response = _standing(upload, status)
    db.session.commit()
    return response


def _cancel(upload: IncomingUpload) -> Response:
    incoming.forget(upload)
    db.session.commit()
    return Response(status=204)
