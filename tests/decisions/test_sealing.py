"""The sealed result is the same bytes for the same result, other bytes for any other, and leads back to itself."""

import dataclasses
import hashlib
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msme_calls.decisions import sealing
from msme_calls.decisions.sealing import Answer, Asked, Broken, Entry, Result, Rule

nfc = st.text(st.characters(codec="utf-8"), max_size=20).map(lambda text: unicodedata.normalize("NFC", text))
words = st.dictionaries(st.sampled_from(["en", "fr", "es"]), nfc, max_size=3)
instants = st.integers(0, 2**32).map(lambda n: datetime(2021, 1, 1, tzinfo=UTC) + timedelta(seconds=n / 8))
numbers = st.integers(0, 10**6)
values = st.one_of(nfc, st.lists(nfc, max_size=3), st.lists(st.dictionaries(nfc, nfc, max_size=2), max_size=2))
questions = st.builds(
    Asked, nfc, nfc, words, st.dictionaries(nfc, st.lists(words, max_size=2), max_size=2), st.booleans()
)
entries = st.builds(
    Entry, nfc, st.sampled_from(["winner", "runner-up", "selected"]), words, words, words, nfc, nfc, nfc,
    st.lists(st.builds(Answer, questions, values), max_size=2).map(tuple),
)  # fmt: skip
results = st.builds(
    Result, slug=nfc, kind=nfc, prefix=nfc, title=words, theme=words, languages=st.lists(nfc, max_size=3).map(tuple),
    zone=nfc, result_at=instants, sealed_at=instants,
    criteria=st.lists(st.builds(Rule, nfc, words, st.integers(1, 100), st.integers(1, 10)), max_size=3).map(tuple),
    tie_breaks=st.lists(nfc, max_size=2).map(tuple), winners=numbers, runners_up=numbers, reviews_per_proposal=numbers,
    received=numbers, economies=numbers, entries=st.lists(entries, max_size=3).map(tuple),
    others=st.lists(nfc, max_size=3).map(tuple), history_seq=numbers, history_hash=nfc, nonce=nfc,
)  # fmt: skip


@given(results)
def test_what_is_sealed_can_be_read_back_whole(result):
    content = sealing.seal_bytes(result)
    assert sealing.open_sealed(content, sealing.digest(content)) == result
    assert sealing.seal_bytes(sealing.open_result(content)) == content
    assert b"\n" not in content, "one line, so that a copy has the same fingerprint"


@given(results, st.sampled_from([f.name for f in dataclasses.fields(Result)]), results)
def test_another_result_has_another_fingerprint(result, field, other):
    changed = dataclasses.replace(result, **{field: getattr(other, field)})
    same = sealing.digest(sealing.seal_bytes(changed)) == sealing.digest(sealing.seal_bytes(result))
    assert same == (changed == result)


@given(results, st.data())
def test_one_changed_byte_is_noticed(result, data):
    content = sealing.seal_bytes(result)
    place = data.draw(st.integers(0, len(content) - 1))
    tampered = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    with pytest.raises(Broken):
        sealing.open_sealed(tampered, sealing.digest(content))


def example(**changes) -> Result:
    base = {f.name: {} for f in dataclasses.fields(Result) if "Words" in str(f.type)}
    at = datetime(2027, 6, 27, 8, tzinfo=UTC)
    tuples = dict.fromkeys(("languages", "criteria", "tie_breaks", "entries", "others"), ())
    numbers = dict.fromkeys(
        ("winners", "runners_up", "reviews_per_proposal", "received", "economies", "history_seq"), 0
    )
    texts = dict.fromkeys(("slug", "kind", "prefix", "zone", "history_hash", "nonce"), "")
    words = {"title": {"en": "Example"}, "theme": {}}
    return Result(**{**base, **tuples, **numbers, **texts, **words, "result_at": at, "sealed_at": at, **changes})


def test_the_fingerprint_is_what_sha256sum_prints():
    content = sealing.seal_bytes(example())
    assert sealing.digest(content) == hashlib.sha256(content).hexdigest()
    assert content.startswith(b'{"call":{"kind":"","languages":[],"prefix":"","slug":""')


def test_accents_written_in_two_ways_are_the_same_bytes():
    composed, decomposed = example(title={"fr": "Été"}), example(title={"fr": "E\u0301te\u0301"})
    assert sealing.seal_bytes(composed) == sealing.seal_bytes(decomposed)


def test_the_same_instant_in_another_zone_is_the_same_bytes():
    from zoneinfo import ZoneInfo

    utc = datetime(2027, 6, 27, 8, tzinfo=UTC)
    geneva = utc.astimezone(ZoneInfo("Europe/Zurich"))
    assert sealing.seal_bytes(example(result_at=utc)) == sealing.seal_bytes(example(result_at=geneva))
    assert sealing.seal_bytes(example(result_at=utc + timedelta(microseconds=1))) != sealing.seal_bytes(example())


@pytest.mark.parametrize("value", [1.5, {1: "a"}, {"a": b"b"}, object(), [float("nan")]])
def test_what_two_programs_could_write_differently_is_refused(value):
    with pytest.raises(ValueError, match="canonical"):
        sealing.canonical(value)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b"\xff", b'{"format":"msme-calls-result","version":2}']
)
def test_bytes_of_another_format_are_not_a_result(content):
    with pytest.raises(Broken):
        sealing.open_result(content)


def test_a_commitment_tells_its_applicant_and_nobody_else():
    secret = "ab" * 32
    own = sealing.salt(secret, "EX-1")
    said = sealing.commitment(own, "EX-1", "not-selected")
    assert said == hashlib.sha256(f"{own}:EX-1:not-selected".encode()).hexdigest()
    assert said != sealing.commitment(own, "EX-1", "shortlisted")
    assert own not in (sealing.salt(secret, "EX-2"), sealing.salt("cd" * 32, "EX-1"))
