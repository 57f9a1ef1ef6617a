"""The one root of this package's exceptions."""


class WebError(Exception):
    """Root of every error that the shared web layer raises."""
