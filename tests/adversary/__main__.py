"""`python -m tests.adversary`: the full test, its controls and the report. Exit code 1: not passed."""

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.adversary.leaks import BUILDS, ROSTERS
from tests.adversary.report import failures, missed, write_report
from tests.adversary.run import run
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
            _say(f"A site that leaks: {', '.join(sorted(leaks))}")
            control = CONTROL_OF_ROSTERS if leaks == ROSTERS else CONTROL
            controls.append(run(control, where=where, say=_say, leaks=leaks))
        _say("The site as it is")
        outcome = run(replace(size, permutations=10_000), where=where, say=_say)
    write_report(outcome, controls, to=arguments.to, on=datetime.now(UTC).date())
    lost, found = missed(controls), failures(outcome)
    _say(f"Not caught: {', '.join(lost) or 'none'}. Leaks: {', '.join(found) or 'none'}.")
    _say(f"{arguments.to} was written after {(time.monotonic() - began) / 60:.0f} minutes.")
    return 1 if lost or found else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.adversary", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "subpoena-test.md", help="the report")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
