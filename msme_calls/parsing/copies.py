"""Copies of a file for others than its sender: without what acts, and for blind reviewers without who made it."""

from typing import IO, Any

from msme_calls.parsing import pdf, pictures, word


def plain(file: IO[bytes], kind: str, out: IO[bytes]) -> dict[str, Any]:
    """The same pages and words, without what acts by itself, other files, and what follows its end."""
    {"pdf": pdf.plain, "docx": word.plain, "png": pictures.redraw, "jpg": pictures.redraw}[kind](file, out)
    return {}


def neutral(file: IO[bytes], kind: str, out: IO[bytes]) -> dict[str, Any]:
    """The same, and without what they say of who made them."""
    {"pdf": pdf.neutral, "docx": word.neutral, "png": pictures.redraw, "jpg": pictures.redraw}[kind](file, out)
    return {}


def logo(file: IO[bytes], max_bytes: int, out: IO[bytes]) -> dict[str, Any]:
    """A partner's logo, drawn anew and made small."""
    pictures.logo(file, out, max_bytes)
    return {}
