"""The demo in a terminal shows one bar that grows; a file keeps every line."""

from io import StringIO

from openmai.demo.seed.meter import metered
from openmai.demo.terminal import OVERWRITE, teller

LONGEST = 80


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def shown(output: StringIO) -> list[str]:
    """Two bars, one after the other, between two sentences."""
    say = teller(output)
    clock = iter(range(0, 1000, 5)).__next__
    say("Filling …")
    for what in ("members enrolled", "posts published"):
        list(metered("abc", total=3, what=what, report=say, clock=clock))
    say("Ready.")
    return output.getvalue().splitlines()


def test_a_bar_takes_the_place_of_the_one_before_it_and_of_nothing_else():
    lines = shown(Terminal())
    bar = [False, True, True]
    assert [line.startswith(OVERWRITE) for line in lines] == [False, *bar, *bar, False]
    assert lines[3].endswith("members enrolled: 3 of 3")


def test_a_file_gets_every_line_as_it_is():
    assert not any("\033" in line for line in shown(StringIO()))


def test_a_bar_fits_the_narrowest_terminal():
    """Wrapped, its first half would stay behind."""
    told: list[str] = []
    clock = iter([0.0, 0.0, *(9.0 * n for n in range(1, 600))]).__next__
    list(metered(range(500), total=500, what="members who came later", report=told.append, clock=clock))
    assert max(map(len, told)) <= LONGEST
