"""Olga's keys: whatever she hands out, a device sends nothing that tells who it is."""

import secrets
import struct
from copy import deepcopy
from typing import Any

import pytest
from tests.anonymity.test_gate_attacks import NOBODY, request
from tests.factories.cast import Cast
from tests.factories.gate import gate_prover, made_gate

from openmai.anonymity.gate import (
    read_gate_key,
)
from openmai.anonymity.groth16 import CURVE, MalformedKey, MalformedProof
from openmai.anonymity.prover.gate import GateProver, UnsafeGate


def test_a_proving_key_that_is_not_the_sites_own_is_noticed_before_anything_is_sent(cast: Cast):
    """Olga hands out a doctored key: the proof does not hold under the verification key, and stays on the
    device.
    """
    gate = made_gate()
    data = bytearray(gate.proving_key.read_bytes())
    at = _delta_at(bytes(data))
    data[at : at + 128] = _generator_g2()
    prover = GateProver(wasm=gate_prover()._wasm, zkey=bytes(data), key=gate.document)
    with pytest.raises(UnsafeGate):
        prover.prove(request(cast.alice), NOBODY, randbelow=secrets.randbelow)


def test_a_proving_key_full_of_noise_is_a_refusal(cast: Cast):
    gate = made_gate()
    data = bytearray(gate.proving_key.read_bytes())
    data[-200_000:] = secrets.token_bytes(200_000)
    prover = GateProver(wasm=gate_prover()._wasm, zkey=bytes(data), key=gate.document)
    with pytest.raises((UnsafeGate, MalformedProof)):
        prover.prove(request(cast.alice), NOBODY, randbelow=secrets.randbelow)


KEYS: dict[str, Any] = {
    "a point at infinity": {"vk_delta_2": [["0", "0"], ["1", "0"], ["0", "0"]]},
    "a point off the curve": {"vk_alpha_1": ["1", "3", "1"]},
    "a point outside the subgroup": None,
    "an input too few": "IC",
    "numbers": {"vk_alpha_1": [1, 2, 1]},
    "nothing": {"vk_beta_2": None},
}


@pytest.mark.parametrize("name", KEYS)
def test_a_verification_key_that_would_accept_anything_is_refused(name: str):
    document, change = dict(made_gate().document), KEYS[name]
    if change == "IC":
        document["IC"] = document["IC"][:-1]
    elif change is None:
        document["vk_delta_2"] = _outside_the_subgroup()
    else:
        document |= change
    with pytest.raises(MalformedKey):
        read_gate_key(document)
    with pytest.raises(MalformedKey):
        read_gate_key([])


def spelled(number: str, how: str) -> str:
    return {"plus p": str(int(number) + CURVE.field_modulus), "a leading zero": f"0{number}"}[how]


@pytest.mark.parametrize("how", ["plus p", "a leading zero"])
@pytest.mark.parametrize("name", ["vk_alpha_1", "IC", "vk_delta_2"])
def test_a_coordinate_of_a_verification_key_has_one_spelling(name: str, how: str):
    document = deepcopy(made_gate().document)
    read_gate_key(document)
    point = {"vk_alpha_1": document["vk_alpha_1"], "IC": document["IC"][3]}.get(name, document[name][1])
    point[0] = spelled(point[0], how)
    with pytest.raises(MalformedKey):
        read_gate_key(document)


@pytest.mark.parametrize(
    ("name", "z"), [("vk_alpha_1", "2"), ("vk_delta_2", ["1", "1"]), ("vk_delta_2", "10")]
)
def test_a_point_of_a_verification_key_is_affine(name: str, z: object):
    document = deepcopy(made_gate().document)
    document[name][2] = z
    with pytest.raises(MalformedKey):
        read_gate_key(document)


def _outside_the_subgroup() -> list[list[str]]:
    """A point of the twist's curve y² = x³ + 3/(9+u) that is no multiple of the generator."""
    p = CURVE.field_modulus

    def mul(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
        return (a[0] * b[0] - a[1] * b[1]) % p, (a[0] * b[1] + a[1] * b[0]) % p

    norm = pow(82, -1, p)
    twist = 27 * norm % p, -3 * norm % p
    for x in range(1, 100):
        cube = mul((x, 0), mul((x, 0), (x, 0)))
        square = (cube[0] + twist[0]) % p, (cube[1] + twist[1]) % p
        if (root := _root(square, p)) is not None and mul(root, root) == square:
            return [[str(x), "0"], [str(root[0]), str(root[1])], ["1", "0"]]
    raise AssertionError("half of all x have a point")


def _root(a: tuple[int, int], p: int) -> tuple[int, int] | None:
    """A square root in F_p² for p = 3 mod 4, by the norm."""
    norm = pow((a[0] * a[0] + a[1] * a[1]) % p, (p + 1) // 4, p)
    for sign in (1, -1):
        half = (a[0] + sign * norm) * pow(2, -1, p) % p
        x = pow(half, (p + 1) // 4, p)
        if x and x * x % p == half:
            return x, a[1] * pow(2 * x, -1, p) % p
    return None


def _delta_at(zkey: bytes) -> int:
    """Where δ₂ stands: at the end of the header, section 2."""
    at = 12
    while True:
        kind, size = struct.unpack_from("<IQ", zkey, at)
        if kind == 2:
            return at + 12 + size - 128
        at += 12 + size


def _generator_g2() -> bytes:
    p, point = CURVE.field_modulus, CURVE.G2()
    values = (*point.x, *point.y)
    return b"".join((value * (1 << 256) % p).to_bytes(32, "little") for value in values)
