"""The shape of a call's file: pydantic models, from which docs/call-file.schema.json is written."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_serializer
from pydantic_core import PydanticCustomError

from msme_calls import i18n
from msme_calls.calls.filed import FORMAT, VERSION
from msme_calls.questions import MOST_ROWS

LONGEST_LINE, LONGEST_TEXT = 300, 20_000  # as in the forms of the desk


def _printable(text: str) -> str:
    """Text as it is kept. What a person never types is refused rather than dropped in silence."""
    if i18n._CONTROLS.search(text.replace("\r", "")):
        raise PydanticCustomError("controls", "control characters")
    return i18n.normal(text)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _in_order(words: dict[str, str]) -> dict[str, str]:
    return {code: words[code] for code in i18n.LANGUAGES if words.get(code)}


Plain = Annotated[str, AfterValidator(_printable)]
Line = Annotated[str, Field(max_length=LONGEST_LINE), AfterValidator(_printable), AfterValidator(_one_line)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_printable)]
Code = Literal["en", "fr", "es"]
Words = Annotated[dict[Code, Line], AfterValidator(_in_order)]
Texts = Annotated[dict[Code, Text], AfterValidator(_in_order)]
Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,79}$")]  # of a question: it names the field of a page
Local = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?([+-]\d\d:\d\d)?$",
        description="A local time in the zone of the call, such as 2027-03-16T18:00; with its distance to UTC only "
        "where the clocks go back and the time comes twice.",
    ),
]


class Part(BaseModel):
    """What all parts share: nothing unknown, and no value taken for another."""

    model_config = ConfigDict(strict=True, extra="forbid")


class CallTexts(Part):
    """What the call's page says."""

    title: Words
    theme: Words = {}
    lead: Texts = {}
    background: Texts = {}
    goals: Texts = {}
    eligibility: Texts = {}
    not_for: Texts = {}
    asked: Texts = {}
    prize: Texts = {}
    judging: Texts = {}
    contact: Annotated[Line, Field(description="The e-mail address for questions.")] = ""


class Dates(Part):
    """The instants of the call as local times of its zone."""

    zone: Annotated[str, Field(description="A zone of the IANA database, such as Europe/Zurich.")]
    opens: Local | None = None
    deadline: Local | None = None
    grace_minutes: Annotated[int, Field(ge=0, le=1440)] = 0
    review_due: Local | None = None
    review_cutoff: Local | None = None
    result: Local | None = None


class Rules(Part):
    """Who may apply, who is hidden from whom, how many are chosen."""

    organisation_types: Annotated[list[Key], Field(max_length=20)]
    blindness: Literal["open", "single"]
    economy_rule: bool
    reviews_per_proposal: Annotated[int, Field(ge=0, le=20, description="0 only where nothing is ranked.")]
    winners: Annotated[int, Field(ge=0, le=500)]
    runners_up: Annotated[int, Field(ge=0, le=500)]
    tie_breaks: Annotated[
        list[Key], Field(max_length=20, description="Keys of criteria, in order; the last resort is a draw.")
    ] = []
    unpublished: Annotated[
        list[Key], Field(max_length=20, description="Parts that are a site's default, not an official rule.")
    ] = []


class Criterion(Part):
    """What reviewers score; `anchors` says what each score means."""

    key: Key
    name: Words
    description: Texts = {}
    weight: Annotated[int, Field(ge=1, le=1000)]
    scale: Annotated[int, Field(ge=1, le=10)] = 5
    optional: bool = False
    anchors: Annotated[dict[Annotated[str, Field(pattern=r"^(\d|10)$")], Words], Field(max_length=11)] = {}


class Item(Part):
    """An answer to choose, or a column to fill in."""

    key: Key
    label: Words


def _at_most(most: int, least: int = 1) -> Any:
    return Annotated[int | None, Field(ge=least, le=most)]


class Options(Part):
    """What a kind of question can be told; each kind takes its own of these."""

    min_words: _at_most(5000, 0) = None  # type: ignore[valid-type]
    max_words: _at_most(5000) = None  # type: ignore[valid-type]
    max_chars: _at_most(20_000) = None  # type: ignore[valid-type]
    min: _at_most(10**9, -(10**9)) = None  # type: ignore[valid-type]
    max: _at_most(10**9, -(10**9)) = None  # type: ignore[valid-type]
    max_mb: _at_most(30) = None  # type: ignore[valid-type]
    max_pages: _at_most(500) = None  # type: ignore[valid-type]
    max_files: _at_most(20) = None  # type: ignore[valid-type]
    min_rows: _at_most(MOST_ROWS, 0) = None  # type: ignore[valid-type]
    max_rows: _at_most(MOST_ROWS) = None  # type: ignore[valid-type]
    max_people: _at_most(MOST_ROWS) = None  # type: ignore[valid-type]
    must: Literal["yes"] | None = None
    types: Annotated[list[Literal["pdf", "docx", "png", "jpg"]], Field(min_length=1, max_length=4)] | None = None
    choices: Annotated[list[Item], Field(max_length=MOST_ROWS)] | None = None
    columns: Annotated[list[Item], Field(max_length=MOST_ROWS)] | None = None

    @model_serializer
    def given(self) -> dict[str, Any]:
        """Only what is set."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {
            name: [item.model_dump() for item in value] if name in ("choices", "columns") else value
            for name, value in found.items() if value is not None
        }  # fmt: skip


class Condition(Part):
    """What the answer to an earlier question has to be: a choice by its key, or a number."""

    on: Annotated[Name, Field(description="The key of a question that comes before.")]
    operator: Literal["is", "is-not", "at-least", "at-most", "answered", "unanswered"]
    value: Annotated[str, Field(max_length=100)] = ""


class ShownIf(Part):
    """When a question is asked: if all, or any, of its conditions hold."""

    match: Literal["all", "any"] = "all"
    of: Annotated[list[Condition], Field(min_length=1, max_length=10)]


class Question(Part):
    """A question of the form. `feeds`: what it gives every proposal; `hidden`: from reviewers, if applicants are."""

    key: Name
    kind: Key
    label: Words
    help: Words = {}
    required: bool = True
    feeds: Annotated[str, Field(max_length=40)] = ""
    hidden: bool = False
    public: bool = False
    options: Options = Options()
    shown_if: ShownIf | None = None


class Section(Part):
    """A page of the form."""

    key: Key
    title: Words
    intro: Texts = {}
    questions: Annotated[list[Question], Field(max_length=100)] = []


class Partner(Part):
    """An organisation that holds the call with the group; its logo is a PNG picture in base64."""

    name: Words
    link: Annotated[Line, Field(max_length=LONGEST_LINE)] = ""
    logo: Annotated[str, Field(max_length=60_000, pattern=r"^[A-Za-z0-9+/]*={0,2}$")] | None = None


class CallFile(Part):
    """A call of MSME Calls as one file: all that its coordinators set; nobody's name, nothing that happened in it."""

    format: Literal["msme-calls-call"] = FORMAT  # type: ignore[assignment]
    version: Literal[1] = VERSION  # type: ignore[assignment]
    kind: Key
    languages: Annotated[list[Code], Field(min_length=1, max_length=3)]
    texts: CallTexts
    dates: Dates
    rules: Rules
    criteria: Annotated[list[Criterion], Field(max_length=30)] = []
    sections: Annotated[list[Section], Field(max_length=30)] = []
    partners: Annotated[list[Partner], Field(max_length=20)] = []


def schema() -> dict[str, Any]:
    """The JSON Schema of the file, as docs/call-file.schema.json has it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **CallFile.model_json_schema()}
