"""Two texts compared word by word: nothing of either is lost, what changed is said, and nobody can make it last."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from msme_calls.proposals.comparing import Piece, Steps, lists, words

BITS = st.lists(
    st.sampled_from(["art", "l’art", "e-mail", " ", "  ", "\n", "\n\n", ".", "é", "中", "a", "b"]), max_size=40
)
TEXTS = BITS.map("".join)


def told(former, now):
    return [(piece.mark, piece.text) for piece in words(former, now)]


def both(pieces):
    """The former and the later text, put together from the pieces."""
    former, now = ("".join(p.text for p in pieces if p.mark in ("same", mark)) for mark in ("gone", "new"))
    return former, now


@given(former=TEXTS, now=TEXTS)
@example(" ", "")
@example("a ", "b ")
@example("a b", "a  b")
def test_gone_and_same_is_the_former_text_new_and_same_the_later_one(former, now):
    pieces = words(former, now)
    assert both(pieces) == (former, now)
    assert all(piece.text for piece in pieces)
    assert all(one.mark != next_one.mark for one, next_one in zip(pieces, pieces[1:], strict=False))


@given(former=st.text(max_size=60), now=st.text(max_size=60))
def test_the_same_of_any_letters(former, now):
    assert both(words(former, now)) == (former, now)


def test_a_word_that_changed_is_told_alone():
    assert told("We sell art in Kenya.", "We sell crafts in Kenya.") == [
        ("same", "We sell "), ("gone", "art"), ("new", "crafts"), ("same", " in Kenya."),
    ]  # fmt: skip


def test_words_that_changed_one_after_the_other_are_read_as_one_change():
    assert told("We had ten good shops here.", "We had two new places here.") == [
        ("same", "We had "), ("gone", "ten good shops"), ("new", "two new places"), ("same", " here."),
    ]  # fmt: skip


def test_the_same_text_is_one_piece_and_nothing_is_none():
    assert (words("", ""), words("As it was.", "As it was.")) == ([], [Piece("same", "As it was.")])
    assert (told("", "New."), told("Old.", "")) == ([("new", "New.")], [("gone", "Old.")])


HOSTILE = {
    "one word": ("a " * 20_000, "b " + "a " * 19_000 + "c"),
    "two words": ("a b " * 10_000, "b a " * 10_000 + "x"),
    "lines": ("a\n" * 20_000, "b\n" + "a\n\n" * 9_000),
    "blanks": ("\n \n" * 9_000 + "x", " \n\n" * 9_000),
    "many words": (" ".join(f"w{n % 400}" for n in range(9_000)), " ".join(f"w{n * 7 % 401}" for n in range(9_000))),
    "ties at the limit": ("".join(f"a x{n} " for n in range(220)), "".join(f"a y{n} " for n in range(220))),
    "ties": ("".join(f"a x{n} " for n in range(1_000)), "".join(f"a y{n} " for n in range(1_000))),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_texts_made_to_last_do_not_last(name):
    """Who compares his own versions can’t keep the server busy with them."""
    former, now = HOSTILE[name]
    began = time.process_time()
    assert both(words(former, now)) == (former, now)
    assert time.process_time() - began < 3


def test_a_page_of_texts_made_to_last_does_not_last():
    """Each of them alone could take its second or two: all of a page share what one may take."""
    steps, began = Steps(), time.process_time()
    for former, now in 5 * list(HOSTILE.values()):
        assert both(words(former, now, steps)) == (former, now)
        rows = lists(former.split(), now.split()[:500], steps)
        assert "".join(p.text for row in rows for p in row if p.mark != "gone") == "".join(now.split()[:500])
    assert time.process_time() - began < 5
    assert [p.mark for p in words("We sell art here.", "We sell crafts here.", steps)] == [
        "same",
        "gone",
        "new",
        "same",
    ]


def test_long_texts_are_compared_by_paragraph_and_inside_by_words():
    line = "Paragraph %d of the text says the same as the one before it, and the one after."
    former = "\n".join(line % n for n in range(700))
    now = former.replace("Paragraph 350 of", "Section 350 of").replace("Paragraph 2 of", "Part 2 of")
    assert [(mark, text) for mark, text in told(former, now) if mark != "same"] == [
        ("gone", "Paragraph"), ("new", "Part"), ("gone", "Paragraph"), ("new", "Section"),
    ]  # fmt: skip


def test_rows_that_stay_come_and_go():
    rows = lists(["May · Fair", "June · Sale"], ["May · Fair", "July · Sale", "August"])
    told = [[(p.mark, p.text) for p in row] for row in rows]
    assert told == [
        [("same", "May · Fair")],
        [("gone", "June"), ("new", "July"), ("same", " · Sale")],
        [("new", "August")],
    ]
