"""What a log line may hold: templates, places, types and numbers, never what was typed or by whom."""

import logging
import re
import sys
from pathlib import Path

import pytest

from openmai.platform.logging import LOGGED, SafeFormatter, hide_uncaught_messages

ROOT = Path(__file__).resolve().parents[2]
SECRET = "alice@luming.example"


def line(name: str, message: object, *args: object, error: BaseException | None = None) -> str:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord(name, logging.WARNING, "/somewhere/module.py", 7, message, args, info)
    return SafeFormatter().format(record)


def test_our_templates_show_numbers_only():
    shown = line("openmai.talk.epoch", "%d posts for %s", 3, SECRET)
    assert shown == "WARNING openmai.talk.epoch module.py:7 3 posts for …"


def test_templates_of_libraries_show_nothing_that_filled_them():
    shown = line("django.request", "Not Found: %s", f"/people/{SECRET}?token=1")
    assert shown == "WARNING django.request module.py:7 Not Found: %s"


def test_a_library_that_fills_its_message_itself_is_not_quoted():
    assert (
        line("procrastinate.worker", f"Job deliver({SECRET}) failed")
        == "WARNING procrastinate.worker module.py:7"
    )


@pytest.mark.parametrize("message", [ValueError(SECRET), {"who": SECRET}])
def test_a_message_that_is_no_text_is_left_out(message: object):
    assert SECRET not in line("openmai.people", message)


def test_arguments_by_name_are_left_out():
    assert SECRET not in line("openmai.people", "%(who)s came", {"who": SECRET})


def test_exceptions_show_types_and_frames_only():
    def lookup() -> None:
        raise KeyError(SECRET)

    try:
        try:
            lookup()
        except KeyError as error:
            raise RuntimeError(f"no member {SECRET}") from error
    except RuntimeError as error:
        shown = line("openmai.people", "it failed", error=error)
    assert SECRET not in shown
    assert "builtins.RuntimeError" in shown
    assert "builtins.KeyError" in shown
    assert re.search(r"test_logging\.py:\d+ lookup", shown)


def test_there_is_no_time_of_day():
    assert not re.search(r"\d\d:\d\d", line("openmai.talk", "published").replace("module.py:7", ""))


def test_uncaught_exceptions_end_the_same_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    hide_uncaught_messages()
    error = ValueError(SECRET)
    sys.excepthook(ValueError, error, None)
    shown = capsys.readouterr().err
    assert "builtins.ValueError" in shown
    assert SECRET not in shown


def test_every_logged_field_is_documented():
    documented = (ROOT / "docs" / "settings.md").read_text()
    assert re.findall(r"^\| ([a-z ]+) \| [^|]+ \|$", documented, re.M)[1:] == list(LOGGED)
