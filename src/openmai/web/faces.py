"""The round picture of a member who has uploaded none: initials on a colour, both from the name."""

import unicodedata
from zlib import crc32

HUES = 12


def hue(name: str) -> int:
    """Which of the twelve colours the name has, the same everywhere and at any time."""
    return crc32(unicodedata.normalize("NFC", name).encode()) % HUES


def initials(name: str) -> str:
    """Two letters of a Latin name (first and last word), the last two characters of a Chinese one."""
    words = name.split()
    if not words:
        return "?"
    if unicodedata.name(words[0][0], "").startswith("CJK"):
        return words[-1][-2:]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
