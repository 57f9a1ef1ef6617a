"""The first phase of a Groth16 set-up, by one person and in seconds: powers of a secret, in snarkjs' `.ptau`
format.

Whoever keeps the secrets can forge proofs of the circuit that is set up with them. That is meant: the gate is
relied on by the operator alone, who makes this. Made from secrets that are known, each point costs one
multiplication; snarkjs' own `powersoftau`, built for many contributors who do not know the secret, takes
minutes for the same.

Only what `snarkjs groth16 setup` and `snarkjs zkey verify` read is there: the powers of τ, α and β, and the
Lagrange polynomials of one domain and, in G1, of the next. The smaller domains are blocks of zeros.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from openmai.anonymity.fields import R
from openmai.anonymity.groth16 import CURVE, G1, G2

_P: Final[int] = CURVE.field_modulus
_MONTGOMERY: Final = (1 << 256) % _P
_COORDINATE: Final = 32
# Generates the multiplicative group of the scalar field; snarkjs takes the same roots of unity.
_GENERATOR: Final = 5


def phase_one(power: int, *, randbelow: Callable[[int], int]) -> bytes:
    """The file for circuits of at most 2**`power` constraints; `randbelow` must be unpredictable.

    The three secrets live in this call and are returned nowhere.
    """
    tau, alpha, beta = (1 + randbelow(R - 1) for _ in range(3))
    domain = 1 << power
    lagrange = _lagrange(domain, tau)
    skipped = domain - 1
    sections = {
        1: _header(power),
        2: _g1(_powers(tau, 2 * domain - 1)),
        4: _g1([alpha]),
        5: _g1([beta]),
        6: _g2([beta]),
        7: struct.pack("<I", 0),
        12: bytes(64 * skipped) + _g1(lagrange) + _g1(_lagrange(2 * domain, tau)),
        13: bytes(128 * skipped) + _g2(lagrange),
        14: bytes(64 * skipped) + _g1(_times(alpha, lagrange)),
        15: bytes(64 * skipped) + _g1(_times(beta, lagrange)),
    }
    return (
        b"ptau" + struct.pack("<II", 1, len(sections)) + b"".join(_framed(*each) for each in sections.items())
    )


def _framed(kind: int, data: bytes) -> bytes:
    return struct.pack("<IQ", kind, len(data)) + data


def _header(power: int) -> bytes:
    return (
        struct.pack("<I", _COORDINATE) + _P.to_bytes(_COORDINATE, "little") + struct.pack("<II", power, power)
    )


def _powers(base: int, count: int) -> list[int]:
    powers = [1]
    for _ in range(count - 1):
        powers.append(powers[-1] * base % R)
    return powers


def _times(factor: int, values: Iterable[int]) -> list[int]:
    return [factor * value % R for value in values]


def _lagrange(domain: int, tau: int) -> list[int]:
    """Lᵢ(τ) = wᵢ · (τⁿ − 1) / (n · (τ − wᵢ)) for the n-th roots of unity wᵢ, with one inversion for all."""
    roots = _powers(pow(_GENERATOR, (R - 1) // domain, R), domain)
    vanishing = (pow(tau, domain, R) - 1) * pow(domain, -1, R) % R
    inverses = _inverses([(tau - root) % R for root in roots])
    return [root * vanishing % R * inverse % R for root, inverse in zip(roots, inverses, strict=True)]


def _inverses(values: Sequence[int]) -> list[int]:
    """Montgomery's trick; a τ that is itself a root of unity has no inverse and raises `ValueError`."""
    products = [1]
    for value in values:
        products.append(products[-1] * value % R)
    inverse = pow(products[-1], -1, R)
    inverses = [0] * len(values)
    for place in range(len(values) - 1, -1, -1):
        inverses[place] = inverse * products[place] % R
        inverse = inverse * values[place] % R
    return inverses


def _coordinate(value: int) -> bytes:
    return int(value * _MONTGOMERY % _P).to_bytes(_COORDINATE, "little")


def _g1(scalars: list[int]) -> bytes:
    points: list[G1] = CURVE.curve.batch_multi_scalar_g1([CURVE.G1()] * len(scalars), scalars)
    return b"".join(_coordinate(value) for point in points for value in (point.x, point.y))


def _g2(scalars: list[int]) -> bytes:
    points: list[G2] = CURVE.curve.batch_multi_scalar_g2([CURVE.G2()] * len(scalars), scalars)
    return b"".join(_coordinate(value) for point in points for value in (*point.x, *point.y))
