"""Each page of a heap, an index or a TOAST table keeps the log position at which it was changed last."""

import numpy as np
from tests.adversary.likelihood import in_order
from tests.adversary.loot import Loot, Matrix
from tests.adversary.pages import PAGE, mentions_in, position_of, toast_values

WORDS = "log positions of heap, index and TOAST pages"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    keys: dict[str, dict[int, float]] = {}
    values: dict[int, int] = {}
    for relation, data in loot.heap_files("talk"):
        for post, offset in mentions_in(loot, data):
            keys.setdefault(str(relation["relname"]), {})[post] = position_of(data, offset)
        if relation["kind"] == "r":
            values |= {value: post for post, value in toast_values(loot, data)}
    keys["TOAST"] = _toast_pages(loot, values)
    # A relation with many pages says more than one with few.
    weights = [len(set(each.values())) / max(len(each), 1) for each in keys.values()]
    found = [
        weight * in_order(loot, each) for weight, each in zip(weights, keys.values(), strict=True) if each
    ]
    total: Matrix = np.where(loot.crowd, np.sum(found, axis=0), -np.inf)
    return total


def _toast_pages(loot: Loot, values: dict[int, int]) -> dict[int, float]:
    """A chunk of a long text begins with its number, at an address that is a multiple of four."""
    keys: dict[int, float] = {}
    for relation, data in loot.heap_files("talk"):
        if relation["kind"] != "t":
            continue
        words = np.frombuffer(data, dtype="<u4")
        for place in np.flatnonzero(np.isin(words, list(values))):
            if int(place) * 4 % PAGE > 24:
                keys[values[int(words[place])]] = position_of(data, int(place) * 4)
    return keys
