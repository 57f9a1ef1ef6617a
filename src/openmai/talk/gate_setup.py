"""The operator's own set-up of the gate, and its check: the first phase is ours, the second snarkjs'.

snarkjs alone takes minutes, most of them for the first phase (docs/adr/0011). The secrets of both phases are
in the memory of two processes that end with it; nothing that is written tells them.
"""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from openmai.anonymity.artifacts import check_gate_circuit
from openmai.anonymity.phase_one import phase_one
from openmai.talk.errors import TalkError
from openmai.talk.gate_files import (
    PHASE_ONE,
    PUBLIC,
    VERIFICATION_KEY,
    GateFiles,
    gate_files,
    proving_key_name,
)

# 7,975 constraints and 67 public wires fit 2**13.
POWER: Final = 13
_ENDED: Final = 1800


class SetupFailed(TalkError):
    """snarkjs is not there, or did not do what it was asked; the text says what."""


class SetupExists(TalkError):
    """The folder holds a set-up: with a new one every proof of today would have to be made again."""


class NotVerified(TalkError):
    """snarkjs says that the proving key was not made from this circuit and first phase."""


def setup_gate(
    folder: Path, *, circuit: Path, snarkjs: Path, randbelow: Callable[[int], int], say: Callable[[str], None]
) -> GateFiles:
    """Make keys for the compiled `circuit` (.r1cs) in `folder`; raise `SetupExists`, `SetupFailed` or
    `WrongArtifact`.

    Files appear all at once, when they are complete.
    """
    if (folder / VERIFICATION_KEY).exists():
        raise SetupExists(f"{folder} holds a set-up already.")
    check_gate_circuit("r1cs", circuit.read_bytes())
    # A process that is killed must not leave its memory in a file.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as made:
        work = Path(made)
        say("Making the first phase…")
        (work / PHASE_ONE).write_bytes(phase_one(POWER, randbelow=randbelow))
        say("Making the gate's keys…")
        _second_phase(work, circuit=circuit, snarkjs=snarkjs)
        _place(work, folder)
    return gate_files(folder)


def _second_phase(work: Path, *, circuit: Path, snarkjs: Path) -> None:
    _run(snarkjs, "groth16", "setup", circuit, work / PHASE_ONE, work / "zero.zkey")
    # snarkjs adds 64 random bytes of its own to the entropy; what stands in the arguments is no secret.
    _run(
        snarkjs, "zkey", "contribute", work / "zero.zkey", work / "gate.zkey", "--name=operator",
        "-e=none",
    )  # fmt: skip
    _run(snarkjs, "zkey", "export", "verificationkey", work / "gate.zkey", work / VERIFICATION_KEY)


def _place(work: Path, folder: Path) -> None:
    public = folder / PUBLIC
    public.mkdir(exist_ok=True)
    made = work / "gate.zkey"
    shutil.move(made, public / proving_key_name(made.read_bytes()))
    shutil.move(work / PHASE_ONE, folder / PHASE_ONE)
    # Last: where it lies, the set-up is complete.
    shutil.move(work / VERIFICATION_KEY, folder / VERIFICATION_KEY)


def verify_gate_setup(folder: Path, *, circuit: Path, snarkjs: Path) -> GateFiles:
    """Check with snarkjs that the keys are those of the circuit; raise `NotVerified` or `GateMissing`."""
    files = gate_files(folder)
    check_gate_circuit("r1cs", circuit.read_bytes())
    told = _run(
        snarkjs, "zkey", "verify", circuit, folder / PHASE_ONE, files.proving_key, failure=NotVerified
    )
    if "ZKey Ok!" not in told:
        raise NotVerified("snarkjs does not say that the proving key is good.")
    with tempfile.TemporaryDirectory() as scratch:
        exported = Path(scratch) / VERIFICATION_KEY
        _run(snarkjs, "zkey", "export", "verificationkey", files.proving_key, exported)
        if exported.read_bytes() != (folder / VERIFICATION_KEY).read_bytes():
            raise NotVerified("The verification key is not that of the proving key.")
    return files


def _run(snarkjs: Path, *arguments: object, failure: type[TalkError] = SetupFailed) -> str:
    """What snarkjs prints; its exit code alone is not believed by those who ask for more."""
    node = shutil.which("node")
    if node is None or not snarkjs.is_file():
        raise SetupFailed(
            f"Node and snarkjs are needed: run `make setup`, or name snarkjs' cli.cjs ({snarkjs})."
        )
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    argv = [node, str(snarkjs), *map(str, arguments)]
    try:
        done = subprocess.run(  # noqa: S603 - our own program and arguments
            argv, capture_output=True, text=True, timeout=_ENDED, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        raise SetupFailed(f"snarkjs {arguments[0]} took more than {_ENDED} seconds.") from None
    if done.returncode != 0:
        raise failure(
            f"snarkjs {arguments[0]} {arguments[1]} failed: {done.stdout[-500:]}{done.stderr[-500:]}"
        )
    return done.stdout
