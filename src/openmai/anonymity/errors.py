"""Errors that more than one module of the package raises; all others stand beside the function that raises them."""


class AnonymityError(Exception):
    """Root of every error that this package raises on hostile input."""


class NotCanonical(AnonymityError):
    """A number, key, digest or document is not in its one permitted encoding."""
