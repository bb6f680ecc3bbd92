"""When a question is asked: the tree of conditions, the same in Python and in the browser."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import msme_calls
from msme_calls import i18n, questions
from msme_calls.questions import KINDS, conditions
from msme_calls.questions.conditions import OPERATORS, VALUED, Both, Comparison, holds, shown
from msme_calls.questions.wording import answer_if, shown_if

SHOWN_JS = Path(msme_calls.__file__).parent / "static" / "js" / "shown.js"


@dataclass
class Row:
    depends_on: Any
    operator: str
    value: str = ""


@dataclass
class Asked:
    key: str
    kind: str = "yes-no"
    options: dict[str, Any] = field(default_factory=dict)
    conditions: list[Row] = field(default_factory=list)
    match: str = "all"
    required: bool = True

    @property
    def label(self) -> dict[str, str]:
        return {"en": f"Question {self.key}?"}


def chain():
    """A is asked of everybody; a yes shows B, and a yes to that shows C."""
    a, b, c = Asked("a"), Asked("b"), Asked("c")
    b.conditions, c.conditions = [Row(a, "is", "yes")], [Row(b, "is", "yes")]
    return [a, b, c]


def keys(form, answers):
    return [q.key for q in questions.asked(form, answers)]


@pytest.mark.parametrize(
    ("operator", "value", "said", "expected"),
    [
        ("is", "yes", ["yes"], True), ("is", "yes", ["no"], False), ("is", "yes", [], False),
        ("is", "beta", ["alpha", "beta"], True), ("is-not", "beta", ["alpha"], True),
        ("is-not", "beta", ["alpha", "beta"], False), ("is-not", "beta", [], False),
        ("at-least", "10", ["10"], True), ("at-least", "10", ["9.999"], False), ("at-least", "10", [], False),
        ("at-least", "10", ["many"], False), ("at-most", "10", ["10.0"], True), ("at-most", "10", ["-11"], True),
        ("at-most", "10", ["10.000000000000000000000000000001"], False), ("answered", "", ["x"], True),
        ("answered", "", [], False), ("unanswered", "", [], True), ("unanswered", "", ["x"], False),
        ("__proto__", "", ["x"], False), ("constructor", "", ["x"], False), ("eval", "1", ["1"], False),
    ],
)  # fmt: skip
def test_each_comparison(operator, value, said, expected):
    assert holds(Comparison("q", operator, value), {"q": said}) is expected
    assert holds(Comparison("q", operator, value), {}) is (operator == "unanswered")


def test_all_or_any_have_to_hold():
    a, b = Comparison("a", "is", "yes"), Comparison("b", "is", "yes")
    for given_, every, some in (((1, 1), True, True), ((1, 0), False, True), ((0, 0), False, False)):
        facts = {key: ["yes"] for key, there in zip("ab", given_, strict=True) if there}
        assert (holds(Both((a, b)), facts), holds(Both((a, b), "any"), facts)) == (every, some)
    assert holds(Both(), {}) and holds(Both((), "any"), {}), "no condition: always asked"
    assert holds(Both((a, Both((b, Comparison("b", "unanswered")), "any"))), {"a": ["yes"]})


def test_a_question_that_is_hidden_counts_as_not_answered():
    form = chain()
    assert keys(form, {}) == ["a"]
    assert keys(form, {"a": "yes", "b": "yes"}) == ["a", "b", "c"]
    assert keys(form, {"a": "no", "b": "yes", "c": "yes"}) == ["a"], "b is kept, but C isn’t asked by it"
    form[2].conditions = [Row(form[1], "unanswered")]
    assert keys(form, {"a": "no", "b": "yes"}) == ["a", "c"]


def test_a_form_without_conditions_asks_everything():
    form = [Asked(key) for key in "abc"]
    assert questions.asked(form, {}) == form


def test_conditions_look_at_each_kind_that_says_so(app):
    """A condition can look at each kind with an operator; each operator is one that the tree knows."""
    answers = {
        "number": "12.5", "yes-no": "yes", "choice": "alpha", "choices": ["alpha", "beta"], "economy": "KE",
        "organisation-type": "ngo", "language": "fr", "table": [{"what": "x"}], "people": [{"name": "x"}],
    }  # fmt: skip
    with i18n.use("en"):
        for name, kind in KINDS.items():
            assert set(kind.operators) <= OPERATORS.keys()
            options = {"choices": [{"key": k, "label": {"en": k}} for k in ("alpha", "beta")]}
            earlier, later = Asked("e", name, options), Asked("l")
            for operator in kind.operators:
                value = answers.get(name, "") if operator in VALUED else ""
                value = value[0] if isinstance(value, list) and value else value
                assert operator not in VALUED or name == "number" or value in kind.comparable(earlier), name
                later.conditions = [Row(earlier, operator, value)]
                given_ = answers.get(name, "text")
                holding = operator not in ("is-not", "unanswered")
                assert keys([earlier, later], {"e": given_}) == (["e", "l"] if holding else ["e"]), (name, operator)
                assert answer_if(later).startswith("Answer this if ") and "Question e?" in answer_if(later)
    assert KINDS["file"].operators == ()


def test_conditions_are_said_in_words(app):
    a, n, late = Asked("a"), Asked("n", "number"), Asked("late")
    late.conditions = [Row(a, "is", "yes"), Row(n, "at-least", "1250")]
    with i18n.use("en"):
        assert answer_if(late) == (
            "Answer this if “Question a?” is answered with “Yes” and the answer to “Question n?” is 1,250 or more."
        )
        late.match = "any"
        assert answer_if(late) == (
            "Answer this if “Question a?” is answered with “Yes” or the answer to “Question n?” is 1,250 or more."
        )
        assert answer_if(a) == ""
    assert shown_if(a) is None
    assert shown_if(late) == {"match": "any", "of": [["a", "is", "yes"], ["n", "at-least", "1250"]]}


# Trees and answers from few parts, so that they meet.
NAMES = st.sampled_from(["a", "b", "c", "d"])
SAID = st.sampled_from(["yes", "no", "10", "10.5", "-3", "9999999999999999999999999999.5", "x", "1.250", "007"])
COMPARISONS = st.builds(Comparison, NAMES, st.sampled_from([*OPERATORS, "unknown"]), SAID)
TREES = st.recursive(COMPARISONS, lambda t: st.builds(Both, st.lists(t, max_size=3).map(tuple),
                                                      st.sampled_from(["all", "any"])), max_leaves=6)  # fmt: skip
FORMS = st.lists(TREES, min_size=4, max_size=4)
FACTS = st.dictionaries(NAMES, st.lists(SAID, max_size=2))


@given(form=FORMS, facts=FACTS)
def test_what_is_not_asked_has_no_influence(form, facts):
    """Leaving out the answers of questions that aren't asked changes nothing: what is submitted is asked the same."""
    asked = list(zip("abcd", form, strict=True))
    there = shown(asked, facts)
    assert shown(asked, {key: said for key, said in facts.items() if key in there}) == there
    assert there <= {*"abcd"}


def plain(tree):
    if isinstance(tree, Comparison):
        return [tree.on, tree.operator, tree.value]
    return {"match": tree.match, "of": [plain(part) for part in tree.of]}


def collected(strategy, count):
    """Examples of a strategy, the same each time."""
    from hypothesis import HealthCheck, Phase, settings

    found: list[Any] = []

    @settings(
        max_examples=count,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def gather(example):
        found.append(example)

    gather()
    return found


@pytest.fixture
def script(browser):
    """A page that holds what `shown.js` exports."""
    page = browser.new_page()
    page.add_script_tag(
        content=f"{SHOWN_JS.read_text('utf-8')}\nObject.assign(globalThis, {{digits, holds, shown}});", type="module"
    )
    page.wait_for_function("!!globalThis.shown")
    yield page
    page.close()


def test_browser_and_server_ask_the_same_questions(script):
    """Threat B24."""
    vectors = collected(st.tuples(FORMS, FACTS), 400)
    sent = [[[[k, plain(t)] for k, t in zip("abcd", form, strict=True)], facts] for form, facts in vectors]
    found = script.evaluate("vectors => vectors.map(([form, facts]) => shown(form, facts))", sent)
    expected = [sorted(shown(list(zip("abcd", form, strict=True)), facts)) for form, facts in vectors]
    assert [sorted(keys) for keys in found] == expected
    assert len({tuple(e) for e in expected}) > 8, "the examples differ"


def test_browser_and_server_read_the_same_numbers(app, script):
    """Threat B24."""
    texts = collected(st.text("0123456789.,-+ ’'−\u00a0\u202fx", max_size=9), 600)
    texts += ["1,250", "1.250", "1 250,5", "1\u202f250", "1,250.50", "1,250.", "007", "0,250", "-1,250", "+1,250", "5.",
              ".5", "12,34", "9" * 30, "9" * 31, "1,25,000", "٨٥", "−5", "1.250.000,75", "", "-", "1e5"]  # fmt: skip
    for lang in i18n.LANGUAGES:
        found = script.evaluate("([texts, lang]) => texts.map((t) => digits(t, lang))", [texts, lang])
        pairs = []
        with i18n.use(lang):
            for text, there in zip(texts, found, strict=True):
                here = KINDS["number"].digits(text)
                assert (there is None) == (here is None), (lang, text, here, there)
                if here is not None:  # they mean the same: each is at least, and at most, the other
                    pairs.append((here, there))
        means = "pairs => pairs.filter(([here, there]) => !both.every((o) => holds(['q', o, here], {q: [there]})))"
        script.evaluate("globalThis.both = ['at-least', 'at-most']")
        assert script.evaluate(means, pairs) == []


def test_no_operator_is_taken_from_text():
    assert conditions.OPERATORS.keys() >= set(VALUED)
    assert "eval(" not in SHOWN_JS.read_text("utf-8") and "Function(" not in SHOWN_JS.read_text("utf-8")
