"""What must hold of every kind of question there is, taken from the registry: none can be forgotten."""

import csv
import io
import json
import time
from dataclasses import dataclass, field
from typing import Any

import flask
import pytest
import world
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from msme_calls import exports, i18n, questions
from msme_calls.calls.models import Blindness, Question
from msme_calls.extensions import db
from msme_calls.proposals import answers, forms
from msme_calls.proposals.answers import Viewer
from msme_calls.proposals.models import Proposal
from msme_calls.questions import KINDS, problems
from msme_calls.questions.kind import Kind

LANGUAGES = i18n.LANGUAGES
LISTED = [{"key": k, "label": world.three(k.title())} for k in ("alpha", "beta", "gamma")]
OPTIONS = {"choices": LISTED, "columns": LISTED[:2]}
TEXTUAL = [key for key in KINDS if key != "file"]  # files come on their own way, and no text holds them
HOSTILE: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**40, "", "\x00", "a\x00b", "\ud800", "x" * 1_000_000, "=cmd|' /C calc'!A0",
    [], {}, [[]], [None], [1], [{}], [[{}]], ["\ud800", 5, None, "alpha"], {"alpha": "beta"}, [{"alpha": 1}],
    [{"alpha": "\x00\udfff", "beta": None}], [{"name": ["x"]}, "x"], [{1: "x"}], "<script>", "\u202e", "مرحبا",
]  # fmt: skip


@dataclass
class Asked:
    kind: str
    key: str = "asked"
    required: bool = False
    label: dict[str, str] = field(default_factory=lambda: world.three("Asked"))
    options: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def speaking():
    """An application that knows languages and nothing else."""
    app = flask.Flask("speaking")
    i18n.init_app(app)
    with app.app_context():
        yield app


def asked(kind):
    return Asked(kind, options={name: OPTIONS[name] for name in KINDS[kind].settings if name in OPTIONS})


def example(kind, n=1):
    return KINDS[kind].example(asked(kind), n)


def test_a_kind_is_one_class_in_one_file_and_is_found_there():
    assert len({kind.order for kind in KINDS.values()}) == len(KINDS) == 15
    for key, kind in KINDS.items():
        assert type(kind).__module__.endswith(f"questions.kinds.{key.replace('-', '_')}"), key
        assert str(kind.label) and isinstance(kind, Kind)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_goes_the_whole_way(speaking, kind, lang):
    """Kept, shown, exported, compared and written down in each language; an edited file brings the same back."""
    question, it = asked(kind), KINDS[kind]
    with i18n.use(lang):
        value = json.loads(json.dumps(it.example(question, 3)))
        assert it.shaped(value) == value and problems(question, value) == []
        shown = it.shown(question, value)
        assert isinstance(shown, str) and (shown or kind == "file")
        json.dumps(it.exported(question, value))
        parts = it.parts(question, value)
        assert all(isinstance(part, str) and part for part in parts)
        assert bool(parts) == (kind != "file")
        assert it.imported(question, it.plain(question, value)) == value or kind == "file"
        sent = MultiDict(forms.controls(question, value)) if kind != "file" else MultiDict()
        assert it.read(question, sent) == value or kind == "file"
        assert it.is_blank(value) is (kind == "file")
        assert it.is_blank(it.imported(question, "")) and it.plain(question, None) == ""
        assert it.parts(question, None) == [] and it.facts(question, None) == []


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_lies_in_the_database_breaks_no_page(speaking, kind):
    """Threat B23."""
    question, it = asked(kind), KINDS[kind]
    with i18n.use("fr"):
        for value in HOSTILE:
            start = time.perf_counter()
            for text in (it.shown(question, value), it.plain(question, value), *it.parts(question, value)):
                assert isinstance(text, str) and "\x00" not in text and text.encode() is not None
            json.dumps(it.exported(question, value)).encode()
            assert isinstance(problems(question, value), list)
            assert isinstance(it.facts(question, value), list) and isinstance(it.is_blank(value), bool)
            it.typed(question, value)
            it.imported(question, it.plain(question, value))
            assert time.perf_counter() - start < 2, (kind, str(value)[:20])


@pytest.mark.parametrize("kind", KINDS)
def test_a_million_characters_in_a_file_are_read_in_no_time(speaking, kind):
    """Threat B25."""
    question = asked(kind)
    with i18n.use("en"):
        for text in ("x" * 1_000_000, "|" * 1_000_000, "\\" * 1_000_001, "a\n" * 500_000, "é | \\| " * 140_000):
            start = time.perf_counter()
            value = KINDS[kind].imported(question, text)
            problems(question, value)
            assert time.perf_counter() - start < 6, (kind, text[:9])


@settings(deadline=None)
@given(kind=st.sampled_from(TEXTUAL), texts=st.lists(st.text(max_size=30), min_size=2, max_size=6))
def test_what_is_written_into_a_file_comes_back(speaking, kind, texts):
    question, it = asked(kind), KINDS[kind]
    sent = MultiDict({"asked": texts[0]})
    for n, text in enumerate(texts):
        sent[f"asked-{n // 2}-{('alpha', 'beta')[n % 2]}"] = text
        sent[f"asked-{n // 5}-{('name', 'affiliation', 'economy', 'email', 'orcid')[n % 5]}"] = text
    with i18n.use("es"):
        value = it.read(question, sent)
        if hasattr(it, "choices") and problems(question, value):
            return  # what is none of the choices may be understood in a file, as a choice that it names in words
        assert it.imported(question, it.plain(question, value)) == value


def test_a_choice_is_understood_in_each_language(speaking):
    it, question = KINDS["economy"], asked("economy")
    with i18n.use("en"):
        assert it.imported(question, "kenya") == it.imported(question, " KE ") == "KE"
        assert it.imported(question, "Suiza") == it.imported(question, "Suisse") == "CH"
        assert it.imported(question, "Nowhere") == "Nowhere" and problems(question, "Nowhere")
        assert KINDS["yes-no"].imported(asked("yes-no"), "sí") == KINDS["yes-no"].imported(asked("yes-no"), "Oui")
        several = KINDS["choices"].imported(asked("choices"), "Alpha (fr)\nBETA (es)\n\nalpha")
        assert several == ["alpha", "beta"]
        doubled = Asked("choice", options={"choices": [{"key": k, "label": world.three("Same")} for k in "ab"]})
        assert KINDS["choice"].plain(doubled, "b") == "b", "its words would mean two"


def test_rows_of_people_are_lines_of_a_file(speaking):
    it, question = KINDS["people"], asked("people")
    with i18n.use("fr"):
        rows = it.imported(question, "A | B \\| C\\nD | Suisse\n\nE|F|KE|e@example.org|0000-0002-1825-0097|more")
        assert rows == [
            {"name": "A", "affiliation": "B | C\nD", "economy": "CH", "email": "", "orcid": ""},
            {"name": "E", "affiliation": "F", "economy": "KE", "email": "e@example.org",
             "orcid": "0000-0002-1825-0097 more"},
        ]  # fmt: skip
        assert it.plain(question, rows).split("\n")[0] == "A | B \\| C\\nD | Suisse |  | "


@pytest.fixture
def every_kind(app) -> Proposal:
    """A submitted proposal to a call that asks one question of each kind, the odd ones hidden from reviewers."""
    call = world.call("open", blindness=Blindness.SINGLE)
    first = call.sections[0]
    for n, kind in enumerate(KINDS):
        question = Question(
            position=100 + n, key=f"k_{kind.replace('-', '_')}", kind=kind, label=world.three(kind), required=False,
            options=asked(kind).options, hidden=n % 2 == 1,
        )  # fmt: skip
        first.questions.append(question)
    with i18n.use("en"):
        made = world.proposal(call, **{f"k_{k.replace('-', '_')}": example(k) for k in TEXTUAL})
    db.session.commit()
    return made


def test_blindness_hides_each_kind_everywhere(app, every_kind):
    """Threat A1: `proposals/answers.py` is asked for pages, versions, files and packs alike."""
    call, version = every_kind.call, every_kind.versions[-1]

    def keys(viewer):
        seen = answers.seen_version(version, call, viewer)
        return {s.question.key for _section, shown in seen for s in shown if s.question.key.startswith("k_")}

    whole = {f"k_{kind.replace('-', '_')}" for kind in KINDS}
    odd = {f"k_{kind.replace('-', '_')}" for n, kind in enumerate(KINDS) if n % 2}
    assert keys(Viewer.OWNER) == keys(Viewer.STAFF) == whole
    assert keys(Viewer.REVIEWER) == whole - odd
    assert keys(Viewer.PUBLIC) == set()


def test_nobody_reads_an_answer_but_through_its_kind():
    assert questions.KINDS is KINDS
    with pytest.raises(KeyError):
        KINDS["made-up"]


def test_the_coordinators_list_holds_each_kind(app, every_kind):
    columns = [
        exports.Column(q.key, lambda version, q=q: questions.kind_of(q).exported(q, version.answers.get(q.key)))
        for q in every_kind.call.questions
    ]
    with app.test_request_context("/en/"), i18n.use("en"):
        answer = exports.download(columns, [every_kind.versions[-1]], "answers", "csv")
        [row] = csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff")))
        for q in every_kind.call.questions:
            if q.key.startswith("k_") and q.kind != "file":
                kept = every_kind.versions[-1].answers[q.key]
                assert row[q.key] == str(exports.inert(questions.kind_of(q).exported(q, kept))), q.kind
