"""The gate's keys on disk: the folder that `openmai gate setup` fills, and what the site publishes of it.

public/gate.<hash>.zkey   the proving key, served as a static file that never changes
gate.vkey.json            the verification key
phase1.ptau               the first phase, which `snarkjs zkey verify` needs; no secret
"""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from openmai.anonymity.artifacts import GATE_PINNED
from openmai.anonymity.encoding import sha256
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.gate import read_gate_key
from openmai.anonymity.groth16 import VerificationKey
from openmai.talk.errors import TalkError
from openmai.web.static import PREFIX as STATIC
from openmai.web.static import asset

VERIFICATION_KEY: Final = "gate.vkey.json"
PHASE_ONE: Final = "phase1.ptau"
PUBLIC: Final = "public"
PREFIX: Final = f"{STATIC}gate/"


class GateMissing(TalkError):
    """The folder holds no set-up, or only a part of one."""


@dataclass(frozen=True, slots=True)
class ServedFile:
    """What a client needs to fetch a file and to know it again."""

    url: str
    sha256: str
    bytes: int

    def document(self) -> dict[str, object]:
        return {"url": self.url, "sha256": self.sha256, "bytes": self.bytes}


@dataclass(frozen=True, slots=True)
class GateFiles:
    """A complete set-up. `document` is the verification key as snarkjs wrote it."""

    folder: Path
    proving_key: Path
    document: dict[str, Any] = field(repr=False)
    key: VerificationKey = field(repr=False)
    served: ServedFile


@cache
def gate_files(folder: Path) -> GateFiles:
    """Read the set-up in `folder`, once; raise `GateMissing` with what to do."""
    try:
        (proving_key,) = (folder / PUBLIC).glob("gate.*.zkey")
        data = proving_key.read_bytes()
        document = json.loads((folder / VERIFICATION_KEY).read_bytes())
        key = read_gate_key(document)
    except (OSError, ValueError, AnonymityError) as error:
        words = "run `openmai gate setup` once, or name the folder of your set-up in OPENMAI_GATE_DIR"
        raise GateMissing(f"There is no gate key in {folder}: {words}.") from error
    digest = sha256(data).hex()
    served = ServedFile(PREFIX + proving_key.name, digest, len(data))
    return GateFiles(folder, proving_key, document, key, served)


def circuit_file() -> ServedFile:
    """The circuit as the front end's build serves it. Its hash is pinned in every client."""
    url = asset("artifacts/gate.wasm")
    path = Path(settings.OPENMAI_STATIC_DIR) / url.removeprefix(STATIC)
    return ServedFile(url, GATE_PINNED["wasm"], path.stat().st_size)


def proving_key_name(data: bytes) -> str:
    """The name under which a proving key is served: it carries the hash, so that it can be kept for ever."""
    return f"gate.{sha256(data).hex()[:16]}.zkey"
