"""The glyph avatar of an alias: a hexagon of 24 triangles, mirrored left to right, drawn from bytes alone.

`frontend/ui/glyph.ts` draws the same picture; `tests/architecture/glyph_vectors.json` holds both to it.
Colours are classes (`glyph-h0` … `glyph-h11`, `glyph-t0` … `glyph-t2`), so the style sheet decides them for
light and dark, and no inline style is needed. Units: x in heights, y in half sides of a triangle; the style
sheet gives the picture a width of √3/2 of its height, which makes the triangles equilateral.
"""

from collections.abc import Iterator

from markupsafe import Markup

HUES = 12
TONES = 3
LEAST_BYTES = 14  # one for the hue, one unused, twelve for the triangles of one half


def _half() -> Iterator[tuple[int, int, int]]:
    """The twelve triangles of the right half: x and top of the upright side, and where the tip lies (±1)."""
    for column in (0, 1):
        sides = 4 - column
        for i in range(sides):
            yield column, 2 * i - sides, 1
        for i in range(sides - 1):
            yield column + 1, 2 * i - sides + 1, -1


def _path(x: int, top: int, tip: int) -> str:
    return f"M{x} {top}v2l{tip}-1z"


_PATHS = tuple(_path(x, top, tip) + _path(-x, top, -tip) for x, top, tip in _half())


def glyph_svg(data: bytes, css: str = "glyph") -> Markup:
    """The picture for `data` (at least 14 bytes), as an `<svg>` hidden from assistive technology, because the
    alias's name stands beside it. Raises ValueError for fewer bytes."""
    if len(data) < LEAST_BYTES:
        raise ValueError(f"a glyph needs {LEAST_BYTES} bytes, not {len(data)}")
    tones = [""] * TONES
    for path, byte in zip(_PATHS, data[2:], strict=False):
        tones[byte % TONES] += path
    body = "".join(f'<path class="glyph-t{tone}" d="{d}"/>' for tone, d in enumerate(tones) if d)
    return Markup(  # noqa: S704 - built from numbers and a class name of our own
        f'<svg class="{css} glyph-h{data[0] % HUES}" viewBox="-2 -4 4 8" preserveAspectRatio="none"'
        f' aria-hidden="true" focusable="false">{body}</svg>'
    )
