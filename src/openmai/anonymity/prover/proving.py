"""Groth16 proofs from a witness (Groth, EUROCRYPT 2016, section 3.2).

The proof is first made without randomness and then re-randomised (Bowe and Gabizon, ePrint 2018/187):
A/z, zB + ztδ, C + tA with uniform z ≠ 0 and t. Given A and B the equation leaves one C, and both are
uniform, so this is the distribution of the original; but the second copy of B's query, in G1, is neither
loaded nor combined.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

from zksnake._algebra import polynomial_bn254

from openmai.anonymity.fields import R
from openmai.anonymity.groth16 import Points
from openmai.anonymity.prover.zkey import Coefficient, ProvingKey

# Generates the multiplicative group of the scalar field, as in snarkjs.
_GENERATOR = 5


def prove(key: ProvingKey, witness: Sequence[int], *, randbelow: Callable[[int], int]) -> Points:
    """A fresh proof of `witness`; `randbelow(n)` must be unpredictable, or the proof tells the witness."""
    a = key.alpha1 + key.a.combine(witness)
    b = key.beta2 + key.b.combine(witness)
    c = key.private.combine(witness) + key.quotient.combine(_quotient(key, witness))
    z = 1 + randbelow(R - 1)
    t = randbelow(R)
    return Points(a=a * pow(z, -1, R), b=b * z + key.delta2 * (z * t % R), c=c + a * t)


def _quotient(key: ProvingKey, witness: Sequence[int]) -> list[int]:
    """(left · right − output) on the coset where snarkjs' query expects it: that of the odd roots of
    unity.
    """
    left = _evaluate(key.left, witness, key.domain)
    right = _evaluate(key.right, witness, key.domain)
    output = [x * y % R for x, y in zip(left, right, strict=True)]
    shifted = (_on_coset(values) for values in (left, right, output))
    return [(x * y - z) % R for x, y, z in zip(*shifted, strict=True)]


def _evaluate(matrix: list[Coefficient], witness: Sequence[int], domain: int) -> list[int]:
    sums = [0] * domain
    for constraint, wire, value in matrix:
        sums[constraint] += value * witness[wire]
    return [total % R for total in sums]


def _on_coset(values: list[int]) -> list[int]:
    domain = len(values)
    coefficients = polynomial_bn254.ifft(values, domain)
    return polynomial_bn254.fft(  # type: ignore[no-any-return]  # zksnake has no types
        [x * y % R for x, y in zip(coefficients, _shifts(domain), strict=True)], domain
    )


@lru_cache(maxsize=4)
def _shifts(domain: int) -> tuple[int, ...]:
    """Powers of a primitive root of unity of order 2·domain."""
    root = pow(_GENERATOR, (R - 1) // (2 * domain), R)
    powers = [1]
    for _ in range(domain - 1):
        powers.append(powers[-1] * root % R)
    return tuple(powers)
