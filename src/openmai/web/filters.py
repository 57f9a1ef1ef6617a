"""Template filters: times that say no more than they must, numbers, and text with its line breaks."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext


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
