"""PDFs made from our templates by typst: people's words come in as data, are never read as markup, and never fail.

The fonts that come along draw Latin, Greek, Cyrillic and Arabic letters. What they can't draw stands as its code,
like ‹U+4E2D›, and the document says so; further fonts are used once their `fontpkg-…` package is installed.
"""

import json
import os
import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from msme_calls.parsing import cmap

FIRST = ("Noto Sans", "Noto Sans Arabic")
_ALLOWED = set("\n\t")
_DROPPED = re.compile("[\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]")  # choose a form of a letter that we may not have
_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f]")  # drawn by no font, and need none


def font_folders() -> list[Path]:
    """The folders of the installed `fontpkg-…` packages."""
    found = {folder for place in sys.path if place for folder in Path(place).glob("fontpkg_*/files")}
    return sorted(found)


@lru_cache(maxsize=1)
def _drawn() -> frozenset[int]:
    files = (file for folder in font_folders() for file in sorted(folder.glob("*.[ot]tf")))
    return frozenset().union(*(cmap.covered(file) for file in files if "Italic" not in file.name))


class Letters:
    """Makes words drawable, and remembers whether something of them couldn't be."""

    def __init__(self, drawn: Iterable[int]) -> None:
        self.drawn, self.missing = drawn, False

    def of(self, value: Any) -> Any:
        """The same value with a code in place of each character that no font draws."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self.of(v) for v in value]
        return {k: self.of(v) for k, v in value.items()} if isinstance(value, dict) else value

    def _text(self, text: str) -> str:
        if text.isascii() and text.isprintable():
            return text
        text = _DROPPED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        return "".join(c if self._has(c) else self._code(c) for c in text)

    def _has(self, letter: str) -> bool:
        if letter < " " or "\x7f" <= letter < "\xa0":
            return letter in _ALLOWED
        return ord(letter) in self.drawn or _UNSEEN.match(letter) is not None

    def _code(self, letter: str) -> str:
        self.missing = True
        return f"‹U+{ord(letter):04X}›"


def typeset(file: IO[bytes], root: str, name: str, out: IO[bytes]) -> dict[str, Any]:
    """Make a PDF of the template `name` in the folder `root` from the JSON in `file`; `raw` of it is left as it is.

    The same data give the same bytes. Says whether it keeps to PDF/UA, and whether characters could not be drawn.
    """
    os.environ.setdefault("RAYON_NUM_THREADS", "1")  # each thread's memory counts
    import typst

    data, letters = json.load(file), Letters(_drawn())
    raw = data.pop("raw", {})
    data = letters.of(data) | {"raw": raw, "missing": letters.missing}
    fonts = typst.Fonts(False, False, [str(folder) for folder in font_folders()])
    families = sorted({font.family for font in fonts.fonts()}, key=lambda f: (f not in FIRST, f != FIRST[0], f))
    compiler = typst.Compiler(
        Path(root, f"{name}.typ"),
        root=root,
        font_paths=fonts,
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data), "fonts": json.dumps(families)},
    )
    try:  # PDF/UA: what readers for the blind rely on
        made, accessible = compiler.compile(format="pdf", timestamp=0, pdf_standards="ua-1"), True
    except typst.TypstError as error:
        if "PDF/UA" not in error.message:  # our template is at fault
            raise
        made, accessible = compiler.compile(format="pdf", timestamp=0), False
    out.write(made if isinstance(made, bytes) else b"")
    return {"accessible": accessible, "missing": letters.missing}
