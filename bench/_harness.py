"""What every benchmark shares: both sides are timed in one run, by turns, and compared by their medians."""

import gc
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

Clock = Callable[[], float]


@dataclass(frozen=True)
class Side:
    """One side of a comparison: what was done, and the median of its times or rates."""

    name: str
    value: float
    unit: str = "ms"


@dataclass(frozen=True)
class Result:
    """`ratio` is ours to reference or the reverse, whichever the bar speaks of."""

    bench: str
    ours: Side
    reference: Side
    ratio: float
    bar: float
    must_be: Literal["at least", "at most"]

    @property
    def holds(self) -> bool:
        return self.ratio >= self.bar if self.must_be == "at least" else self.ratio <= self.bar

    def line(self) -> str:
        return json.dumps(
            {
                "bench": self.bench,
                "ours": asdict(self.ours),
                "reference": asdict(self.reference),
                "ratio": round(self.ratio, 3),
                "bar": f"{self.must_be} {self.bar:g}",
                "holds": self.holds,
            }
        )


def timed(action: Callable[[], object]) -> Clock:
    """A function that does `action` once and returns how long it took, in milliseconds."""

    def clock() -> float:
        start = time.perf_counter()
        action()
        return (time.perf_counter() - start) * 1e3

    return clock


def processor_timed(action: Callable[[], object]) -> Clock:
    """As `timed`, in processor time of this process: not disturbed by what else the machine does."""

    def clock() -> float:
        start = time.process_time()
        action()
        return (time.process_time() - start) * 1e3

    return clock


def by_turns(ours: Clock, reference: Clock, *, rounds: int, warm_up: int = 1) -> tuple[float, float]:
    """Medians of both sides over `rounds`, one of each at a time, so that a busy moment hits both."""
    for _ in range(warm_up):
        ours(), reference()
    gc.collect()
    pairs = [(ours(), reference()) for _ in range(rounds)]
    mine, theirs = zip(*pairs, strict=True)
    return statistics.median(mine), statistics.median(theirs)


def faster(bench: str, ours: Side, reference: Side, *, bar: float) -> Result:
    """For times: how many times as fast we are must reach the bar."""
    return Result(bench, ours, reference, reference.value / ours.value, bar, "at least")


def dearer(bench: str, ours: Side, reference: Side, *, bar: float) -> Result:
    """For times: how many times as long we take must not exceed the bar."""
    return Result(bench, ours, reference, ours.value / reference.value, bar, "at most")
