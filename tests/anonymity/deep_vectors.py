"""A crowd in a log, and what Mallory may log instead: one file for both clients.

`python -m tests.anonymity.deep_vectors` writes it; both test every line of it. The proofs in it are random,
so that it is not compared with what would be written today.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.anonymity.crowds import Crowd, crowd_of
from tests.factories.cast import ROOT, Cast
from tests.factories.enrolments import enrolments

from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.log.entries import parse_entry

VECTORS: Final = Path(ROOT) / "frontend" / "tests" / "deep_vectors.json"
Change = Callable[[Crowd], tuple[int, bytes | None]]


def leaf_entry(crowd: Crowd, index: int) -> int:
    """Where the log names this leaf of the company's roster."""
    return next(
        at
        for at, entry in crowd.entries("leaf")
        if entry.facts["index"] == index and entry.facts["roster"] == crowd.roster.statement.roster
    )


def proof_entry(crowd: Crowd, place: int) -> int:
    """Where the log has the proof of knowledge of the leaf at a place."""
    commitment = str(crowd.roster.tree.leaves[place])
    return next(at for at, entry in crowd.entries("enrolment") if entry.facts["commitment"] == commitment)


def key_entry(crowd: Crowd, epoch: int) -> int:
    """Where the log names a key behind leaves of this epoch of the company's roster."""
    return next(
        at
        for at, entry in crowd.entries("observation")
        if entry.facts["epoch"] == epoch and entry.facts["roster"] == crowd.roster.statement.roster
    )


def rewritten(crowd: Crowd, at: int, **facts: object) -> tuple[int, bytes]:
    return at, canonical_json({**json.loads(crowd.log.entries[at]), **facts})


def _other_proof(crowd: Crowd) -> tuple[int, bytes]:
    """Another's points: well-formed, and true of somebody else."""
    points = enrolments()[crowd.roster.tree.leaves[9]].points.hex()
    return rewritten(crowd, proof_entry(crowd, 8), proof=points)


def _boast(crowd: Crowd) -> tuple[int, bytes]:
    at = leaf_entry(crowd, 3)
    assert parse_entry(crowd.log.entries[at]).facts["class"] == "code"
    return rewritten(crowd, at, **{"class": "dkim"})


# Name → the claim that falls, words that both clients use, and the change: an entry, or None for none.
ATTACKS: Final[dict[str, tuple[str, str, Change]]] = {
    "a leaf exchanged": (
        "leaves",
        "leaves",
        lambda crowd: rewritten(crowd, leaf_entry(crowd, 6), commitment=str(list(enrolments())[50])),
    ),
    "a leaf left out": ("leaves", "no entry for leaf 7", lambda crowd: (leaf_entry(crowd, 7), None)),
    "the last leaf left out": ("leaves", "no entry for leaf 29", lambda crowd: (leaf_entry(crowd, 29), None)),
    "a leaf without a proof of knowledge": (
        "knowledge",
        "no proof of knowledge for leaf 8",
        lambda crowd: (proof_entry(crowd, 8), None),
    ),
    "a proof of knowledge exchanged": ("knowledge", "proof of knowledge of leaf 8", _other_proof),
    "a signature that is not named": ("backing", "leaf 3 ", _boast),
    "evidence of another": (
        "backing",
        "leaf 4 ",
        lambda crowd: rewritten(
            crowd,
            leaf_entry(crowd, 4),
            evidence=json.loads(crowd.log.entries[leaf_entry(crowd, 1)])["evidence"],
        ),
    ),
    "other evidence than was signed": (
        "journals",
        "epoch 1",
        lambda crowd: rewritten(crowd, leaf_entry(crowd, 4), evidence="ab" * 32),
    ),
    "a better class than was signed": (
        "journals",
        "epoch 1",
        lambda crowd: rewritten(crowd, leaf_entry(crowd, 4), **{"class": "oidc"}),
    ),
    "a key under another name than was signed": (
        "journals",
        "epoch 1",
        lambda crowd: rewritten(crowd, key_entry(crowd, 1), name="mail._domainkey.lumen.example"),
    ),
    "a name for another key than was signed": (
        "journals",
        "epoch 1",
        lambda crowd: rewritten(crowd, key_entry(crowd, 1), sha256="ab" * 32),
    ),
    "a key's name left out": ("journals", "epoch 1", lambda crowd: (key_entry(crowd, 1), None)),
}


def forged(cast: Cast, crowd: Crowd, change: Change) -> Crowd:
    """Mallory logs something else from the beginning, so that the log itself is flawless."""
    at, entry = change(crowd)
    entries = crowd.log.entries[:-1]
    entries[at : at + 1] = [] if entry is None else [entry]
    return crowd_of(cast, entries)


def served(crowd: Crowd) -> dict[str, str]:
    return {"proof": crowd.proof.decode(), "checkpoint": crowd.log.checkpoint().data.decode()}


def vectors(cast: Cast) -> dict[str, Any]:
    crowd = crowd_of(cast)
    attacks = []
    for name, (claim, words, change) in ATTACKS.items():
        at, entry = change(crowd)
        changed = {"at": at, "entry": None if entry is None else entry.decode()}
        told = {"name": name, "claim": claim, "words": words}
        attacks.append({**told, **changed, **served(forged(cast, crowd, change))})
    return {
        "log": {"origin": crowd.log.origin, "key": crowd.log.note_key.text, "witnesses": [], "quorum": 0},
        "roster_key": cast.roster_key.hex(),
        "live": crowd.roster.statement.live,
        "entries": [each.decode() for each in crowd.log.entries],
        **served(crowd),
        "attacks": attacks,
    }


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(vectors(Cast()), indent=1, ensure_ascii=False) + "\n")
