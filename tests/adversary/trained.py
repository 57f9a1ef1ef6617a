"""The attacker who has learnt: gradient-boosted trees over the scores of all attacks.

Trained on the posts of four fifths of the authors, as if the operator knew those, and judged on the rest.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from tests.adversary.attacks import Attack
from tests.adversary.attacks.nullifier_reuse import by_persona
from tests.adversary.judge import FOLDS, Ints, place_of_each
from tests.adversary.likelihood import activity
from tests.adversary.loot import Loot, Matrix
from threadpoolctl import threadpool_limits

MOST_ROWS = 400_000


def trained(loot: Loot, authors: Ints, found: list[tuple[Attack, Matrix]]) -> tuple[Attack, Matrix]:
    """One more attack, whose score is the model's."""
    crowd = loot.crowd
    features = [activity(loot), by_persona(loot), *(scores for _, scores in found)]
    places = np.stack([place_of_each(each, crowd) for each in features], axis=-1)
    scores = np.full(crowd.shape, -np.inf)
    for fold in range(FOLDS):
        held = authors % FOLDS == fold
        if held.any() and not held.all():
            model = _model(places[~held], crowd[~held], authors[~held])
            inside = crowd & held[:, None]
            scores[inside] = np.log(model.predict_proba(places[inside])[:, 1] + 1e-9)
    return Attack("trained_model", "a model trained on all of these", "persona", lambda _: scores), scores


def _model(places: Matrix, crowd: NDArray[np.bool_], authors: Ints) -> HistGradientBoostingClassifier:
    right = np.zeros(crowd.shape, dtype=bool)
    right[np.arange(len(authors)), authors] = True
    rows, labels = places[crowd], right[crowd]
    if len(rows) > MOST_ROWS:
        # Every author, and a share of the others.
        kept = labels | (np.random.default_rng(1).random(len(rows)) < MOST_ROWS / len(rows))
        rows, labels = rows[kept], labels[kept]
    model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, learning_rate=0.1, random_state=1)
    # One thread: many small steps on a machine that others use as well.
    with threadpool_limits(limits=1):
        model.fit(rows, labels)
    return model
