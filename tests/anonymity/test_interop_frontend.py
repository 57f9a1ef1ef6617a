"""The front end and this package are two programs that must compute the same (docs/protocol.md §1 to §8).

`frontend/tests/interop.test.ts` reproduces the vectors; here it is made sure that they are this package's.
"""

import json

from tests.anonymity.frontend_vectors import ROOT, VECTORS, WORDS, alias_words, as_file, vectors

from openmai.anonymity.artifacts import PINNED


def test_the_worker_carries_the_packages_alias_words() -> None:
    assert WORDS.read_bytes() == as_file(alias_words()), "run python -m tests.anonymity.frontend_vectors"


def test_the_vectors_are_what_this_package_computes() -> None:
    assert VECTORS.read_bytes() == as_file(vectors()), "run python -m tests.anonymity.frontend_vectors"


def test_the_build_pins_the_same_artifacts() -> None:
    pins = json.loads((ROOT / "frontend" / "pins.json").read_text())["sha256"]
    suffixes = {"wasm": "wasm", "zkey": "zkey", "vkey": "json"}
    assert pins == {f"semaphore-{depth}.{suffixes[kind]}": digest for (depth, kind), digest in PINNED.items()}
