"""A proposal on paper, and the form of a call to fill in by hand."""

from typing import Any

from flask import Response
from flask_babel import gettext as _
from flask_babel import ngettext

from msme_calls import i18n, pdf
from msme_calls.calls.models import Call, Question
from msme_calls.proposals import answers
from msme_calls.proposals.answers import Shown, Viewer
from msme_calls.proposals.models import Proposal, ProposalVersion
from msme_calls.proposals.text_form import limits
from msme_calls.questions import File, kind_of
from msme_calls.questions.kinds.choice import Choice
from msme_calls.questions.wording import answer_if
from msme_calls.web import markdown, megabytes

BOXES = ("choice", "choices", "yes-no", "organisation-type", "language")  # an economy is written: there are too many


def plain(text: str, name: str) -> Response:
    """A text file as the answer of a view; with the mark by which every editor knows that it is UTF-8."""
    response = Response("\ufeff" + text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.txt"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def name_of(proposal: Proposal, version: ProposalVersion | None) -> str:
    """The name under which a proposal is kept, without its ending."""
    return f"proposal-{proposal.reference}-{version.number if version else 'draft'}"


def proposal(proposal: Proposal, version: ProposalVersion | None) -> bytes:
    """The draft, or one of its versions, as a PDF in the reader's language."""
    call = proposal.call
    if version:
        standing = _("Version %(number)d", number=version.number)
        seen = answers.seen_version(version, call, Viewer.OWNER)
        face = answers.face(call.form.questions, version.answers)
    else:
        standing = _("Draft, not submitted")
        seen = answers.seen(call, *answers.to_submit(proposal), Viewer.OWNER)
        face = answers.face(call.form.questions, answers.typed_answers(proposal))
    lang = _code(face.get("language") or proposal.language)
    data: dict[str, Any] = {
        "title": face.get("title") or _("Proposal %(reference)s", reference=proposal.reference),
        "head": i18n.said(call.title),
        "foot": _("%(reference)s · %(standing)s", reference=proposal.reference, standing=standing),
        "facts": [pair for pair in _facts(proposal, version, face, standing) if pair[1]],
        "fingerprint": _("Fingerprint"),
        "digest": f"sha256:{version.digest}" if version else "",
        "none": _("No answer"),
        "sections": [
            {"title": i18n.said(section.title), "answers": [_answer(a, lang) for a in given]} for section, given in seen
        ],
    }
    return pdf.made("proposal", data, i18n.language())


def _code(language: str) -> str:
    return language if language in i18n.LANGUAGES else ""


def _facts(
    proposal: Proposal, version: ProposalVersion | None, face: dict[str, str], standing: str
) -> list[tuple[str, str]]:
    zone = proposal.call.zone
    saved = max((part.saved_at for part in proposal.drafts), default=proposal.started_at)
    at = version.submitted_at if version else saved
    moment = _("%(moment)s, %(zone)s", moment=i18n.written(at, zone, "second"), zone=i18n.zone_name(at, zone))
    return [
        (_("Reference"), proposal.reference),
        (_("Call"), i18n.said(proposal.call.title)),
        (_("From"), face.get("organisation", "")),
        (_("Version"), str(version.number) if version else standing),
        (_("Received") if version else _("Saved last"), moment),
    ]


def _answer(given: Shown, lang: str) -> dict[str, Any]:
    """An answer as the template takes it: with rows, files or text; with none of them there is no answer."""
    question, kind = given.question, given.kind
    found: dict[str, Any] = {"label": i18n.said(question.label), "lang": lang if kind.own else ""}
    if question.kind == "file":
        return found | {"files": [_file(f) for f in given.files]}
    if question.kind == "table" and given.text:
        columns = kind.columns(question)  # type: ignore[attr-defined]
        rows = [[row.get(c, "") for c in columns] for row in kind.shaped(given.value)]
        return found | {"columns": list(columns.values()), "rows": rows}
    return found | {"text": given.text}


def _file(file: dict[str, Any]) -> dict[str, str]:
    pages = ngettext("%(num)d page", "%(num)d pages", file["pages"]) if file["pages"] else ""
    size = megabytes(file["size"])
    return {
        "name": file["name"],
        "detail": " · ".join(part for part in (pages, size, f"sha256:{file['sha256'][:16]}…") if part),
    }


def blank(call: Call) -> bytes:
    """The form of a call as a PDF in the reader's language, with room to write by hand."""
    sections = [
        {
            "title": f"{n}. {i18n.said(section.title)}",
            "intro": " ".join(markdown(i18n.said(section.intro)).striptags().split()),
            "questions": [_asked(q) for q in section.questions],
        }
        for n, section in enumerate(call.sections, 1)
    ]
    data = {
        "title": _("The questions"),
        "head": i18n.said(call.title),
        "foot": i18n.said(call.title),
        "lead": _("To read, to discuss and to prepare your answers by hand. Proposals are submitted online only: this "
                  "form can’t be sent in on paper."),
        "deadline": _deadline(call),
        "sections": sections,
    }  # fmt: skip
    return pdf.made("form", data, i18n.language())


def _deadline(call: Call) -> str:
    at = call.deadline_at
    if at is None:
        return ""
    return _("Deadline: %(moment)s (%(city)s).", moment=i18n.written(at, call.zone), city=i18n.city(call.zone))


def _asked(question: Question) -> dict[str, Any]:
    kind = kind_of(question)
    label = i18n.said(question.label)
    found: dict[str, Any] = {
        "label": label if question.required else _("%(question)s (optional)", question=label),
        "said": [text for text in (answer_if(question), i18n.said(question.help)) if text],
        "limits": limits(question),
        "choices": [], "columns": [], "rows": 0, "lines": 1,
    }  # fmt: skip
    if question.kind in BOXES and isinstance(kind, Choice):
        one = _("Choose one.") if question.kind != "choices" else _("Choose one or more.")
        return found | {"choices": list(kind.choices(question).values()), "limits": [one]}
    if question.kind in ("table", "people"):
        columns = list(kind.columns(question).values())  # type: ignore[attr-defined]
        return found | {"columns": columns, "rows": min(kind.limit(question), 6)}  # type: ignore[attr-defined]
    if isinstance(kind, File):
        return found | {"limits": _file_limits(kind.limits(question)), "lines": 0}
    if question.kind == "long-text":
        return found | {"lines": min(max((question.options.get("max_words") or 150) // 12, 4), 24)}
    return found


def _file_limits(most: dict[str, Any]) -> list[str]:
    kinds, size = ", ".join(kind.upper() for kind in most["kinds"]), megabytes(most["max_bytes"])
    said = [_("A file to send online: %(kinds)s, at most %(size)s.", kinds=kinds, size=size)]
    if most["max_pages"]:
        said.append(ngettext("At most %(num)d page.", "At most %(num)d pages.", most["max_pages"]))
    if most["max_files"] > 1:
        said.append(ngettext("At most %(num)d file.", "At most %(num)d files.", most["max_files"]))
    return said
