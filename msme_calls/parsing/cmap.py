"""Which characters a font has letters for: the part of a TrueType file that says so, and no more of it."""

import struct
from pathlib import Path

_UNICODE = {(0, 3), (0, 4), (0, 6), (3, 1), (3, 10)}  # platform and encoding of tables by Unicode


def covered(path: Path) -> set[int]:
    """The code points of a font's letters; empty if it isn't a font that we know how to ask."""
    content = path.read_bytes()
    try:
        start = _table(content, b"cmap")
        (count,) = struct.unpack_from(">H", content, start + 2)
        found: set[int] = set()
        for n in range(count):
            platform, encoding, offset = struct.unpack_from(">HHL", content, start + 4 + 8 * n)
            if (platform, encoding) in _UNICODE:
                found |= _points(content, start + offset)
    except (struct.error, LookupError):
        return set()
    return found


def _table(content: bytes, tag: bytes) -> int:
    (count,) = struct.unpack_from(">H", content, 4)
    for n in range(count):
        name, _sum, offset, _length = struct.unpack_from(">4sLLL", content, 12 + 16 * n)
        if name == tag:
            return int(offset)
    raise LookupError(tag)


def _points(content: bytes, start: int) -> set[int]:
    (form,) = struct.unpack_from(">H", content, start)
    if form == 12:
        return _groups(content, start)
    return _segments(content, start) if form == 4 else set()


def _groups(content: bytes, start: int) -> set[int]:
    (count,) = struct.unpack_from(">L", content, start + 12)
    found: set[int] = set()
    for n in range(count):
        first, last, _glyph = struct.unpack_from(">LLL", content, start + 16 + 12 * n)
        found.update(range(first, last + 1))
    return found


def _segments(content: bytes, start: int) -> set[int]:
    (double,) = struct.unpack_from(">H", content, start + 6)
    ends, starts, deltas, offsets = (start + 14, start + 16 + double, start + 16 + 2 * double, start + 16 + 3 * double)
    found: set[int] = set()
    for n in range(0, double, 2):
        (last,), (first,) = struct.unpack_from(">H", content, ends + n), struct.unpack_from(">H", content, starts + n)
        (delta,), (offset,) = (struct.unpack_from(">H", content, place + n) for place in (deltas, offsets))
        for point in range(first, last + 1):
            glyph = point
            if offset:
                (glyph,) = struct.unpack_from(">H", content, offsets + n + offset + 2 * (point - first))
            if glyph and (glyph + (delta if not offset else 0)) & 0xFFFF:
                found.add(point)
    return found - {0xFFFF}
