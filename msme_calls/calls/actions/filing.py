"""A call written as one file, and a file taken over: into a new call, or into a draft that is there."""

import base64
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from msme_calls import history, i18n, uploads
from msme_calls.accounts.models import Person
from msme_calls.calls import queries, rules
from msme_calls.calls.actions import life
from msme_calls.calls.actions.form import options_of
from msme_calls.calls.filed.reading import Problem, Wrong
from msme_calls.calls.kinds import KINDS
from msme_calls.calls.models import TEXTS, Blindness, Call, Condition, Criterion, Partner, Question, Section
from msme_calls.errors import Refused, allow
from msme_calls.extensions import db
from msme_calls.storage import store

if TYPE_CHECKING:  # pydantic is read by whoever reads or writes a file, not by every process
    from msme_calls.calls.filed import shape

RULES = (
    "organisation_types",
    "economy_rule",
    "reviews_per_proposal",
    "winners",
    "runners_up",
    "tie_breaks",
    "unpublished",
)
DATES = ("opens", "deadline", "review_due", "review_cutoff", "result")
Logos = Sequence[uploads.Checked | None]  # of the partners of a file, in its order


def exported(call: Call) -> "shape.CallFile":
    """Everything that coordinators set in a call; nobody's name, no proposal, nothing of its history."""
    from msme_calls.calls.filed import checks, shape

    texts = {name: _words(getattr(call, name)) for name in ("title", "theme", *TEXTS)}
    dates = {name: checks.written(getattr(call, f"{name}_at"), call.zone) for name in DATES}
    return shape.CallFile.model_validate({
        "kind": call.kind,
        "languages": [code for code in i18n.LANGUAGES if code in call.languages],
        "texts": {**texts, "contact": call.contact},
        "dates": {"zone": call.zone, "grace_minutes": call.grace_minutes, **dates},
        "rules": {"blindness": call.blindness.value, **{name: getattr(call, name) for name in RULES}},
        "criteria": [_criterion(c) for c in call.criteria],
        "sections": [_section(s) for s in call.sections],
        "partners": [_partner(p) for p in call.partners],
    })  # fmt: skip


def text(file: "shape.CallFile") -> str:
    """The file as people download it: the same for the same call, whoever asks."""
    return json.dumps(file.model_dump(), ensure_ascii=False, indent=2) + "\n"


def _words(value: dict[str, str] | None) -> dict[str, str]:
    return {code: words for code, words in (value or {}).items() if words and code in i18n.LANGUAGES}


def _columns(row: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _criterion(row: Criterion) -> dict[str, Any]:
    anchors = {score: _words(row.anchors[score]) for score in sorted(row.anchors, key=int) if int(score) <= row.scale}
    said = {"name": _words(row.name), "description": _words(row.description), "anchors": anchors}
    return {**_columns(row, "key", "weight", "scale", "optional"), **said}


def _section(row: Section) -> dict[str, Any]:
    said = {"key": row.key, "title": _words(row.title), "intro": _words(row.intro)}
    return {**said, "questions": [_question(q) for q in row.questions]}


def _question(row: Question) -> dict[str, Any]:
    from msme_calls import questions

    own = questions.KINDS[row.kind].settings  # other options are copies of the call's own lists
    options = {name: value for name, value in row.options.items() if name in own and value not in (None, "", [])}
    for name in ("choices", "columns"):
        if name in options:
            options[name] = [{"key": item["key"], "label": _words(item["label"])} for item in options[name]]
    columns = _columns(row, "key", "kind", "required", "feeds", "hidden", "public")
    said = {"label": _words(row.label), "help": _words(row.help), "options": options}
    listed = [{"on": c.depends_on.key, "operator": c.operator, "value": c.value} for c in row.conditions]
    return {**columns, **said, "shown_if": {"match": row.match, "of": listed} if listed else None}


def _partner(row: Partner) -> dict[str, Any]:
    found = {"name": _words(row.name), "link": row.link, "logo": None}
    if row.logo_sha256:
        with store().open(row.logo_sha256) as kept:
            found["logo"] = base64.b64encode(kept.read()).decode()
    return found


def logos(file: "shape.CallFile") -> Logos:
    """The pictures of a file, checked, drawn anew where they aren't kept here already. Raises Wrong."""
    from msme_calls.calls.filed import checks

    found: list[uploads.Checked | None] = []
    for n, partner in enumerate(file.partners):
        content = checks.logo(partner.logo) if partner.logo is not None else None
        try:
            found.append((_ours(content) or uploads.logo(BytesIO(content), "logo.png")) if content else None)
        except uploads.BadFile as wrong:
            raise Wrong([Problem(("partners", n, "logo"), str(wrong))]) from None
    return found


def _ours(content: bytes) -> uploads.Checked | None:
    """A picture that is a logo here already: drawn by us, so that it needs no drawing anew, which would alter it."""
    digest = history.sha256(content)
    return uploads.Checked(digest, "png", len(content), None, "logo.png") if queries.is_logo(digest) else None


def create(
    file: "shape.CallFile", logos: Logos, slug: str, title: dict[str, str], prefix: str, *, by: Person, at: datetime
) -> Call:
    """A new draft with everything that the file says, under a title and address of its own."""
    call = life.create(KINDS[file.kind], slug, title, prefix, by=by, at=at)
    _put(call, file, logos, at)
    call.title = title
    history.record("import-call", by=by, at=at, call=call, new=True)
    return call


def take_over(call: Call, file: "shape.CallFile", logos: Logos, *, by: Person, at: datetime) -> None:
    """Make a draft what the file says: what the file has not is taken away."""
    allow(rules.no_import(call.life, at))
    if file.kind != call.kind:
        raise Refused(str(rules.OTHER_KIND))
    _put(call, file, logos, at)
    history.record("import-call", by=by, at=at, call=call)


def _put(call: Call, file: "shape.CallFile", logos: Logos, at: datetime) -> None:
    from msme_calls.calls.filed import checks

    for name in ("title", "theme", *TEXTS, "contact"):
        setattr(call, name, getattr(file.texts, name))
    call.zone, call.grace_minutes = file.dates.zone, file.dates.grace_minutes
    for name in DATES:
        setattr(call, f"{name}_at", checks.instant(getattr(file.dates, name), file.dates.zone))
    call.languages = [code for code in i18n.LANGUAGES if code in file.languages]
    call.blindness = Blindness(file.rules.blindness)
    for name in RULES:
        setattr(call, name, list(value) if isinstance(value := getattr(file.rules, name), list) else value)
    call.criteria = _rows(call.criteria, file.criteria, Criterion)
    _put_form(call, file)
    _put_partners(call, file, logos, at)


def _rows(there: Iterable[Any], given: Sequence[Any], model: type[Any]) -> list[Any]:
    """Rows with what is given, those of a key that is there already kept; in its order."""
    by_key = {row.key: row for row in there}
    found = []
    for n, part in enumerate(given):
        row = by_key.get(part.key) or model(key=part.key)
        row.position = n
        values = part.model_dump(exclude={"key", "questions", "options", "shown_if"})
        for name, value in values.items():
            setattr(row, name, value)
        found.append(row)
    return found


def _put_form(call: Call, file: "shape.CallFile") -> None:
    former = {q.key: q for q in call.questions}
    sections = _rows(call.sections, file.sections, Section)
    for section, given in zip(sections, file.sections, strict=True):
        questions = _rows(former.values(), given.questions, Question)
        for row, part in zip(questions, given.questions, strict=True):
            row.options = options_of(call, part.kind, part.options.model_dump())
        section.questions = questions
    call.sections = sections
    _put_conditions(call, file)


def _put_conditions(call: Call, file: "shape.CallFile") -> None:
    """All conditions anew: a question that goes is let go by those that depend on it before it goes."""
    rows = {q.key: q for q in call.questions}
    for given in (q for section in file.sections for q in section.questions):
        row, shown_if = rows[given.key], given.shown_if
        row.match = shown_if.match if shown_if else "all"
        row.conditions = [
            Condition(position=n, depends_on=rows[c.on], operator=c.operator, value=c.value)
            for n, c in enumerate(shown_if.of if shown_if else ())
        ]


def _put_partners(call: Call, file: "shape.CallFile", logos: Logos, at: datetime) -> None:
    former = {p.name.get("en") or i18n.said(p.name): p for p in call.partners}
    found = []
    for n, (part, logo) in enumerate(zip(file.partners, logos, strict=True)):
        name = part.name.get("en") or i18n.said({str(code): words for code, words in part.name.items()})
        row = former.pop(name, None) or Partner()
        row.position, row.name, row.link = n, dict(part.name), part.link
        row.logo_sha256 = uploads.remember(logo, at).sha256 if logo else None
        found.append(row)
    call.partners = found
    db.session.flush()
