"""Fills the demo once. Each part runs in a process under its own site's settings; this hands results along.

`python -m openmai.demo.seeding people` runs `openmai.demo.seed.people.run`, `… talk` the talk part. A part
gets a JSON object on standard input. On the pipe that `--answer-fd` names it tells its progress, a JSON
string a line, and answers with a JSON object. The secrets of the invented members travel from the people
part to the talk part that way, in memory only.
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
from typing import IO, Any, Final, Protocol

from openmai.demo.seed.timeline import SeasonTooYoung
from openmai.platform.clock import utc_now
from openmai.platform.logging import hide_uncaught_messages
from openmai.platform.supervisor import end_of_log

_PARTS: Final = {
    "people": ("openmai.demo.seed.people", "openmai.sites.people.settings"),
    "talk": ("openmai.demo.seed.talk", "openmai.sites.talk.settings"),
}
JsonObject = dict[str, Any]


class SeedFailed(Exception):
    """A part did not finish; the text says which and where its log is."""


class Part(Protocol):
    """What `openmai.demo.seed.people` and `…talk` offer."""

    def __call__(self, inbox: JsonObject, *, now: datetime, progress: Callable[[str], None]) -> JsonObject:
        """Fill one site; `inbox` is what it must know, `progress` takes a line for the terminal."""


def run_part(
    site: str,
    inbox: JsonObject,
    *,
    environment: Mapping[str, str],
    log: Path,
    wait: Callable[[subprocess.Popen[bytes]], None],
    say: Callable[[str], None],
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
        answers: list[JsonObject] = []
        reader = threading.Thread(target=_listen, args=(answer, say, answers.append))
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
    return answers[0]


def _listen(pipe: IO[bytes], say: Callable[[str], None], keep: Callable[[JsonObject], None]) -> None:
    """Strings are progress, the object is the answer."""
    for line in pipe:
        told = json.loads(line)
        if isinstance(told, str):
            say(told)
        else:
            keep(told)


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
    with os.fdopen(options.answer_fd, "w", buffering=1, encoding="ascii") as pipe:
        try:
            answer = run(
                json.load(sys.stdin), now=utc_now(), progress=lambda text: print(json.dumps(text), file=pipe)
            )
        except SeasonTooYoung as error:
            sys.exit(str(error))
        print(json.dumps(answer), file=pipe)


if __name__ == "__main__":
    main()
