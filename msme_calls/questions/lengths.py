"""How long a text is, in words and characters: counted as the browser counts them."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from msme_calls.questions.kind import LONGEST

_SINGLE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")  # scripts written without spaces


def words(text: str) -> int:
    """How many words a text has, counted as the browser counts them.

    Runs without white space that hold a letter or a digit count one each (“l’art” and an address are one word);
    each Chinese or Japanese character counts one.
    """
    count = 0
    for run in text.split():
        if run.isascii() and run.isalnum():  # most words
            count += 1
            continue
        single = len(_SINGLE.findall(run))
        rest = _SINGLE.sub("", run)
        count += single + any(unicodedata.category(c)[0] in "LN" for c in rest)
    return count


def length_problems(options: Mapping[str, Any], text: str) -> list[str]:
    """What is wrong with a text's length, if anything."""
    n, found = words(text), []
    if (most := options.get("max_words")) and n > most:
        over = n - most
        found.append(
            ngettext(
                "Shorten the answer: it is %(num)d word too long.",
                "Shorten the answer: it is %(num)d words too long.",
                over,
            )
        )
    if (least := options.get("min_words")) and n < least:
        found.append(
            ngettext("Write at least %(num)d word.", "Write at least %(num)d words.", least)
            + " "
            + ngettext("It has %(num)d word now.", "It has %(num)d words now.", n)
        )
    if len(text) > (most_chars := options.get("max_chars") or LONGEST):
        found.append(_("Shorten the answer to %(most)d characters: it has %(now)d.", most=most_chars, now=len(text)))
    return found


def sample(options: Mapping[str, Any], text: str) -> str:
    """A text made to fit the limits: said again until it is long enough, cut where it is too long."""
    least, most = options.get("min_words") or 0, options.get("max_words") or LONGEST
    said: list[str] = []
    for run in text.split():
        if said and not words(run):
            said[-1] += f"\u00a0{run}"  # a mark that stands alone, as French sets it, is no word
        else:
            said.append(run)
    said = (said * (least // len(said) + 1))[:most]
    return " ".join(said)[: options.get("max_chars") or LONGEST].strip()
