"""The catalogues of French and Spanish: bring them up to date, compile them, or check that nothing is missing."""

import os
import re
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "msme_calls" / "translations"
LANGUAGES = {"fr": "French", "es": "Spanish"}
KEYWORDS = (
    "_l lazy_gettext lazy_ngettext:1,2 lazy_pgettext:1c,2 lazy_npgettext:1c,2,3 "
    "pgettext:1c,2 npgettext:1c,2,3 ngettext:1,2 N_"
)
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}")


def path_of(language: str) -> Path:
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


def template() -> Catalog:
    """Every text of the code and the templates, as they are now."""
    with tempfile.TemporaryDirectory() as folder:
        pot = Path(folder) / "messages.pot"
        command = [
            "pybabel",
            "--quiet",
            "extract",
            "-F",
            "pyproject.toml",
            "-k",
            KEYWORDS,
            "-c",
            "Translators:",
        ]
        CommandLineInterface().run([*command, "--add-location=file", "--sort-by-file", "-o", str(pot), str(ROOT)])
        with pot.open("rb") as file:
            texts = read_po(file)
    for message in texts:
        message.locations = sorted({(os.path.relpath(name), None) for name, _ in message.locations})
    return texts


def catalogue(language: str) -> Catalog:
    path = path_of(language)
    if not path.exists():
        name = LANGUAGES[language]
        header = {"header_comment": f"# The texts of MSME Calls in {name}.", "project": "MSME Calls", "version": "1"}
        return Catalog(language, **header, last_translator="MSME Calls", language_team=name, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update() -> None:
    """Add new texts, empty; drop those that are gone. Nothing is guessed, so nothing is fuzzy."""
    texts = template()
    for language in LANGUAGES:
        found = catalogue(language)
        created = found.creation_date
        found.update(texts, no_fuzzy_matching=True)
        found.creation_date = created  # or every update would touch the header
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        with path_of(language).open("wb") as file:
            write_po(file, found, ignore_obsolete=True, include_lineno=False, sort_by_file=True, width=100)
        print(f"{language}: {len(found)} texts, {sum(1 for m in found if m.id and not translated(m))} to translate")


def compile_all() -> None:
    for language in LANGUAGES:
        path = path_of(language)
        if path.exists():
            with path.with_suffix(".mo").open("wb") as file:
                write_mo(file, catalogue(language))


def strings(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value or "")]


def translated(message: Message) -> bool:
    return all(strings(message.string))


def same_placeholders(message: Message) -> bool:
    """Each form of a translation may use only, and in sum must use, what the English text offers."""
    offered = {p for text in strings(message.id) for p in PLACEHOLDER.findall(text)}
    used = [set(PLACEHOLDER.findall(text)) for text in strings(message.string)]
    return all(u <= offered for u in used) and set().union(*used) == offered


def faults(language: str, texts: Catalog) -> list[str]:
    found = catalogue(language)
    wanted = {(m.context, str(strings(m.id))) for m in texts if m.id}
    present = {(m.context, str(strings(m.id))): m for m in found if m.id}
    result = [f"{language}: not in the catalogue, run ./dev translate: {text}" for _, text in wanted - present.keys()]
    for key, message in present.items():
        if key not in wanted:
            result.append(f"{language}: no longer used, run ./dev translate: {key[1]}")
        elif message.fuzzy or not translated(message):
            result.append(f"{language}: {'fuzzy' if message.fuzzy else 'not translated'}: {key[1]}")
        elif not same_placeholders(message):
            result.append(f"{language}: placeholders differ: {key[1]}")
    return result


def check() -> int:
    texts = template()
    found = [line for language in LANGUAGES for line in sorted(faults(language, texts))]
    print("\n".join(found[:40] + ([f"… and {len(found) - 40} more"] if len(found) > 40 else [])))
    return 1 if found else 0


if __name__ == "__main__":
    os.chdir(ROOT)  # places of texts are written as from here
    sys.exit({"update": update, "compile": compile_all, "check": check}[sys.argv[1]]())
