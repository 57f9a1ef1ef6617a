"""A gate of the tests' own: one set-up for each build folder, made on first use and then kept."""

import fcntl
import secrets
from functools import cache
from pathlib import Path
from typing import Final

from openmai.anonymity.bans import Ban, BanList
from openmai.anonymity.encoding import Domain, canonical_json
from openmai.anonymity.log.entries import LogEntry, artifacts_entry
from openmai.anonymity.prover.gate import GateProver
from openmai.talk.gate_files import VERIFICATION_KEY, GateFiles, gate_files
from openmai.talk.gate_setup import setup_gate

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = ROOT / "build" / "test-gate"
CIRCUIT: Final = ROOT / "build" / "gate" / "gate.r1cs"
WASM: Final = ROOT / "build" / "gate" / "gate.wasm"
SNARKJS: Final = ROOT / "node_modules" / "snarkjs" / "build" / "cli.cjs"


@cache
def made_gate() -> GateFiles:
    """The set-up; whoever comes first makes it, and the other workers wait."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (FOLDER / VERIFICATION_KEY).exists():
            setup_gate(
                FOLDER, circuit=CIRCUIT, snarkjs=SNARKJS, randbelow=secrets.randbelow, say=lambda _: None
            )
    return gate_files(FOLDER)


@cache
def gate_prover() -> GateProver:
    gate = made_gate()
    return GateProver(wasm=WASM.read_bytes(), zkey=gate.proving_key.read_bytes(), key=gate.document)


def logged_artifacts(domain: Domain, *, slots: int = 30) -> LogEntry:
    """What a site with this gate says of it in its log."""
    gate = made_gate()
    return artifacts_entry(
        domain,
        proving_key=gate.served.sha256,
        verification_key=canonical_json(gate.document),
        slots=slots,
    )


def ban_list(*bans: Ban, site: str, season: str, serial: int = 1) -> BanList:
    """A list of these bans, in its order; an empty one has the serial 0."""
    ordered = tuple(sorted(bans, key=lambda ban: (ban.thread, ban.nullifier)))
    return BanList(site, season, serial if ordered else 0, ordered)
