"""A log of 1,000,000 entries: a tick that adds 1,000, and an inclusion proof, against one of 10,000.

Both may take longer by the logarithm and no more; the slower of the two is what is told.
"""

import math
import random
import secrets
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from bench._harness import Result, Side, dearer
from bench._talk import DOMAIN, talk_site

SMALL: Final = 10_000
LARGE: Final = 1_000_000
TICK: Final = 1_000
ROUNDS: Final = 15
BAR: Final = math.log(LARGE) / math.log(SMALL)


def run() -> Result:
    with talk_site():
        fill(SMALL)
        small = measure()
        fill(LARGE)
        large = measure()
    worst = max(small, key=lambda what: large[what] / small[what])
    ours = Side(f"{worst}, {LARGE:,} entries", large[worst])
    return dearer("log-growth", ours, Side(f"{worst}, {SMALL:,} entries", small[worst]), bar=BAR)


def _entry(at: int) -> bytes:
    return f'{{"n":{at}}}'.encode()


def fill(size: int) -> None:
    """Let a log that begins anew have `size` entries, past the verbs: only its growth is measured."""
    from django.db import connection, transaction

    from openmai.anonymity.log.merkle import leaf_hash

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE talk_logentry, talk_lognode, talk_logcheckpoint CASCADE")
        rows = ((at, "tick", data, leaf_hash(data)) for at in range(size) for data in [_entry(at)])
        _copy(cursor, "talk_logentry", ("index", "kind", "data", "hash"), rows)
        _copy(cursor, "talk_lognode", ("level", "index", "hash"), _nodes(size))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _copy(cursor: object, table: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:  # type: ignore[attr-defined]
        for row in rows:
            copy.write_row(row)


def _nodes(size: int) -> Iterator[tuple[int, int, bytes]]:
    """The roots of all tiles that are full at this size."""
    from openmai.anonymity.log.merkle import fold, leaf_hash

    row = [leaf_hash(_entry(at)) for at in range(size)]
    level = 1
    while len(row) >= 256:
        row = [fold(row[at : at + 256]) for at in range(0, len(row) - 255, 256)]
        yield from ((level, index, root) for index, root in enumerate(row))
        level += 1


def measure() -> dict[str, float]:
    """Medians in milliseconds."""
    from django.db import transaction

    from openmai.anonymity.log.entries import entry
    from openmai.talk.actions.log import append
    from openmai.talk.queries.log import log_size, log_tree
    from openmai.talk.rules import rules

    size, rng = log_size(), random.Random(1)

    def add() -> None:
        entries = [
            entry("observation", DOMAIN, kind="dkim", name="a.example", sha256=secrets.token_hex(32))
            for _ in range(TICK)
        ]
        with transaction.atomic():
            append(entries, domain=DOMAIN, rules=rules())
            transaction.set_rollback(True)

    def prove() -> None:
        log_tree(size).inclusion_proof(rng.randrange(size))

    return {"tick": _median(add), "proof": _median(prove)}


def _median(action: Callable[[], None]) -> float:
    times = []
    for _ in range(ROUNDS + 2):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[2:])
