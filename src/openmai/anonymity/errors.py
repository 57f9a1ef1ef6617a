"""Errors that more than one module of the package raises; all others stand beside the function that
raises them.

A class that an API can answer with names its problem code in `code` (docs/protocol.md §6).
"""

from typing import ClassVar


class AnonymityError(Exception):
    """Root of every error that this package raises on hostile input.

    `pointer` (RFC 6901) names the field that is to blame, where it is known.
    """

    pointer: str | None = None


class NotCanonical(AnonymityError):
    """A number, key, digest or document is not in its one permitted encoding."""

    code: ClassVar[str] = "not-canonical"
