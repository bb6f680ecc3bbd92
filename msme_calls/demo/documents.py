"""Small PDF documents for the proposals of the demonstration: text on white pages, the same bytes each time."""

import io
import textwrap
from collections.abc import Iterable

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, NumberObject

WIDTH, HEIGHT, MARGIN, SIZE, LEADING = 595, 842, 70, 11, 16  # A4, in points
COLUMNS, LINES = 84, (HEIGHT - 2 * MARGIN) // LEADING


def pdf(title: str, paragraphs: Iterable[str], most_pages: int) -> bytes:
    """A document of that title. It names no author, since some reviewers may not know who wrote it."""
    lines = [*textwrap.wrap(title, 60), ""]
    for paragraph in paragraphs:
        lines += [*textwrap.wrap(paragraph, COLUMNS), ""]
    writer = PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
            NameObject("/Encoding"): NameObject("/WinAnsiEncoding"),
        }
    )
    fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
    for first in range(0, min(len(lines), most_pages * LINES), LINES):
        page = writer.add_blank_page(WIDTH, HEIGHT)
        stream = DecodedStreamObject()
        stream.set_data(_drawn(lines[first : first + LINES]))
        page[NameObject("/Contents")] = writer._add_object(stream)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        page[NameObject("/MediaBox")] = ArrayObject(NumberObject(n) for n in (0, 0, WIDTH, HEIGHT))
    writer.add_metadata({"/Title": title})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _drawn(lines: list[str]) -> bytes:
    """The operators that write these lines from the top of a page."""
    start = f"BT /F1 {SIZE} Tf {LEADING} TL {MARGIN} {HEIGHT - MARGIN} Td\n".encode()
    return start + b"".join(_escaped(line) for line in lines) + b"ET\n"


def _escaped(line: str) -> bytes:
    plain = line.replace("\u202f", "\u00a0").encode("cp1252", "replace")
    for special in (b"\\", b"(", b")"):
        plain = plain.replace(special, b"\\" + special)
    return b"(" + plain + b") Tj T*\n"
