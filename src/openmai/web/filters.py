"""Template filters: times that say no more than they must, numbers, and text with its line breaks."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext

_PLAIN: Final = ("UTC", "Etc/UTC")


def coarse_time(moment: datetime, now: datetime) -> str:
    """`moment` as people say it, in the current zone and language: part of today, yesterday, else the date.

    Both are aware. Never finer than a part of the day: what a page need not tell, it does not tell.
    """
    then, today = timezone.localtime(moment), timezone.localtime(now)
    if then.date() == today.date():
        if then.hour < 6:
            return gettext("today, before dawn")
        if then.hour < 12:
            return gettext("this morning")
        return gettext("this afternoon") if then.hour < 18 else gettext("this evening")
    if then.date() == today.date() - timedelta(days=1):
        return gettext("yesterday")
    return coarse_date(then, today)


def coarse_date(moment: datetime, now: datetime) -> str:
    """The day, with the year only when it is not this year."""
    if moment.year == now.year:
        # Translators: Django date format of a day in this year, as "3 May".
        return date_format(moment, pgettext("date format", "j F"))
    # Translators: Django date format of a day in another year, as "3 May 2024".
    return date_format(moment, pgettext("date format", "j F Y"))


def zone_name(moment: datetime) -> str:
    """The zone in which this site tells times, as it is at `moment`: "UTC+8 (Asia/Shanghai)", or "UTC"."""
    offset, name = _offset(timezone.localtime(moment)), settings.TIME_ZONE
    return offset if name in _PLAIN else f"{offset} ({name})"


def exact_time(moment: datetime) -> str:
    """`moment` to the minute, with its zone: "2026-11-21 22:40 UTC+8"."""
    local = timezone.localtime(moment)
    return f"{local:%Y-%m-%d %H:%M} {_offset(local)}"


def _offset(local: datetime) -> str:
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "") if minutes else "UTC"


def paragraphs(text: str) -> list[list[str]]:
    """Plain text as paragraphs of lines: blank lines separate the first, line feeds the second."""
    blocks: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def grouped(digits: str, size: int = 4) -> str:
    """`digits` in groups separated by thin spaces, so that fingerprints and codes can be read aloud."""
    return "\u2009".join(digits[i : i + size] for i in range(0, len(digits), size))
