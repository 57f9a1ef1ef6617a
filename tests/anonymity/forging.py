"""What Mallory can do with the official circuit, her own inputs and some arithmetic on points."""

from collections.abc import Callable

from openmai.anonymity.fields import R
from openmai.anonymity.groth16 import CURVE, Points, VerificationKey, decode_points
from openmai.anonymity.prover import Prover
from openmai.anonymity.prover.proving import prove

P = CURVE.field_modulus
Fp2 = tuple[int, int]


def run_circuit(
    prover: Prover,
    *,
    secret: int,
    length: int,
    index: int,
    siblings: list[int],
    scope: int,
    message: int,
    randbelow: Callable[[int], int],
) -> tuple[list[int], bytes]:
    """Public signals and proof for any inputs that the circuit has a witness for."""
    witness = prover._circuit.witness(
        {
            "secret": [secret],
            "merkleProofLength": [length],
            "merkleProofIndex": [index],
            "merkleProofSiblings": siblings + [0] * (prover.depth - len(siblings)),
            "scope": [scope],
            "message": [message],
        }
    )
    return witness[1:5], prove(prover._key, witness, randbelow=randbelow).compress()


def rerandomise(key: VerificationKey, proof: bytes, *, randbelow: Callable[[int], int]) -> bytes:
    """Other bytes that prove the same; needs no secret."""
    a, b, c = decode_points(proof)
    z, t = 1 + randbelow(R - 1), randbelow(R)
    return Points(a * pow(z, -1, R), b * z + key.delta * (z * t % R), c + a * t).compress()


def shift_c(proof: bytes, times: int) -> bytes:
    """The proof with `times` generators added to C."""
    a, b, c = decode_points(proof)
    return Points(a, b, c + CURVE.G1() * (times % R)).compress()


def uncompressed_library_says(key: VerificationKey, proof: bytes, inputs: list[int]) -> bool:
    """The pairing library alone, without the wall."""
    a, b, c = decode_points(proof)
    statement = key.ic[0] + CURVE.multiexp(list(key.ic[1:]), inputs)
    return bool(CURVE.multi_pairing([a, -statement, -c], [b, key.gamma, key.delta]) == key.alpha_beta)


def outside_the_subgroup() -> bytes:
    """64 bytes of a point that is on the twist y² = x³ + 3/(9+u) but not of prime order."""
    x = 1
    while (y := _square_root2(_add(_cube((x, 0)), _b2()))) is None:
        x += 1
    data = bytearray(x.to_bytes(32, "little") + bytes(32))
    negated = (-y[0] % P, -y[1] % P)
    data[63] |= 0x80 if (y[1], y[0]) > (negated[1], negated[0]) else 0
    return bytes(data)


def _add(x: Fp2, y: Fp2) -> Fp2:
    return (x[0] + y[0]) % P, (x[1] + y[1]) % P


def _times(x: Fp2, y: Fp2) -> Fp2:
    return (x[0] * y[0] - x[1] * y[1]) % P, (x[0] * y[1] + x[1] * y[0]) % P


def _cube(x: Fp2) -> Fp2:
    return _times(x, _times(x, x))


def _b2() -> Fp2:
    norm = pow(82, -1, P)
    return 27 * norm % P, -3 * norm % P


def _square_root(value: int) -> int | None:
    root = pow(value, (P + 1) // 4, P)
    return root if root * root % P == value % P else None


def _square_root2(value: Fp2) -> Fp2 | None:
    norm = _square_root(value[0] ** 2 + value[1] ** 2)
    if norm is None:
        return None
    for candidate in (norm, -norm):
        real = _square_root((value[0] + candidate) * pow(2, -1, P))
        if real:
            root = (real, value[1] * pow(2 * real, -1, P) % P)
            if _times(root, root) == value:
                return root
    return None
