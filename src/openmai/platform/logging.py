"""Logs that cannot say who did what: no address, path, query, body, argument, exception text or time of day.

A line shows the level, the logger, the place in the code and the message's *template*. What a template would
be filled with is left out, unless it is a number in a message of our own. An exception shows its type and its
frames, never its text, because database errors quote values and parsers quote input.
"""

import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final

OWN: Final = "openmai"
HIDDEN: Final = "…"

# docs/settings.md lists these, and a test compares.
LOGGED: Final = ("level", "logger", "place", "template", "numbers", "exception type", "frames")


class SafeFormatter(logging.Formatter):
    """One line for a record, and one for each frame of its exception."""

    def format(self, record: logging.LogRecord) -> str:
        place = f"{os.path.basename(record.pathname)}:{record.lineno}"
        lines = [f"{record.levelname} {record.name} {place} {self._message(record)}".rstrip()]
        if record.exc_info and record.exc_info[1] is not None:
            lines += describe_exception(record.exc_info[1])
        return "\n".join(lines)

    def _message(self, record: logging.LogRecord) -> str:
        if not isinstance(record.msg, str):
            return ""
        own = record.name == OWN or record.name.startswith(f"{OWN}.")
        if not record.args:
            # A library may have put values into the text already; our own code may not (ruff G004).
            return record.msg if own else ""
        if not own or not isinstance(record.args, tuple):
            return record.msg
        shown = tuple(value if isinstance(value, int | float) else HIDDEN for value in record.args)
        return record.msg.replace("%d", "%s") % shown


def describe_exception(error: BaseException) -> Iterable[str]:
    """Types and frames of an exception and of what caused it, without any message."""
    link: BaseException | None = error
    while link is not None:
        yield f"  {type(link).__module__}.{type(link).__qualname__}"
        for frame, line in traceback.walk_tb(link.__traceback__):
            code = frame.f_code
            yield f"    {os.path.basename(code.co_filename)}:{line} {code.co_name}"
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def logging_config(*, level: str = "WARNING") -> dict[str, Any]:
    """Django's LOGGING: everything goes to standard error through `SafeFormatter`."""
    through_root: dict[str, Any] = {"handlers": [], "level": "NOTSET", "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"safe": {"()": "openmai.platform.logging.SafeFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "safe"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's defaults would print requests and mail tracebacks to administrators.
            "django": through_root,
            "django.server": through_root,
            # These say "not found" for every bad link and name the sender of every mail.
            "django.request": {"level": "ERROR"},
            "mail.log": {"level": "ERROR"},
        },
    }


def hide_uncaught_messages() -> None:
    """Make uncaught exceptions, in threads too, end the same way: their type and frames, not their text."""

    def report(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        print("\n".join(["uncaught exception", *describe_exception(error)]), file=sys.stderr, flush=True)

    def report_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            report(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = report
    threading.excepthook = report_thread
