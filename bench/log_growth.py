"""A log of 1,000,000 entries: a tick that adds 1,000, and an inclusion proof, against one of 10,000.

Both may take longer by the logarithm and no more; the slower of the two is what is told.
"""

import math
import random
import secrets
import shutil
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from bench._harness import Result, Side, dearer
from bench._talk import DOMAIN, talk_site

SMALL: Final = 10_000
LARGE: Final = 1_000_000
TICK: Final = 1_000
# The first one writes the files of all that was there before.
WARM_UP: Final = 2
ROUNDS: Final = 15
# A proof takes a millisecond or two: many, so that what else the machine does evens out.
PROOFS: Final = 500
BAR: Final = math.log(LARGE) / math.log(SMALL)


def run() -> Result:
    with talk_site():
        small = measure(SMALL)
        large = measure(LARGE)
    worst = max(small, key=lambda what: large[what] / small[what])
    ours = Side(f"{worst}, {LARGE:,} entries", large[worst])
    return dearer("log-growth", ours, Side(f"{worst}, {SMALL:,} entries", small[worst]), bar=BAR)


def _entries(size: int) -> list[bytes]:
    """Of any form, but for the last one, which each addition reads."""
    from openmai.anonymity.log.entries import standing_entry

    return [
        *(f'{{"n":{at}}}'.encode() for at in range(size - 1)),
        standing_entry(DOMAIN, artifacts=0, bans={}).data,
    ]


def fill(size: int) -> None:
    """Let a log that begins anew have `size` entries, past the verbs: only its growth is measured."""
    from django.db import connection, transaction

    from openmai.anonymity.log.merkle import leaf_hash
    from openmai.talk.rules import rules

    shutil.rmtree(rules().log_dir, ignore_errors=True)

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE talk_logentry, talk_lognode, talk_logcheckpoint CASCADE")
        entries = _entries(size)
        hashes = list(map(leaf_hash, entries))
        rows = ((at, "tick", *row) for at, row in enumerate(zip(entries, hashes, strict=True)))
        _copy(cursor, "talk_logentry", ("index", "kind", "data", "hash"), rows)
        _copy(cursor, "talk_lognode", ("level", "index", "hash"), _nodes(hashes))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _copy(cursor: object, table: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:  # type: ignore[attr-defined]
        for row in rows:
            copy.write_row(row)


def _nodes(row: list[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """The roots that are kept over these hashes of entries."""
    from openmai.anonymity.log.merkle import fold
    from openmai.talk.queries.log import NODE_WIDTH

    level = 1
    while len(row) >= NODE_WIDTH:
        row = [fold(row[at : at + NODE_WIDTH]) for at in range(0, len(row) - NODE_WIDTH + 1, NODE_WIDTH)]
        yield from ((level, index, root) for index, root in enumerate(row))
        level += 1


def measure(size: int) -> dict[str, float]:
    """Medians in milliseconds. Ticks are committed and their files written; the middle one finds `size`
    entries.
    """
    from django.db import transaction

    from openmai.anonymity.log.entries import entry
    from openmai.talk.actions.log import append
    from openmai.talk.log_files import shown
    from openmai.talk.queries.log import log_size, log_tree
    from openmai.talk.rules import rules

    fill(size - (WARM_UP + ROUNDS // 2) * TICK)
    rng = random.Random(1)

    def add() -> None:
        entries = [
            entry("tick", DOMAIN, tick="2026-05-01T10:10:00Z", posts=[secrets.token_hex(32)])
            for _ in range(TICK)
        ]
        with transaction.atomic():
            append(entries, domain=DOMAIN, rules=rules())

    def prove() -> None:
        log_tree(size).inclusion_proof(rng.randrange(size))

    found = {"tick": _median(add), "proof": _median(prove, rounds=PROOFS)}
    if not shown(rules().log_dir) == log_size() > size:
        raise RuntimeError("the files were not written")
    return found


def _median(action: Callable[[], None], *, rounds: int = ROUNDS) -> float:
    times = []
    for _ in range(WARM_UP + rounds):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[WARM_UP:])
