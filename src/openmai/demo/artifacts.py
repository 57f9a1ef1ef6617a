"""The proving artifacts of the built front end, for processes that prove without a browser."""

from pathlib import Path

from openmai.anonymity.artifacts import Artifacts
from openmai.web.static import read_manifest


def read_artifacts(static_dir: Path, depth: int) -> Artifacts:
    """Circuit and proving key of one depth; raises `WrongArtifact` if they are not the pinned ones."""
    manifest = read_manifest(static_dir)
    wasm, zkey = (
        (static_dir / manifest[f"artifacts/semaphore-{depth}.{kind}"]).read_bytes()
        for kind in ("wasm", "zkey")
    )
    return Artifacts(depth, wasm, zkey)
