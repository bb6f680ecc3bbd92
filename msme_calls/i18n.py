"""Languages: the reader's, the address's, and how dates, names and people's words are set in each."""

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_timezone_location
from flask import Flask, g, has_request_context, request
from flask_babel import force_locale, gettext, ngettext, pgettext
from flask_babel import lazy_gettext as _l  # for words written before a language is known, as rules do
from flask_babel.speaklater import LazyString
from markupsafe import escape

from msme_calls import clock
from msme_calls.extensions import LANGUAGES, babel

# Flask-Babel says of every such sentence that it is HTML already, and so of the names and titles put into it.
LazyString.__html__ = lambda self: escape(str(self))

_CONTROLS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # Unicode's Cc and Cs, but tab and line end

MARKS = 256  # accents and the like on one letter; no writing has more than a few
OWN_NAMES = {"en": "English", "fr": "Français", "es": "Español"}
NAMES = {"en": _l("English"), "fr": _l("French"), "es": _l("Spanish")}
PREFIX = "/<any(en,fr,es):lang>"  # every page for people lives below its language

# Month in words, 24-hour clock, no-break spaces inside an hour (terms and look).
_PATTERNS = {
    "instant": {
        "en": "EEE d MMMM y, HH:mm",
        "fr": "EEEE d MMMM y 'à' H '\u00a0h\u00a0' mm",
        "es": "EEEE d 'de' MMMM 'de' y, 'a las' HH:mm",
    },
    "second": {
        "en": "d MMMM y, HH:mm:ss",
        "fr": "d MMMM y 'à' H '\u00a0h\u00a0' mm '\u00a0min\u00a0' ss '\u00a0s'",
        "es": "d 'de' MMMM 'de' y, 'a las' HH:mm:ss",
    },
    "day": {"en": "d MMMM y", "fr": "d MMMM y", "es": "d 'de' MMMM 'de' y"},
    "short_day": {"en": "d MMMM", "fr": "d MMMM", "es": "d 'de' MMMM"},
    "clock_time": {"en": "HH:mm", "fr": "H '\u00a0h\u00a0' mm", "es": "HH:mm"},
}


def language() -> str:
    """The language of the page or mail being written."""
    return g.get("lang") or "en"


def use(lang: str) -> force_locale:
    """Write in another language for a while: `with i18n.use("fr"): …` (mails, exports)."""
    return _Use(lang)


class _Use:
    """Sets both the catalogue and our own idea of the language, and puts the former back."""

    def __init__(self, lang: str) -> None:
        self.lang, self.locale = lang, force_locale(lang)

    def __enter__(self) -> None:
        self.former = g.get("lang")
        g.lang = self.lang
        self.locale.__enter__()

    def __exit__(self, *exception: object) -> None:
        self.locale.__exit__(*exception)
        g.lang = self.former


def pick(
    value: Mapping[str, str] | None, lang: str | None = None, order: tuple[str, ...] = LANGUAGES
) -> tuple[str, str]:
    """A Translated value in a language, else in the first that has it: (text, language of the text)."""
    lang, value = lang or language(), value or {}
    for code in (lang, *order):
        if value.get(code):
            return value[code], code
    return "", lang


def said(value: Mapping[str, str] | None, lang: str | None = None) -> str:
    """A Translated value in a language (or the first that has it), as plain text."""
    return pick(value, lang)[0]


def folded(text: str) -> str:
    """Text without case, accents and doubled spaces, to compare and sort names by."""
    plain = unicodedata.normalize("NFKD", thinned(text.casefold()))
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def normal(text: str) -> str:
    """Text as it is kept: NFC, Unix line ends, no control characters but tab and line end, trimmed."""
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", thinned(text)).strip()


def thinned(text: str) -> str:
    """Text whose letters have at most 256 marks each, to be normalised.

    Marks are sorted for it one by one: of a million of them on one letter, for an hour, while all others wait.
    """
    return text if len(text) <= MARKS or text.isascii() else _crowds().sub(lambda crowd: crowd[0][:MARKS], text)


@cache
def _crowds() -> re.Pattern[str]:
    marks = [c for c in map(chr, range(0x300, 0x1F000)) if unicodedata.combining(unicodedata.normalize("NFKD", c)[0])]
    return re.compile(f"[{''.join(marks)}]{{{MARKS + 1},}}")


def written(instant: datetime, zone: str, pattern: str = "instant") -> str:
    """An instant as people write it in this language, in a zone. Patterns: see `_PATTERNS`."""
    text = format_datetime(instant, _PATTERNS[pattern][language()], tzinfo=ZoneInfo(zone), locale=language())
    return _first(text.replace(" \u00a0", "\u00a0").replace("\u00a0 ", "\u00a0"))


def short_day(instant: datetime, zone: str) -> str:
    """A day as people write it where the year goes without saying; in another year than this one it is named."""
    its, ours = (moment.astimezone(ZoneInfo(zone)).year for moment in (instant, clock.now()))
    return written(instant, zone, "short_day" if its == ours else "day")


def date_words(value: date) -> str:
    """A day without a time, as people write it in this language."""
    return _first(format_date(value, _PATTERNS["day"][language()], locale=language()))


def _first(text: str) -> str:
    """French says “1er” of the first day of a month, where Babel has “1”."""
    return re.sub(r"(^| )1 (?=[^\W\d])", r"\g<1>1er ", text, count=1) if language() == "fr" else text


def zone_name(instant: datetime, zone: str) -> str:
    """The zone as people say it: “Geneva time (UTC+1)”."""
    if zone == "UTC":
        return gettext("UTC time")
    offset = instant.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    hours, minutes = divmod(abs(int(offset.total_seconds())) // 60, 60)
    sign = "−" if offset < timedelta() else "+"
    utc = "UTC" + (f"{sign}{hours}" + (f":{minutes:02}" if minutes else "") if offset else "")
    text = gettext("%(city)s time (%(utc)s)", city=city(zone), utc=utc)
    return re.sub(r"\bde (?=[AEIOUÉÎÔ])", "d’", text) if language() == "fr" else text  # heure d’Abidjan


def city(zone: str) -> str:
    """The name of a zone's city in this language; the organisation's own zone is Geneva's."""
    if zone == "Europe/Zurich":
        return pgettext("city", "Geneva")
    return "UTC" if zone == "UTC" else get_timezone_location(ZoneInfo(zone), locale=language(), return_city=True)


def left(until: datetime, at: datetime) -> str:
    """Time left in words: days and hours above two days, then hours and minutes, minutes in the last hour."""
    minutes = max(0, -int((at - until).total_seconds() // 60))
    days, hours = divmod(minutes // 60, 24)
    if minutes >= 2 * 24 * 60:
        parts = [_days(days)] + ([_hours(hours)] if hours else [])
    elif minutes >= 60:
        parts = [_hours(minutes // 60)] + ([_minutes(minutes % 60)] if minutes % 60 else [])
    else:
        parts = [_minutes(minutes)]
    return gettext("%(more)s and %(less)s", more=parts[0], less=parts[1]) if len(parts) == 2 else parts[0]


def _days(n: int) -> str:
    return ngettext("%(num)d day", "%(num)d days", n)


def _hours(n: int) -> str:
    return ngettext("%(num)d hour", "%(num)d hours", n)


def _minutes(n: int) -> str:
    return ngettext("%(num)d minute", "%(num)d minutes", n)


@cache
def economies(lang: str) -> dict[str, str]:
    """Names of economies by code, in the order of this language's alphabet (the WTO's names first, then CLDR's)."""
    rows = json.loads((Path(__file__).parent / "data" / "economies.json").read_text("utf-8"))
    return {r["code"]: r[lang] for r in sorted(rows, key=lambda r: folded(r[lang]))}


def economy(code: str | None) -> str:
    """The name of an economy in this language; an unknown code stays as it is."""
    return economies(language()).get(code or "", code or "")


def language_name(code: str) -> str:
    """A language's name in the reader's language."""
    return str(NAMES.get(code, code))


def language_label(code: str) -> str:
    """The same as a label or an answer by itself: French and Spanish begin it with a capital."""
    name = language_name(code)
    return name[:1].upper() + name[1:]


def join(words: list[str]) -> str:
    """“a, b and c” in this language."""
    if len(words) < 2:
        return "".join(words)
    return gettext("%(first)s and %(last)s", first=", ".join(words[:-1]), last=words[-1])


def _choose() -> str:
    """The address's language; where it names none, the browser's wish."""
    if not has_request_context():
        return g.get("lang") or "en"
    first = request.path.split("/", 2)[1]
    return first if first in LANGUAGES else (request.accept_languages.best_match(LANGUAGES) or "en")


def init_app(app: Flask) -> None:
    """Take the language from the address, and put it into every address that is made."""
    babel.init_app(
        app,
        default_locale="en",
        default_timezone="UTC",
        locale_selector=language,
        default_translation_directories=str(Path(__file__).parent / "translations"),
    )

    @app.before_request
    def language_of_request() -> None:
        g.lang = _choose()

    @app.url_value_preprocessor
    def take(endpoint: str | None, values: dict[str, object] | None) -> None:
        if values:
            values.pop("lang", None)

    @app.url_defaults
    def put(endpoint: str, values: dict[str, object]) -> None:
        if "lang" not in values and app.url_map.is_endpoint_expecting(endpoint, "lang"):
            values["lang"] = language()
