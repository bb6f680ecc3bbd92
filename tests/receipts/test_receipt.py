"""A receipt says what was received and when; whoever changes a byte of it finds that it no longer holds."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import world
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from msme_calls import clock, keys
from msme_calls.extensions import db
from msme_calls.proposals import actions, held, receipts
from msme_calls.proposals.receipts import Finding
from msme_calls.signing import PublicKey, key_set, read_key_set

AT = datetime(2027, 3, 3, 11, 0, 3, 123456, tzinfo=UTC)
FILES = [{"name": "Budget “2027” 中.pdf", "sha256": "cd" * 32, "size": 2_000_000, "question": "document"}]
HELD = keys.Held(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
KEY = PublicKey(HELD.kid, HELD.x, "receipts", AT - timedelta(days=1))


def composed(**changes):
    values = {
        "site": "https://calls.example.org",
        "call": {"slug": "example-2027", "title": world.three("Example"), "zone": "Africa/Nairobi"},
        "reference": "SBC27-7KQ4-M2", "number": 1, "at": AT, "digest": "ab" * 32, "files": FILES, "kid": HELD.kid,
    }  # fmt: skip
    return receipts.composed(**{**values, **changes})


SAID = composed()
TEXT = receipts.signed(SAID, HELD.sign).encode()


def finding(content, *known):
    return receipts.check(content, known or (KEY,)).finding


def test_a_receipt_holds_and_says_what_was_received():
    found = receipts.check(TEXT, [KEY])
    assert (found.finding, found.said, found.received) == (Finding.VALID, SAID, AT)
    assert found.said["files"] == [{"name": "Budget “2027” 中.pdf", "sha256": "cd" * 32, "size": 2_000_000}]


def test_it_is_the_same_receipt_however_its_json_is_laid_out():
    whole = json.loads(TEXT)
    again = json.dumps(dict(reversed(whole.items())), indent=4, ensure_ascii=True).encode()
    assert finding(b"\xef\xbb\xbf\r\n" + again + b"\n") is Finding.VALID


@given(place=st.integers(0, len(TEXT) - 1), byte=st.integers(0, 255))
@example(len(TEXT) - 3, ord("A"))
def test_a_receipt_with_any_byte_changed_no_longer_holds(place, byte):
    """Threat A21."""
    changed = TEXT[:place] + bytes([byte]) + TEXT[place + 1 :]
    found = receipts.check(changed, [KEY])
    assert not found.valid or changed == TEXT


def test_no_byte_at_all_can_be_flipped():
    """Threat A21."""
    for place in range(len(TEXT)):
        for bit in (1, 2, 4, 0x20, 0x80):
            changed = TEXT[:place] + bytes([TEXT[place] ^ bit]) + TEXT[place + 1 :]
            assert not receipts.check(changed, [KEY]).valid, changed[place - 5 : place + 5]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("reference", "SBC27-AAAA-AA"), ("received_at", "2027-03-03T11:00:02.123456Z"), ("digest", "00" * 32),
        ("submission", 2), ("site", "https://calls.example.com"), ("files", []), ("call", SAID["call"] | {"slug": "x"}),
    ],
)  # fmt: skip
def test_another_word_in_any_place_is_found_out(path, value):
    whole = json.loads(TEXT)
    whole["receipt"][path] = value
    assert finding(json.dumps(whole).encode()) is Finding.CHANGED


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("submission", 1.0, None), ("submission", "1", "receipt.submission"),
        ("submission", True, "receipt.submission"),
        ("received_at", "2027-03-03 11:00:03Z", "receipt.received_at"),
        ("received_at", "0001-01-01T00:00:00+23:59", "receipt.received_at"), ("digest", "AB" * 32, "receipt.digest"),
        ("more", 1, "receipt.more"), ("version", 2, "receipt.version"), ("call", [], "receipt.call"),
        ("files", [{**SAID["files"][0], "size": -1}], "receipt.files[0].size"),
    ],
)  # fmt: skip
def test_what_no_receipt_of_ours_says_is_named(path, value, where):
    whole = json.loads(TEXT)
    whole["receipt"][path] = value
    found = receipts.check(json.dumps(whole).encode(), [KEY])
    expected = Finding.NO_RECEIPT if where is None else Finding.CHANGED  # no program writes 1.0 for 1
    assert (found.finding, found.where) == (expected, where or "")


def test_a_part_that_is_missing_is_named():
    for name in SAID:
        if name != "format":
            whole = json.loads(TEXT)
            del whole["receipt"][name]
            assert receipts.check(json.dumps(whole).encode(), [KEY]).where == f"receipt.{name}"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"null", b'"receipt"', b"\xff\xfe", b"%PDF-1.7\nstream\nnothing", b"[" * 100_000,
        b'{"a":NaN}',
        b'{"receipt":{"format":"msme-calls-result"}}', TEXT.replace(b'{"receipt"', b'{"receipt":{},"receipt"'),
    ],
)  # fmt: skip
def test_what_is_no_receipt_is_said_to_be_none(content):
    assert finding(content) is Finding.NO_RECEIPT


NAMES = st.sampled_from(["receipt", "signature", "format", "files", "x"])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
)


@given(st.binary(max_size=300) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_nothing_that_is_sent_makes_the_check_fail(content):
    """Threat B14."""
    assert finding(content) in (Finding.NO_RECEIPT, Finding.CHANGED)


def test_a_lone_half_of_a_letter_is_no_text_that_was_signed():
    assert finding(TEXT.replace(b"example-2027", b"\\ud800")) is Finding.CHANGED


def test_the_key_of_results_signs_no_receipt():
    """Threat A21: each key signs one thing alone."""
    of_results = PublicKey(HELD.kid, HELD.x, "results", KEY.since)
    assert finding(TEXT, of_results) is Finding.NOT_OURS


def test_a_key_that_only_says_it_is_ours_is_not():
    other = keys.Held(Ed25519PrivateKey.from_private_bytes(bytes(32)))
    assert finding(receipts.signed(composed(kid=other.kid), other.sign).encode()) is Finding.NOT_OURS
    assert finding(receipts.signed(SAID, other.sign).encode()) is Finding.CHANGED, "under the name of ours"


@pytest.mark.parametrize(("seconds", "expected"), [(-1, Finding.RETIRED), (0, Finding.VALID), (1, Finding.VALID)])
def test_a_key_out_of_use_holds_for_what_came_before(seconds, expected):
    until = AT + timedelta(seconds=seconds)
    assert finding(TEXT, PublicKey(KEY.kid, KEY.x, "receipts", KEY.since, until)) is expected


def test_a_set_of_keys_can_be_kept_as_a_file_and_names_no_key_for_another():
    found = read_key_set(json.dumps(key_set([KEY])).encode())
    assert found == [KEY]
    forged = key_set([KEY])
    forged["keys"][0]["x"] = keys.Held(Ed25519PrivateKey.from_private_bytes(bytes(32))).x
    with pytest.raises(ValueError):
        read_key_set(json.dumps(forged).encode())


def test_each_submission_has_a_receipt_signed_in_the_same_act(version):
    found = receipts.check(version.receipt.encode(), [k.public for k in keys.known()])
    assert found.valid
    assert (found.said["reference"], found.said["submission"]) == (version.proposal.reference, 1)
    assert (found.received, found.said["digest"]) == (version.submitted_at, version.digest)
    assert [f["sha256"] for f in found.said["files"]] == [f["sha256"] for f in version.files]


def test_a_receipt_names_nobody(version):
    """It may be shown around."""
    owner = version.proposal.owner
    assert not any(words in version.receipt for words in (owner.name, owner.email, str(owner.id)))


def test_a_submission_counts_also_where_no_key_can_be_had(app):
    folder = app.settings.data / "keys"
    folder.write_text("in the way")
    draft = world.draft(world.call("open"))
    version = actions.submit(draft, "k", by=draft.owner, at=clock.now())
    db.session.commit()
    assert (version.number, version.receipt) == (1, None)


def test_all_that_is_held_of_her_has_her_receipts_as_they_were_signed(version):
    [whole] = [held._whole(proposal) for proposal in held._owned(version.proposal.owner)]
    assert [v["receipt"] for v in whole["versions"]] == [json.loads(version.receipt)]
