"""Paths files as the Python package builds them, written down for the front end.

`python -m tests.anonymity.paths_vectors` writes the file; `test_paths.py` fails when it is stale.
"""

from typing import Any, Final

from tests.anonymity.frontend_vectors import ROOT, as_file

from openmai.anonymity.encoding import sha256
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.paths import Since, build_paths

VECTORS: Final = ROOT / "frontend" / "tests" / "paths_vectors.json"
FIRST, SECOND, THIRD = 600, 610, 640
GONE: Final = ((3, 2), (599, 2), (3 + 256, 3), (4, 3), (605, 3))
# What is changed, where: each makes the file one that must be refused.
BAD: Final = {
    "magic": (0, b"x"),
    "epoch": (16, b"\0\0\0\4"),
    "size": (20, b"\0\0\2\x81"),
    "since": (24, b"\0\0\0\4"),
    "since-size": (28, b"\0\0\0\0"),
    "count": (32, b"\0\0\0\xff"),
    "node": (67, b"\xff"),
    "not-an-element": (36, b"\xff"),
    "listed": (36 + 96 + 31, b"\xff"),
    "removal-place": (36 + 96 + 128 * 32 + 3, b"\x05"),
    "removal-epoch": (36 + 96 + 128 * 32 + 7, b"\x01"),
    "sibling": (36 + 96 + 128 * 32 + 71, b"\x01"),
}


def _leaves(size: int, epoch: int) -> list[int]:
    gone = {index for index, at in GONE if at <= epoch}
    return [0 if index in gone else 1_000 + index for index in range(size)]


def _known(size: int, epoch: int) -> dict[str, Any]:
    leaves = _leaves(size, epoch)
    nodes = [str(node) for node in LeanIMT(leaves).tile_roots()]
    return {"epoch": epoch, "size": size, "live": sum(map(bool, leaves)), "nodes": nodes}


def vectors() -> dict[str, Any]:
    """Three epochs of a roster; the third's file leads on from the first."""
    tree = LeanIMT(_leaves(THIRD, 3))
    removed = [(index, epoch, 1_000 + index) for index, epoch in GONE]
    file = build_paths(tree, epoch=3, since=Since(1, FIRST), removed=removed)
    path = tree.path(300)
    return {
        "file": file.hex(),
        "paths": sha256(file).hex(),
        "root": str(tree.root),
        "epochs": [_known(FIRST, 1), _known(SECOND, 2), _known(THIRD, 3)],
        "gone": [[str(1_000 + at) for at in (3, 599, 4, 259)], [str(1_000 + at) for at in (4, 259, 605)], []],
        "path": {"place": 300, "index": path.index, "siblings": [str(each) for each in path.siblings]},
        "bad": {name: [at, part.hex()] for name, (at, part) in BAD.items()},
    }


if __name__ == "__main__":
    VECTORS.write_bytes(as_file(vectors()))
