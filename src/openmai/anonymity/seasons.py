"""Seasons: whole spans of 90 days since 1970-01-01 (UTC). A secret belongs to one.

The threads of a season are open for 14 days beyond it, and for so long its secrets are kept.
"""

import re
from dataclasses import dataclass
from typing import Final

SEASON_SECONDS: Final = 90 * 86_400
GRACE_SECONDS: Final = 14 * 86_400
SEASON_PATTERN: Final = re.compile(r"s(?:0|[1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class Season:
    """`starts` inclusive, `ends` exclusive, both Unix seconds."""

    id: str
    starts: int
    ends: int

    @property
    def closes(self) -> int:
        """When its threads close and its secrets are deleted."""
        return self.ends + GRACE_SECONDS


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


def open_seasons(unix_seconds: int) -> tuple[Season, ...]:
    """The seasons whose threads can be spoken in: the current one, and the past one while its grace lasts."""
    current = season_at(unix_seconds)
    if current.starts == 0:
        return (current,)
    past = season_at(current.starts - 1)
    return (current, past) if unix_seconds < past.closes else (current,)
