"""Outcomes in files, so that a long run goes on after an interruption; of other code none is believed."""

import json
from dataclasses import asdict, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from tests.adversary.judge import Verdict
from tests.adversary.run import Outcome
from tests.adversary.world import Size
from tests.factories.cast import ROOT

_RANKS = ("ranks_real", "ranks_ideal")


def place_of(folder: Path, size: Size, leaks: frozenset[str]) -> Path:
    """Named by the site, its size and all code that had a part in it."""
    digest = sha256(repr((size, sorted(leaks))).encode())
    for source in sorted(path for each in ("src", "tests") for path in (ROOT / each).rglob("*.py")):
        digest.update(source.relative_to(ROOT).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return folder / f"{'-'.join((size.name, *sorted(leaks)))}.{digest.hexdigest()[:16]}.json"


def keep_outcome(outcome: Outcome, place: Path) -> None:
    """Write it, whole or not at all."""
    verdicts = [
        asdict(each) | {name: getattr(each, name).tolist() for name in _RANKS} for each in outcome.verdicts
    ]
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(".part")
    part.write_text(json.dumps({"verdicts": verdicts, "facts": outcome.facts}))
    part.replace(place)


def read_outcome(place: Path, *, size: Size, leaks: frozenset[str]) -> Outcome:
    """What `keep_outcome` wrote for this size and these leaks."""
    document = json.loads(place.read_text())
    return Outcome(size, leaks, [_verdict(each) for each in document["verdicts"]], document["facts"])


def _verdict(kept: dict[str, Any]) -> Verdict:
    if kept.keys() != {each.name for each in fields(Verdict)}:
        raise ValueError("the file holds other verdicts")
    return Verdict(**kept | {name: np.array(kept[name], dtype=np.float64) for name in _RANKS})
