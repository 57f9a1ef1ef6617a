"""A long run: chunks of a thousand variations, each drawn from the seed and its own number.

So a chunk is the same whenever it runs over the same seeds, whose proofs a build folder keeps; a run can be
shared out, stopped and taken up again. Another folder has a gate of its own and the same choices.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.fuzz.documents import BanLists, GateKeys, ProofFiles, Target
from tests.fuzz.judge import Finding, Judge, Verdict
from tests.fuzz.variations import Variation, Variations
from tests.fuzz.world import World

CHUNK: Final = 1_000
SHARES: Final = {"proof file": 0.008, "ban list": 0.004, "gate key": 0.0001}


class Submissions:
    """The talk site's way of a submission."""

    name = "submission"

    def __init__(self, world: World) -> None:
        self._variations, self._judge = Variations(world), Judge(world)

    def draw(self, rng: Random) -> tuple[tuple[str, ...], Variation]:
        variation = self._variations.draw(rng)
        return variation.made, variation

    def judge(self, drawn: Variation) -> Verdict:
        return self._judge(drawn.body, drawn.proofs)

    def encoded(self, drawn: Variation) -> bytes:
        return drawn.body


@dataclass
class Counts:
    """What came of the chunks that are done."""

    seed: str
    chunks: set[int] = field(default_factory=set)
    seconds: float = 0.0
    targets: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    fell: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.targets.values())

    def reached(self) -> dict[int, int]:
        """How many submissions came as far as each check of docs/protocol.md §6; 10: accepted."""
        return {
            at: sum(n for fell, n in self.fell.items() if int(fell) >= at) for at in (1, 2, 3, 5, 6, 7, 8, 10)
        }

    def document(self) -> dict[str, Any]:
        return {**vars(self), "chunks": _ranges(self.chunks), "total": self.total, "reached": self.reached()}

    @classmethod
    def read(cls, path: Path, seed: str) -> "Counts":
        if not path.exists():
            return cls(seed)
        kept = json.loads(path.read_text())
        if kept["seed"] != seed:
            raise SystemExit(f"{path} is of a run with the seed {kept['seed']}")
        chunks = {at for low, high in kept["chunks"] for at in range(low, high + 1)}
        counters = {name: Counter(kept[name]) for name in ("targets", "codes", "fell", "made")}
        return cls(seed, chunks, kept["seconds"], **counters, findings=kept["findings"])

    def keep(self, path: Path) -> None:
        part = path.with_suffix(".part")
        part.write_text(json.dumps(self.document(), indent=1))
        part.replace(path)


def _ranges(chunks: Iterable[int]) -> list[list[int]]:
    found: list[list[int]] = []
    for at in sorted(chunks):
        if found and found[-1][1] == at - 1:
            found[-1][1] = at
        else:
            found.append([at, at])
    return found


class Run:
    """Draws and judges; `findings` is the folder for what must not have happened."""

    def __init__(self, world: World, *, seed: str, findings: Path | None = None) -> None:
        self.world, self.seed, self.findings = world, seed, findings
        self.submissions: Target = Submissions(world)
        self._others: list[tuple[float, Target]] = []
        share = 0.0
        for target in (ProofFiles(world), BanLists(world), GateKeys(world)):
            share += SHARES[target.name]
            self._others.append((share, target))

    def chunk(self, number: int, counts: Counts) -> None:
        """The world must be answering."""
        rng, began = Random(f"{self.seed}/{number}"), time.process_time()
        for place in range(CHUNK):
            target = self._target(rng.random())
            made, drawn = target.draw(rng)
            counts.targets[target.name] += 1
            counts.made.update(made)
            try:
                verdict = target.judge(drawn)
            except Finding as finding:
                self._note(finding, f"{number}/{place} {target.name} {made}", target.encoded(drawn), counts)
                continue
            except Exception as error:
                text = f"{number}/{place} {target.name} {made}: {type(error).__name__}"
                self._note(error, text, target.encoded(drawn), counts)
                continue
            counts.codes[verdict.code] += 1
            if target is self.submissions:
                counts.fell[str(verdict.check)] += 1
        counts.chunks.add(number)
        counts.seconds += time.process_time() - began

    def _target(self, luck: float) -> Target:
        return next((target for share, target in self._others if luck < share), self.submissions)

    def _note(self, error: Exception, where: str, data: bytes, counts: Counts) -> None:
        counts.findings.append(f"{where}: {error}")
        if self.findings is not None:
            self.findings.mkdir(parents=True, exist_ok=True)
            (self.findings / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
