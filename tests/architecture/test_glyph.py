"""The glyph avatar: the same picture from Python and TypeScript (glyph.test.ts reads the same vectors)."""

import json
import re
from pathlib import Path

import pytest

from openmai.web.faces import initials
from openmai.web.glyph import LEAST_BYTES, glyph_svg

VECTORS = json.loads((Path(__file__).parent / "glyph_vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["data"][:8])
def test_picture_of_the_vector(vector: dict[str, object]) -> None:
    svg = str(glyph_svg(bytes.fromhex(str(vector["data"]))))
    tones = dict(re.findall(r'glyph-t(\d)" d="([^"]+)"', svg))
    assert f"glyph-h{vector['hue']}" in svg
    assert [tones.get(str(i), "") for i in range(3)] == vector["tones"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["data"][:8])
def test_all_24_triangles_are_drawn_once(vector: dict[str, object]) -> None:
    triangles = re.findall(r"M[^z]+z", str(glyph_svg(bytes.fromhex(str(vector["data"])))))
    assert len(triangles) == len(set(triangles)) == 24


def test_no_style_gets_in() -> None:
    svg = glyph_svg(bytes(LEAST_BYTES))
    assert "style" not in svg
    assert "fill=" not in svg


def test_too_few_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="14 bytes"):
        glyph_svg(bytes(LEAST_BYTES - 1))


@pytest.mark.parametrize(
    ("name", "shown"),
    [("林晓雨", "晓雨"), ("Maria Keller", "MK"), ("Ada", "A"), ("欧阳 娜", "娜"), (" ", "?")],
)
def test_initials(name: str, shown: str) -> None:
    assert initials(name) == shown
