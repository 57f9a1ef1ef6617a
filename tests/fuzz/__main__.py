"""`python -m tests.fuzz`: hostile variations by the million. Exit code 1: something was found."""

import argparse
import sys
import time
from pathlib import Path

from tests.fuzz.settings import set_up


def main() -> int:
    arguments = _arguments()
    set_up()
    # Not before the settings are there.
    from tests.fuzz.run import CHUNK, Counts, Run
    from tests.fuzz.world import World

    world = World()
    run = Run(world, seed=arguments.seed, findings=arguments.state.with_suffix(".findings"))
    counts, at, of = Counts.read(arguments.state, arguments.seed), *map(int, arguments.shard.split("/"))
    told = time.monotonic()
    with world.answering():
        for number in range(at - 1, -(-arguments.count // CHUNK), of):
            if number in counts.chunks:
                continue
            run.chunk(number, counts)
            if time.monotonic() - told > arguments.every:
                told = time.monotonic()
                counts.keep(arguments.state)
                _tell(counts)
    counts.keep(arguments.state)
    _tell(counts)
    for finding in counts.findings:
        print(finding)
    return 1 if counts.findings else 0


def _tell(counts) -> None:
    print(
        f"{counts.total:,} judged in {counts.seconds:,.0f} s of processor time, "
        f"{counts.reached()[8]:,} reached the pairing, {len(counts.findings)} found",
        flush=True,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="variations, in all shards together")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--shard", default="1/1", help="2/4: the second of four processes")
    parser.add_argument("--state", type=Path, default=Path("build/fuzz.json"), help="counts, to go on from")
    parser.add_argument("--every", type=int, default=30, help="seconds between two reports")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
