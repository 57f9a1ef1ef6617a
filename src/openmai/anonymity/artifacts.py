"""What proving needs, pinned: the ceremony's artifacts of npm `@zk-kit/semaphore-artifacts` 4.13.0, depth 1
(enrolment) and 20 (speaking), and the gate's circuit, which is our own.

The files are large and belong to the caller; this module only says whether they are the right ones. The
verification keys are small, part of this package, and checked each time one is loaded.
"""

from dataclasses import dataclass, field
from importlib.resources import files
from typing import Final

from openmai.anonymity.encoding import sha256
from openmai.anonymity.errors import AnonymityError, gettext_noop

_ = gettext_noop
PINNED: Final = {
    (1, "wasm"): "70289ef3bdfa86e97debdb227e76721b392f45b5e73d5e7136d93a04dce0dff9",
    (1, "zkey"): "471a978875f91411b21ba5a2fbea41df30ec45eb23e3ac045edf7f30a2846a08",
    (1, "vkey"): "2138d5bba77020ed8e1f1cc1983c33d8b2fc1d71e9d22592b3b72b31bfa470fb",
    (20, "wasm"): "6f71e55586929e520e76027ebe067daac8b41e2f4b8057313a5fd0304e1e44ee",
    (20, "zkey"): "33f9a067a80c7daf90e085449073613a9559a1904dd40aeb6d603afb7988c2cc",
    (20, "vkey"): "6fda771369c19517c8f7575cb9f1d18a8846e46baa1dc0c032bac9492c29559e",
}

# The gate's circuit, compiled by the front end's build. Its keys come from each operator's own set-up.
GATE_PINNED: Final = {
    "wasm": "91daed3baa567e3dcb4ad5a171982f2d3c97701a468da9c5f69b51305c87794f",
    "r1cs": "9739be993fdf2585393dccc9856b93b185414c95fe042325113e701e56724738",
}


class WrongArtifact(AnonymityError):
    """The bytes are not the pinned file: damaged, another version, or replaced by somebody who wants to
    know more.
    """


def check_artifact(depth: int, kind: str, data: bytes) -> bytes:
    """Return `data` if it is the pinned `kind` ("wasm", "zkey" or "vkey") of `depth`; raise
    `WrongArtifact`.
    """
    expected = PINNED.get((depth, kind))
    if expected is None:
        raise WrongArtifact(_("there is no pinned %(kind)s for depth %(depth)d"), kind=kind, depth=depth)
    if (found := sha256(data).hex()) != expected:
        message = _("the %(kind)s for depth %(depth)d has SHA-256 %(found)s, not %(expected)s")
        raise WrongArtifact(message, kind=kind, depth=depth, found=found, expected=expected)
    return data


def check_gate_circuit(kind: str, data: bytes) -> bytes:
    """Return `data` if it is the pinned `kind` ("wasm" or "r1cs") of the gate's circuit; raise
    `WrongArtifact`.
    """
    if (found := sha256(data).hex()) != (expected := GATE_PINNED[kind]):
        message = _("the gate's %(kind)s has SHA-256 %(found)s, not %(expected)s")
        raise WrongArtifact(message, kind=kind, found=found, expected=expected)
    return data


def verification_key_bytes(depth: int) -> bytes:
    """The package's own verification key for `depth`, as snarkjs' JSON; raise `WrongArtifact` if it was
    changed.
    """
    if (depth, "vkey") not in PINNED:
        raise WrongArtifact(_("there is no pinned %(kind)s for depth %(depth)d"), kind="vkey", depth=depth)
    data = files("openmai.anonymity").joinpath("vk", f"semaphore-{depth}.json").read_bytes()
    return check_artifact(depth, "vkey", data)


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What proving at one depth needs: the circuit as WebAssembly and the proving key. Both checked on
    creation.
    """

    depth: int
    wasm: bytes = field(repr=False)
    zkey: bytes = field(repr=False)

    def __post_init__(self) -> None:
        check_artifact(self.depth, "wasm", self.wasm)
        check_artifact(self.depth, "zkey", self.zkey)
