"""The proving artifacts of the built front end, for processes that prove without a browser."""

from pathlib import Path

from openmai.anonymity.artifacts import Artifacts
from openmai.anonymity.prover.gate import GateProver
from openmai.talk.gate_files import gate_files
from openmai.web.static import read_manifest


def read_gate_prover(static_dir: Path, gate_dir: Path) -> GateProver:
    """A prover with the built circuit and the keys of this folder; raises `GateMissing`."""
    gate = gate_files(gate_dir)
    wasm = (static_dir / read_manifest(static_dir)["artifacts/gate.wasm"]).read_bytes()
    return GateProver(wasm=wasm, zkey=gate.proving_key.read_bytes(), key=gate.document)


def read_artifacts(static_dir: Path, depth: int) -> Artifacts:
    """Circuit and proving key of one depth; raises `WrongArtifact` if they are not the pinned ones."""
    manifest = read_manifest(static_dir)
    wasm, zkey = (
        (static_dir / manifest[f"artifacts/semaphore-{depth}.{kind}"]).read_bytes()
        for kind in ("wasm", "zkey")
    )
    return Artifacts(depth, wasm, zkey)
