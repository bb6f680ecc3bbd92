"""Every kind of question reads, checks, keeps, shows, exports and hides its answers, whatever is typed."""

from dataclasses import dataclass, field
from typing import Any

import pytest
import world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pages import Page
from signing_in import browser_of
from werkzeug.datastructures import MultiDict

from msme_calls import exports, i18n, questions
from msme_calls.calls.models import Blindness, Question
from msme_calls.extensions import db
from msme_calls.proposals import answers
from msme_calls.proposals.answers import Viewer
from msme_calls.questions import CELL, KINDS, LONGEST, problems, words

THREE = {"en": "Example question", "fr": "Question", "es": "Pregunta"}
CHOICES = [{"key": k, "label": world.three(k.title())} for k in ("alpha", "beta")]
COLUMNS = [{"key": k, "label": world.three(k.title())} for k in ("what", "when")]
OPTIONS: dict[str, dict[str, Any]] = {
    "choice": {"choices": CHOICES},
    "choices": {"choices": CHOICES},
    "table": {"columns": COLUMNS, "max_rows": 3},
    "people": {"max_people": 3},
    "file": {"types": ["pdf"], "max_mb": 1, "max_pages": 2},
}
ROW = {"asked-0-what": "Train", "asked-0-when": "2 to 4"}
PERSON = {"asked-0-name": "A. Example", "asked-0-affiliation": "Example Institute", "asked-0-economy": "KE"}
# For each kind: what a browser sends, the answer as it is kept, as it is shown in English, as it is exported.
GOOD: dict[str, tuple[dict[str, Any], Any, str, Any]] = {
    "short-text": ({"asked": " Two  words "}, "Two words", "Two words", "Two words"),
    "long-text": ({"asked": "One\r\n\r\nTwo"}, "One\n\nTwo", "One\n\nTwo", "One\n\nTwo"),
    "number": ({"asked": "1,250"}, "1250", "1,250", 1250),
    "date": ({"asked": "2027-09-01"}, "2027-09-01", "1 September 2027", "2027-09-01"),
    "yes-no": ({"asked": "no"}, "no", "No", "No"),
    "choice": ({"asked": "beta"}, "beta", "Beta (en)", "Beta (en)"),
    "choices": ({"asked": ["beta", "alpha"]}, ["beta", "alpha"], "Beta (en), Alpha (en)", "Beta (en), Alpha (en)"),
    "economy": ({"asked": "KE"}, "KE", "Kenya", "Kenya"),
    "organisation-type": ({"asked": "ngo"}, "ngo", "NGO", "NGO"),
    "language": ({"asked": "fr"}, "fr", "French", "French"),
    "link": ({"asked": "www.example.org"}, "www.example.org", "www.example.org", "www.example.org"),
    "email": ({"asked": "a@example.org"}, "a@example.org", "a@example.org", "a@example.org"),
    "file": ({}, [], "0 files", "0 files"),
    "table": (ROW, [{"what": "Train", "when": "2 to 4"}], "Train · 2 to 4", "Train · 2 to 4"),
    "people": (
        PERSON,
        [{"name": "A. Example", "affiliation": "Example Institute", "economy": "KE", "email": "", "orcid": ""}],
        "A. Example, Example Institute, Kenya",
        "A. Example, Example Institute, Kenya",
    ),
}
# For each kind: what it does not take, and words of the sentence that says so.
WRONG = {
    "short-text": ({"asked": "x" * (LONGEST + 1)}, f"Shorten the answer to {LONGEST} characters"),
    "long-text": ({"asked": "x" * (LONGEST + 1)}, f"Shorten the answer to {LONGEST} characters"),
    "number": ({"asked": "many"}, "in figures"),
    "date": ({"asked": "soon"}, "as year, month and day"),
    "choice": ({"asked": "gamma"}, "Choose one of the answers"),
    "choices": ({"asked": ["alpha", "gamma"]}, "Choose only answers"),
    "economy": ({"asked": "XX"}, "Choose one of the answers"),
    "organisation-type": ({"asked": "guild"}, "Choose one of the answers"),
    "language": ({"asked": "de"}, "Choose one of the answers"),
    "link": ({"asked": "http://["}, "Write an address"),
    "email": ({"asked": "a@b"}, "Write the whole address"),
    "table": ({"asked-0-what": "Train"}, "Row 1: fill in “When (en)”"),
    "people": ({"asked-0-name": "A. Example"}, "Person 1: fill in the name and the affiliation"),
}
NAUGHTY = [
    "\x00", "a\x00b", "\ud800", "\u202egnp.exe", "\ufeff", "\u200b", "<script>alert(1)</script>", "{{7*7}}", "${7*7}",
    "%(x)s", "%s%n", "'; DROP TABLE people; --", "=cmd|' /C calc'!A0", "\r\nBcc: x@example.org", "../../etc/passwd",
    "𝕿𝖍𝖊", "👩‍👩‍👧", "ｎｕｌｌ", "٨٥", "Ω≈ç√∫˜µ≤≥÷", "e\u0301", "مرحبا", "中小企业", "x" * 20_000, " ", "\t\n", "NaN",
    "1e400", "-0", "9" * 40, "null", "[]", "{}", "javascript:alert(1)", "//example.org", "a@b@c", "0000-00-00",
    "2027-02-30",
]  # fmt: skip


@dataclass
class Asked:
    kind: str
    required: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    label: dict[str, str] = field(default_factory=lambda: THREE)
    key: str = "asked"


def asked(kind, **options):
    return Asked(kind, options=OPTIONS.get(kind, {}) | options)


def read(question, sent):
    return KINDS[question.kind].read(question, MultiDict(sent))


@pytest.fixture
def english(app):
    with i18n.use("en"):
        yield


def test_every_kind_has_its_examples():
    assert GOOD.keys() == KINDS.keys()
    assert WRONG.keys() == KINDS.keys() - {"yes-no", "file"}, "yes-no keeps only yes and no; files go through uploads"


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_answer_is_kept_shown_and_exported(english, kind):
    sent, kept, shown, exported = GOOD[kind]
    question = asked(kind)
    assert read(question, sent) == kept
    assert problems(question, kept) == []
    assert KINDS[kind].shown(question, kept) == shown
    assert KINDS[kind].exported(question, kept) == exported
    assert read(question, {"other": "x", "asked-x-what": "x", "asked_0_what": "x"}) in ("", [])


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_answer_is_kept_as_typed_and_told_what_to_do(english, kind):
    sent, sentence = WRONG[kind]
    question = asked(kind)
    kept = read(question, sent)
    assert kept, "nothing typed is thrown away"
    assert [sentence in said for said in problems(question, kept)] == [True]
    assert KINDS[kind].typed(question, kept) == kept


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_answered_is_missing_only_where_it_is_required(english, kind):
    question = asked(kind)
    blank = read(question, {})
    assert KINDS[kind].is_blank(blank) and KINDS[kind].is_blank(None)
    assert problems(question, blank) == problems(question, None) == []
    question.required = True
    assert len(problems(question, blank)) == len(problems(question, None)) == 1
    assert "it is required" in problems(question, None)[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_hostile_text_breaks_nothing(app, kind, lang):
    """Threat B23."""
    question = asked(kind)
    names = ["asked", "asked-0-what", "asked-0-when", "asked-1-name", "asked-1-email", "asked-9999-what"]
    with i18n.use(lang):
        for text in NAUGHTY:
            kept = read(question, {name: text for name in names})
            assert "\x00" not in repr(kept) and "\ud800" not in repr(kept).encode("utf-8", "surrogatepass").decode(
                "utf-8", "replace"
            )
            for said in problems(question, kept):
                assert said.endswith(".") or "“" in said
            shown = KINDS[kind].shown(question, kept)
            assert isinstance(shown, str)
            exported = exports.inert(KINDS[kind].exported(question, kept))
            assert not str(exported).lstrip().startswith(("=", "@"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(sorted(KINDS)), one=st.text(max_size=60), two=st.text(max_size=60))
def test_whatever_is_typed_is_read_the_same_again(english, kind, one, two):
    question = asked(kind)
    sent = {"asked": one, "asked-0-what": two, "asked-3-when": one, "asked-0-name": one, "asked-0-email": two}
    kept = read(question, sent)
    if isinstance(kept, str):
        assert read(question, {"asked": KINDS[kind].typed(question, kept)}) == kept
    problems(question, kept)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hidden_answer_is_as_if_absent_for_reviewers_of_a_single_blind_call(app, kind):
    call = world.call("review", blindness=Blindness.SINGLE)
    call.sections[0].questions = [
        Question(
            position=n, key=key, kind=kind, label=THREE, options=OPTIONS.get(kind, {}), hidden=hidden, public=not hidden
        )
        for n, (key, hidden) in enumerate([("asked", True), ("open", False)])
    ]
    call.sections = call.sections[:1]
    db.session.commit()
    kept = GOOD[kind][1]
    given = {"asked": kept, "open": kept}
    files = [
        {"id": n, "question": key, "name": f"{key}.pdf", "kind": "pdf", "size": 1, "pages": 1}
        for n, key in enumerate(given)
    ] if kind == "file" else []  # fmt: skip

    def keys(viewer):
        return [s.question.key for _, shown in answers.seen(call, given, files, viewer) for s in shown]

    assert keys(Viewer.REVIEWER) == keys(Viewer.PUBLIC) == ["open"]
    assert keys(Viewer.STAFF) == keys(Viewer.OWNER) == ["asked", "open"]
    [(_, [shown])] = answers.seen(call, given, files, Viewer.REVIEWER)
    assert [f["name"] for f in shown.files] == (["document-1.pdf"] if kind == "file" else [])
    call.blindness = Blindness.OPEN
    assert keys(Viewer.REVIEWER) == ["asked", "open"]


@pytest.fixture
def every_kind(app):
    """A call that asks one question of each kind, in one section, and its applicant’s draft."""
    call = world.call("open")
    call.sections = call.sections[:1]
    call.sections[0].questions = [
        Question(
            position=n, key=f"k_{kind.replace('-', '_')}", kind=kind, label=world.three(kind), required=False,
            help=world.three("Help"), options=OPTIONS.get(kind, {}),
        )
        for n, kind in enumerate(KINDS)
    ]  # fmt: skip
    proposal = world.draft(call)
    for part in proposal.drafts:
        part.answers = {}
    db.session.commit()
    return proposal


def sent_to(kind, sent):
    name = f"k_{kind.replace('-', '_')}"
    return {key.replace("asked", name, 1): value for key, value in sent.items()}


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_every_kind_has_a_field_that_sends_back_what_was_saved(app, every_kind, lang):
    her, url = browser_of(app, every_kind.owner), f"/{lang}/proposals/{every_kind.id}/sections/organisation"
    form = next(f for f in her.page(url).forms if "section-version" in f.values)
    given = {}
    for kind in KINDS:
        given |= sent_to(kind, GOOD[kind][0])
    given["k_number"] = {"en": "1,250.5", "fr": "1 250,5", "es": "1.250,5"}[lang]
    assert her.submit(form, **given).status_code == 302
    kept = every_kind.drafts[0].answers
    expected = {f"k_{kind.replace('-', '_')}": GOOD[kind][1] for kind in KINDS if kind != "file"}
    assert kept == expected | {"k_number": "1250.5", "k_choices": ["beta", "alpha"]}
    again = next(f for f in her.page(url).forms if "section-version" in f.values)
    assert her.submit(again).status_code == 302
    assert every_kind.drafts[0].answers == kept | {"k_choices": ["alpha", "beta"]}, "in the order of the form"


def test_hostile_text_comes_back_as_text_on_every_page(app, every_kind):
    her, url = browser_of(app, every_kind.owner), f"/en/proposals/{every_kind.id}"
    for text in ("<script>alert(1)</script>", "{{7*7}}", "\u202e\x00\"'><img src=x onerror=alert(1)>", "x" * 20_000):
        form = next(f for f in her.page(f"{url}/sections/organisation").forms if "section-version" in f.values)
        given = {name: text for name in form.values if name.startswith("k_")}
        given |= {f"k_table-0-{c['key']}": text for c in COLUMNS} | {f"k_people-0-{c}": text for c in ("name", "email")}
        page = Page(answer := her.submit(form, **given))
        answer.request.environ["wsgi.input"].close()  # a large body lies in a temporary file
        assert page.status == 422
        shown = "".join(c for c in text if c not in "\x00")
        assert page.one("textarea[@id='q-k_long_text']").text.lstrip("\n") == shown
        assert page.one("textarea[@id='k_table-0-what']").text.lstrip("\n") == shown
        assert page.one("input[@id='q-k_short_text']").get("value") == shown
        for path in ("", "/check", "/sections/organisation"):
            page = her.page(f"{url}{path}")
            assert not page.all("main//script") and not page.all("main//img"), path


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0), ("   ", 0), ("–", 0), ("one", 1), ("l’art d’aimer", 2), ("aujourd’hui, c'est", 2), ("1 250 km", 3),
        ("see https://example.org/a?b=c", 2), ("well-known", 1), ("中小企业", 4), ("MSME 中小", 3), ("カード 3 枚", 5),
        ("a\u00a0b", 2), ("one\ntwo\tthree", 3), ("! ? …", 0), ("50 %", 1), ("한국 기업", 2), ("e\u0301te\u0301", 1),
    ],
)  # fmt: skip
def test_words_are_counted_by_one_rule(text, count):
    assert words(text) == count


@pytest.mark.parametrize(
    ("lang", "typed", "kept"),
    [
        ("en", "1,250", "1250"), ("en", "1250.5", "1250.5"), ("en", "85,5", None), ("es", "1.250", "1250"),
        ("es", "1250,5", "1250.5"), ("es", "85.5", "85.5"), ("fr", "1 250,5", "1250.5"), ("fr", "1\u202f250", "1250"),
        ("fr", "85,5", "85.5"), ("en", "−5", "-5"), ("en", "12 500", "12500"), ("en", "1e5", None), ("en", "NaN", None),
        ("en", "Infinity", None), ("fr", "12..5", None), ("en", "", None), ("en", "1,2,5", None), ("en", "007", "7"),
    ],
)  # fmt: skip
def test_a_number_means_the_same_whatever_language_it_is_read_in(app, lang, typed, kept):
    question = asked("number")
    with i18n.use(lang):
        answer = read(question, {"asked": typed})
        assert answer == (kept if kept is not None else typed)
        back = KINDS["number"].typed(question, answer)
        assert read(question, {"asked": back}) == answer
    for other in i18n.LANGUAGES:
        with i18n.use(other):
            assert bool(problems(question, answer)) == (kept is None and typed != "")


@pytest.mark.parametrize(
    ("kind", "options", "sent", "sentence"),
    [
        ("long-text", {"max_words": 2}, {"asked": "one two three"}, "it is 1 word too long"),
        ("long-text", {"min_words": 3}, {"asked": "one two"}, "Write at least 3 words. It has 2 words now."),
        ("short-text", {"max_chars": 3}, {"asked": "four"}, "Shorten the answer to 3 characters: it has 4."),
        ("number", {"min": 1}, {"asked": "0"}, "at least 1"),
        ("number", {"max": 1000}, {"asked": "1001"}, "at most 1,000"),
        ("yes-no", {"must": "yes"}, {"asked": "no"}, "can say yes here"),
        ("table", {"max_rows": 1}, {f"asked-{n}-{c}": "x" for n in (0, 1) for c in ("what", "when")}, "at most 1 row"),
        ("table", {"min_rows": 2}, ROW, "at least 2 rows"),
        ("table", {}, ROW | {"asked-0-what": "x" * (CELL + 1)}, "shorten “What (en)”"),
        ("people", {"max_people": 1}, PERSON | {"asked-1-name": "B"}, "at most 1 person"),
        ("people", {}, PERSON | {"asked-0-economy": "XX"}, "choose an economy"),
        ("people", {}, PERSON | {"asked-0-email": "a@b"}, "whole e-mail address"),
        ("people", {}, PERSON | {"asked-0-orcid": "0000-0002-1825-0098"}, "ORCID"),
        ("people", {}, PERSON | {"asked-0-name": "x" * (CELL + 1)}, "shorten what is longer"),
        ("email", {}, {"asked": "é@example.org"}, "whole address"),
        ("link", {}, {"asked": "javascript://example.org/"}, "Write an address"),
        ("link", {}, {"asked": "two words.org"}, "Write an address"),
    ],
)
def test_each_limit_says_what_to_do(english, kind, options, sent, sentence):
    question = asked(kind, **options)
    said = problems(question, read(question, sent))
    assert len(said) == 1 and sentence in said[0], said


@pytest.mark.parametrize(
    "orcid", ["0000-0002-1825-0097", "https://orcid.org/0000-0001-5109-3700", "0000-0002-1694-233X"]
)
def test_an_orcid_holds_by_its_check_digit(english, orcid):
    question = asked("people")
    assert problems(question, read(question, PERSON | {"asked-0-orcid": orcid})) == []
    assert not questions.orcid_holds(orcid[:-1] + ("1" if orcid[-1] != "1" else "2"))


def test_rows_keep_their_order_across_gaps_and_empty_ones_count_for_nothing(english):
    question = asked("table")
    sent = {"asked-71-what": "b", "asked-71-when": "2", "asked-3-what": "a", "asked-3-when": "1", "asked-5-what": " "}
    assert [row["what"] for row in read(question, sent)] == ["a", "b"]


def test_checks_of_very_long_text_take_no_time(english):
    """Threat B25."""
    import time

    for kind in KINDS:
        start = time.perf_counter()
        kept = read(asked(kind), {"asked": "a@" * 100_000 + "." * 100_000, "asked-0-email": "a." * 100_000})
        problems(asked(kind), kept)
        assert time.perf_counter() - start < 2, kind
