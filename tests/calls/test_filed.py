"""A call as one file: written, read, refused with the place of what is wrong, taken over once it was looked at."""

import base64
import io
import json
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
import world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pages import Page
from PIL import Image

from msme_calls import clock, questions, uploads
from msme_calls.calls.actions import filing, partners
from msme_calls.calls.filed import reading
from msme_calls.calls.kinds import KINDS
from msme_calls.calls.models import Call, Condition
from msme_calls.errors import Refused
from msme_calls.extensions import db
from msme_calls.history import History


def text_of(call):
    db.session.flush()
    return filing.text(filing.exported(call))


def depend(call):
    """The last question of a form is asked only after two answers to earlier ones."""
    first = next(q for q in call.questions if q.kind == "organisation-type")
    last = call.questions[-1]
    last.match = "any"
    last.conditions = [
        Condition(position=0, depends_on=first, operator="is", value=call.organisation_types[0]),
        Condition(position=1, depends_on=first, operator="unanswered"),
    ]
    return first, last


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_exported_imports_to_the_same_bytes(app, by, kind):
    source = world.call("draft", kind=kind, by=by)
    depend(source)
    before = text_of(source)
    assert '"operator": "unanswered"' in before
    file = reading.read(before.encode())
    made = filing.create(file, filing.logos(file), "copy", source.title, "CP", by=by, at=clock.now())
    db.session.commit()
    db.session.expire_all()
    assert text_of(made) == before


WORDS = st.dictionaries(
    st.sampled_from(["en", "fr", "es"]), st.text("aé “'’—<&\n\u4e2d", min_size=1, max_size=20), max_size=3
)
TIMES = st.sampled_from([None, "2026-10-25T02:30+01:00", "2026-10-25T02:30+02:00", "2026-10-25T12:00:07.000001"])


@st.composite
def files(draw, whole):
    """A file like that of a kind, with other words, limits, flags, times, an order of its own."""
    value = json.loads(whole)
    value["texts"]["theme"], value["texts"]["goals"] = draw(WORDS), draw(WORDS)
    value["languages"] = sorted(draw(st.sets(st.sampled_from(["en", "fr", "es"]), min_size=1)), key="en fr es".index)
    value["dates"] = {"zone": "Europe/Zurich", draw(st.sampled_from(["opens", "deadline", "result"])): draw(TIMES)}
    value["rules"] |= {"winners": draw(st.integers(0, 500)), "economy_rule": draw(st.booleans())}
    value["criteria"] = draw(st.permutations(value["criteria"]))
    value["sections"] = draw(st.permutations(value["sections"]))
    for question in (q for section in value["sections"] for q in section["questions"] if not q["feeds"]):
        question["help"], question["required"] = draw(WORDS), draw(st.booleans())
        if question["kind"] == "long-text":
            question["options"] = {"max_words": draw(st.integers(60, 5000))}
    return json.dumps(value)


def test_any_file_that_is_taken_gives_itself_back(app, by):
    whole = text_of(world.call("draft", by=by))

    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data):
        file = reading.read(data.draw(files(whole)).encode())
        made = filing.create(file, filing.logos(file), str(uuid.uuid4()), {"en": "Made"}, "MD", by=by, at=clock.now())
        made.title = dict(file.texts.title)
        db.session.flush()
        db.session.expire_all()
        once = text_of(made)
        assert once == filing.text(file) == filing.text(reading.read(once.encode()))
        db.session.rollback()
        db.session.add(by)

    db.session.commit()
    check()


def changed(text, change):
    """The file with something changed in it."""
    value = json.loads(text)
    change(value)
    return json.dumps(value).encode()


def send(desk, url, content):
    """Choose a file on a page, and press its button."""
    form = next(f for f in desk.page(url).forms if f.element.find(".//input[@type='file']") is not None)
    return Page(desk.submit(form, file=(io.BytesIO(content), "call.json")))


def test_the_file_is_downloaded_and_names_nobody(desk, draft, by):
    world.proposal(world.call("open", by=by))
    answer = desk.get(f"/en/desk/{draft.slug}/file.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{draft.slug}.json"'
    assert answer.text == text_of(draft)
    value = json.loads(answer.text)
    assert list(value) == ["format", "version", "kind", "languages", "texts", "dates", "rules", "criteria", "sections",
                           "partners"]  # fmt: skip
    assert by.name not in answer.text and by.email not in answer.text


def alter(value):
    value["texts"]["theme"]["fr"] = "Un autre thème"
    value["dates"]["deadline"] = "2027-05-01T12:00"
    value["rules"]["winners"] = 7
    value["criteria"].append({"key": "courage", "name": {"en": "Courage"}, "weight": 5})
    gone = next(s for s in value["sections"] if s["key"] == "project")["questions"].pop()
    value["sections"][0]["questions"][0]["help"]["en"] = "Another help"
    value["partners"] = [{"name": {"en": "ICC"}, "link": "https://iccwbo.org"}]
    return gone


def test_a_file_shows_what_would_change_and_changes_nothing_before_the_button(desk, draft):
    before, gone = text_of(draft), []
    content = changed(before, lambda value: gone.append(alter(value)))
    page = send(desk, f"/en/desk/{draft.slug}/file", content)
    assert page.status == 200
    for words in ("Example theme (fr)", "Un autre thème", "1 May 2027, 12:00", "Courage", "Another help", "ICC",
                  gone[0]["label"]["en"]):  # fmt: skip
        assert words in page.text
    assert "Example theme (en)" not in page.text  # what stays isn't listed
    assert text_of(draft) == before
    kept = {q.key: q.id for q in draft.questions}
    assert desk.submit(page.form(button="Take all of this over")).location == f"/en/desk/{draft.slug}"
    db.session.expire_all()
    assert json.loads(text_of(draft)) == json.loads(filing.text(reading.read(content)))
    assert (draft.winners, draft.criteria[-1].key, draft.partners[0].name) == (7, "courage", {"en": "ICC"})
    assert {q.key: q.id for q in draft.questions} == {k: i for k, i in kept.items() if k != gone[0]["key"]}
    assert db.session.scalar(sa.select(History.verb).order_by(History.seq.desc())) == "import-call"


def test_conditions_come_and_go_with_a_file_and_let_go_what_they_hold(desk, draft):
    """(threat: a question that others depend on is taken away)"""
    without = text_of(draft)
    first, last = depend(draft)
    with_them = text_of(draft)
    page = send(desk, f"/en/desk/{draft.slug}/file", without.encode())
    assert "Asked only if" in page.text and "is not answered" in page.text
    desk.submit(page.form(button="Take all of this over"))
    assert (text_of(draft), last.conditions) == (without, [])
    page = send(desk, f"/en/desk/{draft.slug}/file", with_them.encode())
    desk.submit(page.form(button="Take all of this over"))
    assert text_of(draft) == with_them
    assert [c.depends_on_id for c in last.conditions] == [first.id, first.id]
    value, gone = json.loads(without), first.key  # the question that others depended on is taken away
    for section in value["sections"]:
        section["questions"] = [q for q in section["questions"] if q["key"] != gone]
    page = send(desk, f"/en/desk/{draft.slug}/file", json.dumps(value).encode())
    desk.submit(page.form(button="Take all of this over"))
    assert gone not in [q.key for q in draft.questions] and last.conditions == []


def test_a_file_that_says_the_same_changes_nothing(desk, draft):
    page = send(desk, f"/en/desk/{draft.slug}/file", text_of(draft).encode())
    assert "Nothing would change." in page.text
    assert not [f for f in page.forms if "sure" in f.values]


def test_what_a_colleague_changes_meanwhile_is_seen_before_it_is_lost(desk, draft):
    page = send(desk, f"/en/desk/{draft.slug}/file", changed(text_of(draft), alter))
    draft.theme = {**draft.theme, "es": "Otro lema"}
    db.session.commit()
    again = Page(desk.submit(page.form(button="Take all of this over")))
    assert again.status == 409
    assert "Somebody else changed the call in the meantime" in again.text and "Otro lema" in again.text
    db.session.expire_all()
    assert (draft.winners, draft.theme["es"]) == (3, "Otro lema")
    assert desk.submit(again.form(button="Take all of this over")).status_code == 302
    assert draft.theme["es"] == "Example theme (es)"


def test_a_file_is_taken_over_into_a_draft_only(desk, by):
    call = world.call("announced", by=by)
    url = f"/en/desk/{call.slug}/file"
    page = desk.page(url)
    assert "a file can be taken over into a draft only" in page.text and not page.all("input[@type='file']")
    text = text_of(call)
    with pytest.raises(Refused, match="draft only"):
        filing.take_over(call, reading.read(text.encode()), [], by=by, at=clock.now())


def test_a_file_of_another_kind_is_not_taken_over(desk, draft, by):
    papers = text_of(world.call("draft", kind="rta-papers", by=by))
    page = send(desk, f"/fr/desk/{draft.slug}/file", papers.encode())
    assert page.status == 422 and "kind" in page.text


def test_a_new_call_is_made_from_a_file_once_it_was_looked_at(desk, draft):
    calls = db.session.scalar(sa.select(sa.func.count(Call.id)))
    page = send(desk, "/en/desk/new/file", text_of(draft).encode())
    assert page.status == 200 and draft.questions[0].label["en"] in page.text
    assert db.session.scalar(sa.select(sa.func.count(Call.id))) == calls
    form = page.form(button="Create the call")
    taken = Page(desk.submit(form, slug=draft.slug))
    assert taken.status == 422 and "Another call has this address." in taken.text
    sent = desk.submit(taken.form(button="Create the call"), slug="from-a-file", **{"title-en": "From a file"})
    assert sent.location == "/en/desk/from-a-file"
    made = db.session.scalar(sa.select(Call).where(Call.slug == "from-a-file"))
    assert (made.title["en"], made.phase(clock.now()).value, len(made.memberships)) == ("From a file", "draft", 1)
    value, source = (json.loads(text_of(c)) for c in (made, draft))
    assert {**value, "texts": {}} == {**source, "texts": {}}


def put(*path):
    """A change of a file: the last of these, at the place that the others name."""
    *steps, last, new = path

    def change(value):
        for step in steps:
            value = value[step]
        if new is ...:
            del value[last]
        else:
            value[last] = new

    return change


def shown_if(on, operator, value=""):
    """The last question is asked only if so."""
    return put("sections", -1, "questions", -1, "shown_if", {"of": [{"on": on, "operator": operator, "value": value}]})


LAST = "sections › 6 › questions › 4 › shown_if"  # of small-business-champions
PLACES = [
    (shown_if("nothing", "answered"), f"{LAST} › of › 1 › on", "comes before"),
    (shown_if("organisation_type", "is", "circus"), f"{LAST} › of › 1 › value", "Write one of these: "),
    (shown_if("organisation_type", "at-least", "3"), f"{LAST} › of › 1 › operator", "Write one of these: is"),
    (shown_if("organisation_type", "answered", "x"), f"{LAST} › of › 1 › value", "nothing is compared"),
    (shown_if("organisation_type", "magic"), f"{LAST} › of › 1 › operator", "Write one of these"),
    (put("sections", 0, "questions", 0, "shown_if", {"of": [{"on": "organisation_type", "operator": "answered"}]}),
     "sections › 1 › questions › 1 › shown_if › of › 1 › on", "comes before"),
    (put("sections", 1, "questions", 2, "label", "fr", 7), "sections › 2 › questions › 3 › label › fr", "Write a text"),
    (put("sections", 1, "questions", 2, "label", "fr", "x" * 301), "sections › 2 › questions › 3 › label › fr",
     "Shorten it to 300 characters."),
    (put("sections", 1, "questions", 2, "label", "de", "Frage"), "sections › 2 › questions › 3 › label › de",
     "Write one of these"),
    (put("sections", 0, "questions", 0, "kind", "magic"), "sections › 1 › questions › 1 › kind", "Write one of these"),
    (put("sections", 0, "title", "en", "a\0b"), "sections › 1 › title › en", "control characters"),
    (put("sections", 0, "title", "en", "\ud800"), "sections › 1 › title › en", "control characters"),
    (put("sections", 0, "questions", 0, "key", "csrf_token"), "sections › 1 › questions › 1 › key", "twice"),
    (put("criteria", 0, "weight", 0), "criteria › 1 › weight", "at least 1"),
    (put("criteria", 0, "weight", "5"), "criteria › 1 › weight", "whole number"),
    (put("criteria", 0, "weight", True), "criteria › 1 › weight", "whole number"),
    (put("criteria", 0, "key", "trade-and-more"), "rules › tie_breaks › 1", "Write one of these"),
    (put("criteria", 0, "anchors", "9", {"en": "More"}), "criteria › 1 › anchors › 9", "end at 5"),
    (put("criteria", 0, "name", {}), "criteria › 1 › name", "at least one language"),
    (put("dates", "deadline", "2027-03-28T02:30"), "dates › deadline", "doesn’t exist"),
    (put("dates", "deadline", "2027-10-31T02:30"), "dates › deadline", "comes twice"),
    (put("dates", "deadline", "2027-02-30T10:00"), "dates › deadline", "no such day"),
    (put("dates", "deadline", "soon"), "dates › deadline", "form that is expected"),
    (put("dates", "deadline", "2020-01-01T10:00"), "dates › deadline", "after the opening"),
    (put("dates", "zone", "Mars/Olympus"), "dates › zone", "time zone"),
    (put("rules", "winners", ...), "rules › winners", "This is missing."),
    (put("rules", "bonus", 1), "rules › bonus", "not known here"),
    (put("rules", "organisation_types", 0, "circus"), "rules › organisation_types › 1", "Write one of these"),
    (put("texts", []), "texts", "in braces"),
    (put("texts", "contact", "nobody"), "texts › contact", "address"),
    (put("languages", []), "languages", "at least 1"),
    (put("languages", ["en", "en"]), "languages › 2", "twice"),
    (put("partners", [{"name": {"en": "ICC"}, "logo": "AAAA"}]), "partners › 1 › logo", "no PNG picture"),
    (put("partners", [{"name": {"en": "ICC"}, "link": "javascript:x"}]), "partners › 1 › link", "such as https"),
    (put("version", 2), "version", "version 1"),
    (put("format", "other"), "format", "no file of a call"),
]  # fmt: skip


def test_a_file_that_is_wrong_names_the_place(draft):
    text = text_of(draft)
    for change, where, words in PLACES:
        with pytest.raises(reading.Wrong) as wrong:
            reading.read(changed(text, change))
        told = {p.where: str(p.words) for p in wrong.value.problems}
        assert words in told.get(where, ""), (where, told)


HOSTILE = {
    "nothing": b"", "no text": b"\xff\xfe\x00", "no JSON": b'{"format": ', "a list": b"[]", "a number": b"7",
    "deep": b"[" * 100_000 + b"]" * 100_000, "deep enough to be read": b'{"a":' * 50 + b"1" + b"}" * 50,
    "many": json.dumps({"sections": [{}] * 100_000}).encode(), "large": b" " * 1_500_001,
    "names": json.dumps({str(n): n for n in range(10**5)}).encode(), "no number": b'{"format": NaN}',
    "figures": b'{"format": ' + b"9" * 5000 + b"}", "long name": json.dumps({"x" * 10**6: 1}).encode(),
    "twice": b'{"format": "msme-calls-call", "format": "msme-calls-call"}',
    "unknown": json.dumps({"format": "msme-calls-call", "version": 1} | {f"{n:99}": n for n in range(9999)}).encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_few_words_at_once(name):
    with pytest.raises(reading.Wrong):
        reading.read(b"{}")  # the first one loads what reads it
    started = time.thread_time()
    with pytest.raises(reading.Wrong) as wrong:
        reading.read(HOSTILE[name])
    assert time.thread_time() - started < 1
    told = [f"{p.where}: {p.words}" for p in wrong.value.problems]
    assert 0 < len(told) <= 20 and max(len(t) for t in told) < 300


@pytest.mark.parametrize("name", ["nothing", "deep", "twice"])
def test_a_file_that_is_refused_leaves_the_call_and_the_page(desk, draft, name):
    before = text_of(draft)
    page = send(desk, f"/en/desk/{draft.slug}/file", HOSTILE[name])
    assert page.status == 422
    assert "The file can’t be taken over" in page.text and "Nothing was changed." in page.text
    assert page.form(button="Show what would change")
    db.session.expire_all()
    assert text_of(draft) == before


def test_what_is_wrong_is_told_in_the_readers_language_or_not_at_all_in_another(desk, draft):
    page = send(desk, f"/fr/desk/{draft.slug}/file", changed(text_of(draft), put("texts", "title", "fr", 7)))
    assert page.status == 422 and page.one("html").get("lang") == "fr"
    assert "texts › title › fr" in page.text


def test_no_process_reads_pydantic_before_a_file_is_read():
    """It would cost each web process 15 MB."""
    code = (
        "import sys, msme_calls; msme_calls.create_app; import msme_calls.calls.views; print('pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_logo_goes_along_and_stays_as_it_was_drawn(app, by, tmp_path):
    source = world.call("draft", by=by)
    picture = io.BytesIO()
    Image.effect_noise((200, 80), 90).convert("RGB").save(picture, "PNG")
    picture.seek(0)
    content = partners.Content({"en": "ICC"}, "https://iccwbo.org", uploads.logo(picture, "icc.png"))
    partners.add(source, content, by=by, at=clock.now())
    before = text_of(source)
    file = reading.read(before.encode())
    made = filing.create(file, filing.logos(file), "copy", source.title, "CP", by=by, at=clock.now())
    assert text_of(made) == before
    file.partners[0].logo = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"no picture").decode()
    with pytest.raises(reading.Wrong) as wrong:
        filing.logos(file)
    assert wrong.value.problems[0].where == "partners › 1 › logo"


def test_the_description_of_the_file_is_that_of_its_models():
    from msme_calls.calls.filed import shape

    kept = Path(__file__).parents[2] / "docs" / "call-file.schema.json"
    assert json.loads(kept.read_text("utf-8")) == shape.schema()


def test_every_option_of_every_kind_of_question_has_its_place_in_the_file():
    from msme_calls.calls.filed import shape

    assert {name for kind in questions.KINDS.values() for name in kind.settings} == set(shape.Options.model_fields)
