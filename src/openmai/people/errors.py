"""The root of what the people context raises, and the one shape of a refusal that pages show."""

from django.utils.functional import Promise

Text = str | Promise


class PeopleError(Exception):
    """Root of every error that this package raises on input from outside."""


class Refused(PeopleError):
    """Something that a member asked for is refused; `reason` is a sentence for the page, `code` its name."""

    code = "refused"

    def __init__(self, reason: Text) -> None:
        super().__init__(str(reason))
        self.reason = reason
