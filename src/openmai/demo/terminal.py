"""What the demo says in the terminal: in a real one a bar takes the place of the bar before it."""

from collections.abc import Callable
from typing import Final, TextIO

from openmai.demo.seed.meter import EMPTY, FULL

# One line up, and wiped.
OVERWRITE: Final = "\033[A\033[2K"


def teller(output: TextIO) -> Callable[[str], None]:
    """A `say` for `output`; a file gets every line."""
    last = ""

    def say(text: str) -> None:
        nonlocal last
        over = output.isatty() and bool(_meter(text)) and _meter(text) == _meter(last)
        last = text
        print(f"{OVERWRITE}{text}" if over else text, file=output, flush=True)

    return say


def _meter(line: str) -> str:
    """What the bar in `line` counts; "" without one."""
    return line.partition("  ")[2].partition(":")[0] if line.startswith((FULL, EMPTY)) else ""
