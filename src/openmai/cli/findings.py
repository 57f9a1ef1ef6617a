"""What a check of `openmai doctor` says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the table."""

    check: str
    good: bool
    words: str
