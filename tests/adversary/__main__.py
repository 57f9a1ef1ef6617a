"""`python -m tests.adversary`: the full test, its controls and the report. Exit code 1: not passed."""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.adversary.kept import keep_outcome, place_of, read_outcome
from tests.adversary.leaks import BUILDS, ROSTERS
from tests.adversary.material import lacking
from tests.adversary.report import failures, missed, write_report
from tests.adversary.run import Outcome, run
from tests.adversary.world import CONTROL, CONTROL_OF_ROSTERS, FULL, REDUCED, Size
from tests.factories.cast import ROOT

SIZES = {"full": FULL, "reduced": REDUCED, "control": CONTROL}


def main() -> int:
    arguments = _arguments()
    size: Size = SIZES[arguments.size]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="openmai-adversary-") as name:
        where = Path(name)
        where.chmod(0o711)
        controls = []
        for leaks in BUILDS:
            control = CONTROL_OF_ROSTERS if leaks == ROSTERS else CONTROL
            controls.append(_outcome(control, leaks, where, arguments.state))
        outcome = _outcome(replace(size, permutations=10_000), frozenset(), where, arguments.state)
    write_report(outcome, controls, to=arguments.to, on=datetime.now(UTC).date(), revision=_revision())
    lost, found = missed(controls), failures(outcome)
    nothing = lacking(outcome.facts["material"])
    _say(f"Not caught: {', '.join(lost) or 'none'}. Leaks: {', '.join(found) or 'none'}.")
    _say(f"Nothing to look at: {'; '.join(nothing) or 'none'}.")
    _say(f"{arguments.to} was written after {(time.monotonic() - began) / 60:.0f} minutes.")
    return 1 if lost or nothing or found else 0


def _outcome(size: Size, leaks: frozenset[str], where: Path, state: Path | None) -> Outcome:
    """Of one site; an outcome that an earlier run of the same code left in `state` is taken from there."""
    _say(f"A site that leaks: {', '.join(sorted(leaks))}" if leaks else "The site as it is")
    if state is None:
        return run(size, where=where, say=_say, leaks=leaks)
    kept = place_of(state, size, leaks)
    if kept.exists():
        _say(f"{kept} has it.")
        return read_outcome(kept, size=size, leaks=leaks)
    outcome = run(size, where=where, say=_say, leaks=leaks)
    keep_outcome(outcome, kept)
    return outcome


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.adversary", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "subpoena-test.md", help="the report")
    parser.add_argument("--state", type=Path, help="a folder of outcomes, to go on after an interruption")
    return parser.parse_args()


def _revision() -> str:
    """What git calls the code that runs here; "dirty" in it stands for changes that are not committed."""
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
