"""Small PNG images, drawn without a library."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

PAPER = (250, 246, 238)
SPINES = ((140, 47, 57), (38, 84, 124), (92, 128, 57), (212, 146, 50), (86, 61, 124))

Colour = tuple[int, int, int]


def png(width: int, height: int, pixels: bytes) -> bytes:
    """An image of 8-bit RGB rows, each of which begins with its filter byte."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def bar_chart(values: Sequence[int], *, height: int = 96, bar: int = 24) -> bytes:
    """One bar for each value, the highest as high as the image."""
    values = values or [0]
    highest = max(*values, 1)
    tops = [height - value * height // highest for value in values]
    rows = bytearray()
    for row in range(height):
        rows.append(0)
        for number, top in enumerate(tops):
            rows += bytes(_colour(number, is_filled=row >= top)) * (bar - 4) + bytes(PAPER) * 4
    return png(len(tops) * bar, height, bytes(rows))


def _colour(number: int, *, is_filled: bool) -> Colour:
    return SPINES[number % len(SPINES)] if is_filled else PAPER


def logo() -> bytes:
    """Five books of different heights."""
    return bar_chart([30, 26, 32, 22, 28], height=32, bar=10)
