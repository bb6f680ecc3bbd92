"""What a file is: readable or not, how many pages, and what it holds beside what is read."""

import codecs
import io
import zipfile
from typing import IO, Any

from PIL import Image

from msme_calls.parsing import Fault, pdf, pictures, word

MOST_POINTS = 40_000_000
_CODECS = ("ascii", "latin-1", "cp1252", "cp437", "mac-roman", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "idna",
           "utf-32", "charmap", "hex", "zlib", "raw-unicode-escape", "unicode-escape")  # fmt: skip


def learn(file: IO[bytes], kind: str) -> dict[str, Any]:
    """Pages (if it has any), and `found`: what it holds that nobody but its sender is given. Raises Fault."""
    pages, found = {"pdf": _pdf, "docx": _word, "png": _picture, "jpg": _picture}[kind](file)
    return {"pages": pages, "found": sorted(found)}


def warm() -> None:
    """Load all that a child may need: it can open no file, nor a module."""
    Image.init()
    Image.MAX_IMAGE_PIXELS = None  # ours is lower, and has a sentence
    for name in _CODECS:
        codecs.lookup(name)
    pdf.warm()
    out = io.BytesIO()
    pdf.blank(out)
    _pdf(out)  # what a first reading makes is made once, not by each child


def _pdf(file: IO[bytes]) -> tuple[int, set[str]]:
    pages = pdf.pages(file)
    found = pdf.found(file)
    return pages, found | ({"more"} if _is_also_zip(file) else set())


def _is_also_zip(file: IO[bytes]) -> bool:
    file.seek(0)
    return zipfile.is_zipfile(file)


def _word(file: IO[bytes]) -> tuple[None, set[str]]:
    return None, word.found(file)


def _picture(file: IO[bytes]) -> tuple[None, set[str]]:
    with Image.open(file) as image:
        if image.width * image.height > MOST_POINTS:
            raise Fault("points")
        image.load()
    return None, {"more"} if pictures.goes_on(file) else set()
