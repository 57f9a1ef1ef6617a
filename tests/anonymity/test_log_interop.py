"""Go's own implementation of transparency logs reads ours and comes to the same roots and proofs.

`make test` installs Go and golang.org/x/mod from the distribution where it can (scripts/install-go).
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.anonymity.logs import MemoryLog
from tests.anonymity.test_log_notes import KEY, OLGA

from openmai.anonymity.log.checkpoints import sign_checkpoint
from openmai.anonymity.log.tiles import new_tiles

GOPATH = Path("/usr/share/gocode")
PROGRAM = Path(__file__).parent / "tlog" / "main.go"
# Old releases of Go's package look at every tile only if each complete subtree has one of its own, as here.
LOG = MemoryLog([f"entry {at}".encode() * (at % 7) for at in range(65_536 + 256 + 1)])
SIZES = (1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 4_095, 65_535, 65_536, 65_537, 65_792)

pytestmark = pytest.mark.skipif(
    shutil.which("go") is None or not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir(),
    reason="Go or golang.org/x/mod is not installed",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiles on three levels, full ones and partial ones."""
    root = tmp_path_factory.mktemp("log")
    tree = LOG.at(len(LOG.entries))
    for tile in new_tiles(0, tree.size):
        path = root / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(LOG.read(tile))
    (root / "checkpoint").write_bytes(sign_checkpoint(KEY.name, tree.head(), OLGA).data)
    return root


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("go") / "tlog"
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": str(GOPATH),
        "GOCACHE": str(built.parent / "cache"),
        "CGO_ENABLED": "0",
    }
    subprocess.run(["go", "build", "-o", built, PROGRAM], env=environment, check=True)
    return built


def read_by_go(program: Path, folder: Path, *sizes: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, folder, KEY.text, *map(str, sizes)], capture_output=True, text=True, check=False
    )


def test_go_finds_the_same_roots_and_proofs(program: Path, folder: Path) -> None:
    done = read_by_go(program, folder, *SIZES)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    tree = LOG.at(len(LOG.entries))
    assert (said["origin"], said["size"]) == (KEY.name, tree.size)
    for size in SIZES:
        assert said["roots"][str(size)] == LOG.at(size).root().hex()
        assert said["grown"][str(size)] == [each.hex() for each in tree.consistency_proof(size)]
        assert said["last"][str(size)] == [each.hex() for each in tree.inclusion_proof(size - 1)]


@pytest.mark.parametrize("path", ["tile/0/017", "tile/1/000", "tile/entries/017", "checkpoint"])
def test_go_refuses_what_was_altered(program: Path, folder: Path, tmp_path: Path, path: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    data = bytearray((copy / path).read_bytes())
    data[40] ^= 1
    (copy / path).write_bytes(data)
    assert read_by_go(program, copy, 4_097).returncode == 1
