"""Pictures: without what they say of camera, place and owner, point by point the same."""

import io
import re
import struct
from typing import IO

from PIL import Image, ImageOps

_PNG, _JPEG_START, _JPEG_END = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\xd9"
_NOTES = {b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"dSIG"}
_ORIENTATION = 0x0112
_SVG_NOTES = re.compile(
    rb"<metadata\b.*?</metadata\s*>|<!--.*?-->|"
    rb"\s(?:sodipodi:docname|sodipodi:docbase|inkscape:export-filename)\s*=\s*(?:\"[^\"]*\"|'[^']*')",
    re.DOTALL,
)
_REDRAWN = {"gif": "GIF", "tif": "TIFF", "tiff": "TIFF", "bmp": "BMP", "webp": "WEBP"}


def goes_on(file: IO[bytes]) -> bool:
    """Whether something follows where the picture ends: another file, perhaps."""
    file.seek(0)
    content = file.read()
    if content.startswith(_PNG):
        place = 8
        while place + 8 <= len(content):
            size, name = struct.unpack_from(">I4s", content, place)
            place += 12 + size
            if name == b"IEND":
                return place < len(content)
        return False
    return content.rstrip(b"\x00\r\n")[-2:] != _JPEG_END or b"PK\x05\x06" in content


def without_notes(content: bytes, ending: str) -> bytes:
    """A picture of a document without its notes, by the ending of its name; empty where we don't know how."""
    ending = ending.lower()
    if content.startswith(_JPEG_START):
        return _jpeg(content)
    if content.startswith(_PNG):
        return _png(content)
    if ending in _REDRAWN:
        return _redrawn(content, _REDRAWN[ending])
    if ending == "svg":
        return _SVG_NOTES.sub(b"", content)
    if ending == "emf":
        return _emf(content)
    if ending in ("jp2", "jpx"):
        return _jp2(content)
    return content if ending == "wmf" else b""  # a WMF has no place for notes


def _jpeg(content: bytes) -> bytes:
    """Only what draws: tables and points, how colours are coded, and which side is up."""
    kept, place = [_JPEG_START, _upright(content)], 2
    while place + 4 <= len(content) and content[place] == 0xFF:
        mark = content[place + 1]
        if mark == 0xFF:  # a filler
            place += 1
            continue
        (size,) = struct.unpack_from(">H", content, place + 2)
        after = place + 2 + size
        if not (0xE1 <= mark <= 0xED or mark in (0xEF, 0xFE)):
            kept.append(content[place:after])
        place = after
        if mark == 0xDA:  # the points, to the end
            end = content.rfind(_JPEG_END)
            kept.append(content[place : end + 2] if end > place else content[place:])
            break
    return b"".join(kept)


def _upright(content: bytes) -> bytes:
    """A note that says which side is up, if the picture has one, and nothing else."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            side = picture.getexif().get(_ORIENTATION, 1)
    except Exception:  # the points are kept as they are: whoever can draw them will
        side = 1
    if side not in range(2, 9):
        return b""
    exif = b"Exif\0\0MM\0\x2a\0\0\0\x08" + struct.pack(">HHHIHHI", 1, _ORIENTATION, 3, 1, side, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif


def _png(content: bytes) -> bytes:
    kept, place = [_PNG], 8
    while place + 8 <= len(content):
        size, name = struct.unpack_from(">I4s", content, place)
        if name not in _NOTES:
            kept.append(content[place : place + 12 + size])
        place += 12 + size
        if name == b"IEND":
            break
    return b"".join(kept)


def _redrawn(content: bytes, kind: str) -> bytes:
    out = io.BytesIO()
    with Image.open(io.BytesIO(content)) as original:
        _bare(original).save(out, kind)
    return out.getvalue()


def _emf(content: bytes) -> bytes:
    """The description in its head names the program and the drawing's file."""
    length, place = struct.unpack_from("<II", content, 60)
    end = min(place + 2 * length, len(content)) if length else place
    return content[:place] + bytes(end - place) + content[end:] if 0 < place <= len(content) else content


def _jp2(content: bytes) -> bytes:
    """Its boxes but those for notes; a bare stream of points has none."""
    if not content.startswith(b"\0\0\0\x0cjP"):
        return content
    kept, place = [], 0
    while place + 8 <= len(content):
        size, name = struct.unpack_from(">I4s", content, place)
        size = struct.unpack_from(">Q", content, place + 8)[0] if size == 1 else size or len(content) - place
        if name not in (b"xml ", b"uuid", b"uinf"):
            kept.append(content[place : place + size])
        place += max(size, 8)
    return b"".join(kept)


def _bare(original: Image.Image) -> Image.Image:
    """The points alone, the right side up."""
    upright = ImageOps.exif_transpose(original)
    points = upright.convert("RGBA") if upright.mode == "P" else upright  # its colours lie beside the points
    picture = Image.new(points.mode, points.size)
    picture.paste(points)
    return picture


def redraw(file: IO[bytes], out: IO[bytes]) -> None:
    """A picture drawn anew from its points: nothing else is carried over."""
    with Image.open(file) as original:
        _bare(original).save(out, original.format or "PNG")


def logo(file: IO[bytes], out: IO[bytes], max_bytes: int) -> None:
    """A small picture drawn anew, of at most so many bytes and 320 × 120 points."""
    with Image.open(file) as original:
        picture = original.convert("RGBA")
    for side in (320, 240, 160, 120, 80, 48):
        small, drawn = picture.copy(), io.BytesIO()
        small.thumbnail((side, side * 3 // 8))
        small.quantize(64, method=Image.Quantize.FASTOCTREE).save(drawn, "PNG", optimize=True)
        if drawn.tell() <= max_bytes:
            break
    out.write(drawn.getvalue())
