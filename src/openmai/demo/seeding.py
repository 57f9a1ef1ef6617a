"""Fills the demo once. Each part runs in a process under its own site's settings; this hands results along.

`python -m openmai.demo.seeding people` runs `openmai.demo.people_part.run`, `… talk` the talk part. A part
gets a JSON object on standard input and answers with one on the pipe that `--answer-fd` names. The secrets of
the invented members travel from the people part to the talk part that way, in memory only.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from openmai.platform.clock import utc_now
from openmai.platform.logging import hide_uncaught_messages
from openmai.platform.supervisor import end_of_log

_PARTS: Final = {
    "people": ("openmai.demo.people_part", "openmai.sites.people.settings"),
    "talk": ("openmai.demo.talk_part", "openmai.sites.talk.settings"),
}
JsonObject = dict[str, Any]


class SeedFailed(Exception):
    """A part did not finish; the text says which and where its log is."""


class Part(Protocol):
    """What `people_part` and `talk_part` offer."""

    def __call__(self, inbox: JsonObject, *, now: datetime, progress: Callable[[str], None]) -> JsonObject:
        """Fill one site; `inbox` is what the part before it answered ({} for the first)."""


def run_part(
    site: str,
    inbox: JsonObject,
    *,
    environment: Mapping[str, str],
    log: Path,
    wait: Callable[[subprocess.Popen[bytes]], None],
) -> JsonObject:
    """Run one part to its end and return its answer. `wait` returns when the process has ended, or raises."""
    reading, writing = os.pipe()
    argv = [sys.executable, "-m", "openmai.demo.seeding", site, "--answer-fd", str(writing)]
    with log.open("ab") as output, os.fdopen(reading, "rb") as answer:
        process = subprocess.Popen(  # noqa: S603 - our own program and arguments
            argv,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            pass_fds=[writing],
            start_new_session=True,
        )
        os.close(writing)
        collected: list[bytes] = []
        reader = threading.Thread(target=lambda: collected.append(answer.read()))
        reader.start()
        try:
            _hand_over(process, json.dumps(inbox).encode())
            wait(process)
        finally:
            process.kill()
            process.wait()
            reader.join()
    if process.returncode != 0:
        raise SeedFailed(f"The demo's {site} part could not be filled. {end_of_log(log)}")
    document: JsonObject = json.loads(collected[0])
    return document


def _hand_over(process: subprocess.Popen[bytes], document: bytes) -> None:
    assert process.stdin is not None  # noqa: S101 - it was asked for as a pipe
    try:
        process.stdin.write(document)
        process.stdin.close()
    except BrokenPipeError:
        pass  # the process has ended already; its return code says how


def main() -> None:
    """Inside the process of one part."""
    hide_uncaught_messages()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", choices=sorted(_PARTS))
    parser.add_argument("--answer-fd", type=int, required=True)
    options = parser.parse_args()
    module, settings = _PARTS[options.site]
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    importlib.import_module("django").setup()
    run: Part = importlib.import_module(module).run
    answer = run(json.load(sys.stdin), now=utc_now(), progress=lambda text: print(text, flush=True))
    with os.fdopen(options.answer_fd, "wb") as pipe:
        pipe.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
