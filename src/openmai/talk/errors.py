"""The one root of this package's exceptions; each error stands beside the function that raises it."""

from typing import ClassVar


class TalkError(Exception):
    """Root of every error that the talk context raises."""


class Refused(TalkError):
    """A submission that is not accepted. `code` is its problem code, `pointer` the field that is to blame."""

    code: ClassVar[str]
    pointer: ClassVar[str | None] = None
