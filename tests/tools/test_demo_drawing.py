"""The images of the bookshop."""

from __future__ import annotations

import struct
import zlib

import pytest

from tools.demo.drawing import bar_chart, logo


def chunks(image: bytes) -> dict[bytes, bytes]:
    """The parts of a PNG, their checksums verified."""
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    found, at = {}, 8
    while at < len(image):
        (size,) = struct.unpack_from(">I", image, at)
        kind, data = image[at + 4 : at + 8], image[at + 8 : at + 8 + size]
        (checksum,) = struct.unpack_from(">I", image, at + 8 + size)
        assert checksum == zlib.crc32(kind + data)
        found[kind] = data
        at += 12 + size
    return found


@pytest.mark.parametrize(("values", "width"), [([3, 1, 2], 72), ([], 24), ([0], 24)])
def test_a_chart_has_a_bar_for_each_value(values: list[int], width: int) -> None:
    parts = chunks(bar_chart(values, height=10))
    assert struct.unpack(">II", parts[b"IHDR"][:8]) == (width, 10)
    assert len(zlib.decompress(parts[b"IDAT"])) == 10 * (1 + 3 * width)


def test_the_logo_is_an_image() -> None:
    assert struct.unpack(">II", chunks(logo())[b"IHDR"][:8]) == (50, 32)
