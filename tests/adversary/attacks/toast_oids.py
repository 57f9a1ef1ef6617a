"""Long texts are stored apart, under numbers that count up over the whole cluster."""

from tests.adversary.likelihood import in_order
from tests.adversary.loot import Loot, Matrix
from tests.adversary.pages import toast_values

WORDS = "numbers of long texts (TOAST)"
IDEAL = "activity"


def score(loot: Loot) -> Matrix:
    keys: dict[int, float] = {}
    for relation, data in loot.heap_files("talk"):
        if relation["kind"] == "r":
            keys |= {post: float(value) for post, value in toast_values(loot, data)}
    return in_order(loot, keys)
