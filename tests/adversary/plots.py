"""Rank distributions as SVG: a panel for each attack, the share of authors found within the first so many."""

from collections.abc import Sequence
from html import escape
from textwrap import wrap
from typing import Final

import numpy as np
from tests.adversary.judge import Verdict

WIDTH: Final = 240
HEIGHT: Final = 246
COLUMNS: Final = 4
_LEFT: Final = 50
_TOP: Final = 64
_SIDE: Final = 150
_STEPS: Final = 60
# Letters in a line of a panel's title, which has three.
_LINE: Final = 28
# The attack lies on the ideal where it gains nothing: a broad line shows below it.
_IDEAL: Final = ("#a8c7fa", 6.0)
_REAL: Final = ("#c5221f", 1.6)
_CHANCE: Final = ("#9aa0a6", 1.0)


def panels(verdicts: Sequence[Verdict], *, title: str) -> str:
    """One picture. Broken: chance; broad and blue: the ideal attacker; red: the attack."""
    rows = -(-len(verdicts) // COLUMNS)
    width, height = WIDTH * COLUMNS, HEIGHT * rows + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="system-ui, sans-serif" font-size="11" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="12" y="22" font-size="14" font-weight="600">{escape(title)}</text>',
        *_legend(width),
    ]
    for number, verdict in enumerate(verdicts):
        x, y = number % COLUMNS * WIDTH, number // COLUMNS * HEIGHT + 40
        parts += [f'<g transform="translate({x} {y})">', *_panel(verdict), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def _legend(width: int) -> list[str]:
    found = []
    for place, ((colour, thick), words) in enumerate(
        ((_CHANCE, "chance"), (_IDEAL, "ideal"), (_REAL, "this attack"))
    ):
        x = width - 290 + place * 90
        broken = ' stroke-dasharray="3 3"' if words == "chance" else ""
        found.append(
            f'<line x1="{x}" y1="18" x2="{x + 18}" y2="18" stroke="{colour}" stroke-width="{thick}"{broken}/>'
        )
        found.append(f'<text x="{x + 23}" y="22">{words}</text>')
    return found


def _panel(verdict: Verdict) -> list[str]:
    right, bottom = _LEFT + _SIDE, _TOP + _SIDE
    return [
        *_heading(verdict.words),
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#dadce0"/>',
        f'<line x1="{_LEFT}" y1="{bottom}" x2="{right}" y2="{_TOP}" stroke="{_CHANCE[0]}" '
        'stroke-dasharray="3 3"/>',
        _curve(verdict.ranks_ideal, *_IDEAL),
        _curve(verdict.ranks_real, *_REAL),
        f'<text x="{_LEFT}" y="{bottom + 13}">0</text>',
        f'<text x="{right}" y="{bottom + 13}" text-anchor="end">1 rank</text>',
        f'<text x="{_LEFT - 4}" y="{_TOP + 9}" text-anchor="end">100 %</text>',
        f'<text x="{_LEFT - 4}" y="{bottom}" text-anchor="end">0</text>',
    ]


def _heading(words: str) -> list[str]:
    """The last line stands close above the panel."""
    lines = wrap(words, _LINE, max_lines=3, placeholder=" …")
    first = _TOP - 10 - 14 * (len(lines) - 1)
    return [
        f'<text x="{_LEFT}" y="{first + 14 * number}" font-weight="600">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]


def _curve(ranks: "np.ndarray[tuple[int], np.dtype[np.float64]]", colour: str, thick: float) -> str:
    """The share of posts whose author has this rank or a better one."""
    ordered = np.sort(ranks)
    points = []
    for step in range(_STEPS + 1):
        share = float(np.searchsorted(ordered, step / _STEPS, side="right")) / max(len(ordered), 1)
        points.append(f"{_LEFT + step / _STEPS * _SIDE:.1f},{_TOP + (1 - share) * _SIDE:.1f}")
    return f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="{thick}"/>'
