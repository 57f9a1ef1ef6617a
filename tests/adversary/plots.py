"""Rank distributions as SVG: a panel for each attack, the share of authors found within the first so many."""

from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np
from tests.adversary.judge import Verdict

WIDTH: Final = 230
HEIGHT: Final = 210
COLUMNS: Final = 4
_LEFT: Final = 34
_TOP: Final = 34
_SIDE: Final = 150
_STEPS: Final = 60


def panels(verdicts: Sequence[Verdict], *, title: str) -> str:
    """One picture. Grey: chance; blue: the ideal attacker; red: the attack."""
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
    for place, (colour, words) in enumerate(
        (("#9aa0a6", "chance"), ("#1a56c4", "ideal"), ("#c5221f", "this attack"))
    ):
        x = width - 290 + place * 90
        found.append(f'<line x1="{x}" y1="18" x2="{x + 18}" y2="18" stroke="{colour}" stroke-width="2"/>')
        found.append(f'<text x="{x + 23}" y="22">{words}</text>')
    return found


def _panel(verdict: Verdict) -> list[str]:
    right, bottom = _LEFT + _SIDE, _TOP + _SIDE
    return [
        f'<text x="{_LEFT}" y="18" font-weight="600">{escape(verdict.name.replace("_", " "))}</text>',
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#dadce0"/>',
        f'<line x1="{_LEFT}" y1="{bottom}" x2="{right}" y2="{_TOP}" stroke="#9aa0a6" '
        'stroke-dasharray="3 3"/>',
        _curve(verdict.ranks_ideal, "#1a56c4"),
        _curve(verdict.ranks_real, "#c5221f"),
        f'<text x="{_LEFT}" y="{bottom + 13}">0</text>',
        f'<text x="{right}" y="{bottom + 13}" text-anchor="end">1 rank</text>',
        f'<text x="{_LEFT - 4}" y="{_TOP + 9}" text-anchor="end">100 %</text>',
        f'<text x="{_LEFT - 4}" y="{bottom}" text-anchor="end">0</text>',
    ]


def _curve(ranks: "np.ndarray[tuple[int], np.dtype[np.float64]]", colour: str) -> str:
    """The share of posts whose author has this rank or a better one."""
    ordered = np.sort(ranks)
    points = []
    for step in range(_STEPS + 1):
        share = float(np.searchsorted(ordered, step / _STEPS, side="right")) / max(len(ordered), 1)
        points.append(f"{_LEFT + step / _STEPS * _SIDE:.1f},{_TOP + (1 - share) * _SIDE:.1f}")
    return f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
