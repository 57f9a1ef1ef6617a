"""Seasons: whole spans of 90 days since 1970-01-01 (UTC). A secret belongs to one."""

import re
from dataclasses import dataclass
from typing import Final

SEASON_SECONDS: Final = 90 * 86_400
SEASON_PATTERN: Final = re.compile(r"s(?:0|[1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class Season:
    """`starts` inclusive, `ends` exclusive, both Unix seconds."""

    id: str
    starts: int
    ends: int


def season_at(unix_seconds: int) -> Season:
    """The season that a moment lies in; raises `ValueError` for moments before 1970."""
    if unix_seconds < 0:
        raise ValueError("seasons begin in 1970")
    number = unix_seconds // SEASON_SECONDS
    return Season(id=f"s{number}", starts=number * SEASON_SECONDS, ends=(number + 1) * SEASON_SECONDS)


def season_called(season_id: str) -> Season:
    """The season with this id; raises `ValueError` if it is none."""
    if not SEASON_PATTERN.fullmatch(season_id):
        raise ValueError("a season is written s and its number")
    return season_at(int(season_id[1:]) * SEASON_SECONDS)
