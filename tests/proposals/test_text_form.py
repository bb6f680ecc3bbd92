"""A form as a text file: what is written down is read back in each language, whatever editors make of it."""

from types import SimpleNamespace
from typing import Any

import flask
import pytest
import world
from hypothesis import example, given
from hypothesis import strategies as st

from msme_calls import i18n
from msme_calls.calls.models import Condition, Question
from msme_calls.proposals.text_form import LARGEST, NotAForm, read, written
from msme_calls.questions import KINDS

LANGUAGES = i18n.LANGUAGES
LISTED = [{"key": k, "label": world.three(k.title())} for k in ("alpha", "beta", "gamma")]
OPTIONS: dict[str, Any] = {"choices": LISTED, "columns": LISTED[:2], "max_words": 50, "min": 1}


@pytest.fixture(scope="module", autouse=True)
def speaking():
    """An application that knows languages and nothing else."""
    app = flask.Flask("speaking")
    i18n.init_app(app)
    with app.app_context():
        yield


def question(kind, key="asked", **values):
    options = {name: OPTIONS[name] for name in KINDS[kind].settings if name in OPTIONS}
    given = {
        "required": True,
        "label": world.three("Asked?"),
        "help": world.three("# Help, with a mark"),
        "match": "all",
    }
    return Question(key=key, kind=kind, options=options, **given | values)


def call(*questions, slug="example-call"):
    section = SimpleNamespace(key="first", title=world.three("The project"), questions=list(questions))
    form = SimpleNamespace(sections=[section], questions=list(questions))
    return SimpleNamespace(slug=slug, title=world.three("Example Call"), form=form)


def back(of, answers, **more):
    return read(written(of, answers, **more).encode(), of).answers


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_of_answer_comes_back_whatever_the_language_of_who_reads_it(lang):
    whole = call(*(question(kind, kind) for kind in KINDS))
    with i18n.use(lang):
        answers = {kind: KINDS[kind].example(q, 3) for kind, q in zip(KINDS, whole.form.questions, strict=True)}
        answers["number"] = "1250.5"
        text = written(whole, answers)
    for reader in LANGUAGES:
        with i18n.use(reader):
            assert read(text.encode(), whole).answers == {k: v for k, v in answers.items() if k != "file"}


@given(text=st.text(st.sampled_from("#\\ab [].:1|\n\t  é中") | st.characters(), max_size=80))
@example("#1 in the world\n# The project\n## [asked] or not\n\\# so\n\\\\#")
@example("First\n# 1. The project (en)\n  ## [asked] x\n# At most 50 words.\n# Help, with a mark (en)")
@example("# Help, with a mark (en)")
@example("# call: another\n# language: fr")
@example("\x85 \u2028 \r\n \x0c end")
def test_a_text_of_any_letters_comes_back(text):
    kept = KINDS["long-text"].imported(question("long-text"), text)
    whole = call(question("long-text"), question("table", "rows"))
    rows = [{"alpha": cell, "beta": "x"} for cell in kept.split("\n") if cell.strip()]
    rows = KINDS["table"].imported(whole.form.questions[1], KINDS["table"].plain(whole.form.questions[1], rows))
    assert back(whole, {"asked": kept, "rows": rows}) == {"asked": kept, "rows": rows}


def test_a_person_writes_where_there_is_room_and_lines_with_a_mark_are_hers():
    whole = call(question("long-text"), question("short-text", "title"))
    lines = written(whole, {}).split("\n")
    begins = lines.index("## [asked] Asked? (en) (required)")
    lines.insert(begins + 1, "Above what explains it,")  # and below it:
    lines.insert(lines.index("# At most 50 words.") + 1, "#weavers, and\n# a heading of mine\n\\# as before")
    assert read("\n".join(lines).encode(), whole).answers == {
        "asked": "Above what explains it,\n#weavers, and\n# a heading of mine\n# as before", "title": "",
    }  # fmt: skip


FORM = call(question("long-text"))
SAID = "## [asked]\nÇa coûte 5 € – “voilà”\nsecond line\n"


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_files_of_every_editor_are_read(coding, ends):
    assert read(SAID.replace("\n", ends).encode(coding), FORM).answers == {"asked": SAID.split("\n", 1)[1].strip()}


HOSTILE = {
    "nothing": (b"", "There is no question in this file."),
    "a letter": (b"Dear all,\nplease find below\n", "There is no question in this file."),
    "zero bytes": (b"## [asked]\nx\0y\n", "isn’t plain text"),
    "UTF-16 without its mark": ("## [asked]\nx".encode("utf-16-le"), "isn’t plain text"),
    "half of UTF-16": (b"\xff\xfe#\x00#\x00 \x00\xd8", "isn’t plain text"),
    "UTF-32": ("## [asked]\nx".encode("utf-32"), "There is no question in this file."),
    "a document": (b"PK\x03\x04\0\0", "isn’t plain text"),
    "no letters": (b"## [asked]\n\x81\x8d\xff", "isn’t plain text"),
    "2 MB": (b"## [asked]\n" + b"x" * 2_000_000, "too large"),
    "another call’s": (b"# call: other\n## [elsewhere]\nx", "form of another call"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_form_is_refused_with_a_sentence_that_says_what_to_do(name):
    content, sentence = HOSTILE[name]
    with pytest.raises(NotAForm, match=sentence):
        read(content, FORM)


@given(content=st.binary(max_size=200))
def test_no_bytes_make_it_fail(content):
    try:
        assert set(read(b"## [asked]\n" + content, FORM).answers) == {"asked"}
    except NotAForm:
        pass


def test_the_largest_file_takes_no_time_and_keeps_every_letter():
    text = "## [asked]\n" + "#\n" * ((LARGEST - 20) // 2)
    assert read(text.encode(), FORM).answers["asked"] == text.split("\n", 1)[1].strip()


def test_what_the_call_doesnt_know_is_told_and_another_calls_form_is_named():
    brought = read(b"# call: last-year\n# language: xx\n## [asked]\nx\n## [gone]\ny\n## [ asked ] again\nlater", FORM)
    assert (brought.answers, brought.unknown, brought.other_call) == ({"asked": "later"}, ["gone"], "last-year")


def test_files_are_listed_and_never_read():
    whole = call(question("file", "paper"), question("long-text"))
    text = written(whole, {"asked": "x", "paper": ["1"]}, [{"question": "paper", "name": "paper.pdf"}])
    assert "# Received: paper.pdf" in text
    assert read(text.replace("# Received", "Received").encode(), whole).answers == {"asked": "x"}


def test_what_isnt_asked_is_left_out_and_a_blank_form_says_when_to_answer():
    first, later = question("yes-no"), question("short-text", "later")
    later.conditions.append(Condition(position=0, depends_on=first, operator="is", value="yes"))
    whole = call(first, later)
    assert "[later]" not in written(whole, {"asked": "no"})
    assert "[later]" in written(whole, {"asked": "yes"})
    assert "# Answer this if “Asked? (en)” is answered with “Yes”." in written(whole, {})
