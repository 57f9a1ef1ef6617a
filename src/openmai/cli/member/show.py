"""What the member's commands print: results on standard output, progress and advice on standard error."""

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

# Told how much there is so far, and in all (0: unknown).
Report = Callable[[int, int], None]
# Line ends are ours to make; everything else of these classes can move the cursor or turn text around.
_HIDDEN: Final = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def plain(text: str) -> str:
    """Text of somebody else, safe for a terminal: no escape sequences, no right-to-left overrides."""
    return "".join(
        character if character == "\n" or unicodedata.category(character) not in _HIDDEN else "�"
        for character in text
    )


class Progress:
    """Shows that something takes its time; on a terminal only."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, markup=False)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """For what cannot be counted."""
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        with Bar(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as bar:
            bar.add_task(what, total=None)
            yield

    @contextmanager
    def counting(self, what: str) -> Iterator[Report]:
        """For bytes: tell the report how many there are so far, and in all."""
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
        with Bar(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total or None)

    @contextmanager
    def numbering(self, what: str) -> Iterator[Report]:
        """For things: tell the report how many there are so far, and in all."""
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        more = (TimeElapsedColumn(), TimeRemainingColumn())
        hidden = not self.console.is_terminal
        with Bar(*columns, *more, console=self.console, transient=True, disable=hidden) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    @contextmanager
    def until(self, what: str, *, seconds: float) -> Iterator[Report]:
        """For a time that is known before."""
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
        with Bar(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as bar:
            task = bar.add_task(what, total=max(seconds, 1))
            yield lambda done, _total: bar.update(task, completed=done)

    def advise(self, text: str) -> None:
        """A sentence for the person."""
        self.console.print(plain(text), soft_wrap=True)


def tell(text: str = "") -> None:
    """A line of the result."""
    Console(highlight=False, markup=False, soft_wrap=True).print(plain(text))


def draw_code(text: str) -> None:
    """A QR code on the terminal."""
    import segno

    segno.make_qr(text, error="m").terminal(compact=True)
