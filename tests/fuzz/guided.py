"""`python -m tests.fuzz.guided CORPUS [options]`: the same judge, led by the branches that it reaches.

Atheris instruments the parser, the protocol and the talk site; libFuzzer keeps the inputs that reach new
branches, and our mutators make new ones of them. `make fuzz-guided` installs Atheris from a lock of its own.
A finding ends the run and is left in a file `crash-…`.
"""

import sys
from pathlib import Path
from random import Random

import atheris
from tests.fuzz.settings import set_up

INSTRUMENTED = ["openmai.anonymity", "openmai.talk", "json.decoder", "tests.fuzz.judge"]


def main() -> None:
    with atheris.instrument_imports(include=INSTRUMENTED):
        set_up()
        from tests.fuzz.judge import Judge
        from tests.fuzz.mutating import Mutating
        from tests.fuzz.world import World
    world = World()
    judge, mutating = Judge(world), Mutating(world)
    corpus = next((Path(each) for each in sys.argv[1:] if not each.startswith("-")), None)
    if corpus is not None:
        corpus.mkdir(parents=True, exist_ok=True)
        for seed in world.seeds:
            (corpus / f"seed-{seed.name}").write_bytes(seed.body)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        rng = Random(seed)
        changed = mutating(data, rng) if rng.random() < 0.8 else None
        return atheris.Mutate(data, most) if changed is None or len(changed) > most else changed

    def one(data: bytes) -> None:
        judge(data)

    with world.answering():
        atheris.Setup([*sys.argv, "-max_len=66000"], one, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
