"""Counters: any column of whole numbers that are different in every row, taken as an order."""

import numpy as np
from tests.adversary.likelihood import in_order
from tests.adversary.loot import Loot, Matrix, Row

WORDS = "sequences and every other counter in a row"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    rows: dict[str, list[tuple[int, Row]]] = {}
    for table, post, row in loot.rows_about_posts():
        rows.setdefault(table, []).append((post, row))
    found = [np.where(loot.crowd, 0.0, -np.inf)]
    for about in rows.values():
        for name in about[0][1]:
            keys = {post: row[name] for post, row in about if _counts(name, row[name])}
            if len(keys) > 1 and len(set(keys.values())) == len(about):
                found.append(in_order(loot, keys))
    total: Matrix = np.sum(found, axis=0)
    return total


def _counts(name: str, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and not name.startswith("_")
