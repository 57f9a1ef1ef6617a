"""Errors that more than one module of the package raises; all others stand beside the function that
raises them.

A class that an API can answer with names its problem code in `code` (docs/protocol.md §6).
"""

from collections.abc import Callable
from typing import ClassVar


def gettext_noop(text: str) -> str:
    """Mark a template for translation; the sites and the command line translate, this package does not."""
    return text


_ = gettext_noop


class AnonymityError(Exception):
    """Root of every error that this package raises on hostile input.

    The wording is a template and its values, so that whoever shows it can translate it (`told`); `str(error)`
    is English. `pointer` (RFC 6901) names the field that is to blame, where it is known.
    """

    pointer: str | None = None

    def __init__(self, template: str, /, **values: object) -> None:
        super().__init__(template % values if values else template)
        self.template = template
        self.values = values

    def told(self, translate: Callable[[str], str]) -> str:
        """The same refusal in the language of `translate`, which is a gettext."""
        text = translate(self.template)
        return text % self.values if self.values else text


class NotCanonical(AnonymityError):
    """A number, key, digest or document is not in its one permitted encoding."""

    code: ClassVar[str] = "not-canonical"
