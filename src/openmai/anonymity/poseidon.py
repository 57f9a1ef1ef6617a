"""Poseidon of two field elements: the hash of Semaphore's trees, commitments and nullifiers.

The permutation is the paper's (width 3, 8 full and 57 partial rounds, x^5), rearranged as in its
appendix B: in a partial round only the first word passes the S-box, so the matrix is a sparse one times
a part that commutes with the S-box and moves into the round before. Same function, 5 products, not 9.
"""

from typing import Final

from gmpy2 import mpz

from openmai.anonymity.fields import R as FIELD
from openmai.anonymity.fields import check_field
from openmai.anonymity.poseidon_constants import FULL_ROUNDS, MDS, PARTIAL_ROUNDS, ROUND_CONSTANTS

Vector = tuple[int, int, int]
Matrix = tuple[Vector, Vector, Vector]
# m00, the rest of the first row, the rest of the first column, the constant of the next round.
Sparse = tuple[int, int, int, int, int, int]

_HALF: Final = FULL_ROUNDS // 2


def poseidon2(a: int, b: int) -> int:
    """Poseidon(a, b), as circomlib's `Poseidon(2)`; raise `NotCanonical` unless both lie in [0, r)."""
    return _hash(check_field(a, name="the left input"), check_field(b, name="the right input"))


def _product(left: Matrix, right: Matrix) -> Matrix:
    columns = tuple(zip(*right, strict=True))
    return tuple(  # type: ignore[return-value]  # three rows of three, which mypy cannot count
        tuple(sum(x * y for x, y in zip(row, column, strict=True)) % FIELD for column in columns)
        for row in left
    )


def _apply(matrix: Matrix, vector: Vector) -> Vector:
    x, y, z = (sum(m * v for m, v in zip(row, vector, strict=True)) % FIELD for row in matrix)
    return x, y, z


def _factor(matrix: Matrix) -> tuple[Matrix, Matrix]:
    """Write `matrix` as sparse · dense; dense leaves the first word alone and so commutes with its S-box."""
    (m, u1, u2), (w1, a, b), (w2, c, d) = matrix
    inverse = pow(a * d - b * c, -1, FIELD)
    s1 = (u1 * d - u2 * c) * inverse % FIELD
    s2 = (u2 * a - u1 * b) * inverse % FIELD
    return ((m, s1, s2), (w1, 1, 0), (w2, 0, 1)), ((1, 0, 0), (0, a, b), (0, c, d))


def _constants_of(round_number: int) -> Vector:
    a, b, c = ROUND_CONSTANTS[3 * round_number : 3 * round_number + 3]
    return a, b, c


def _factor_rounds() -> tuple[Matrix, list[tuple[Matrix, Matrix]]]:
    """The matrix before the partial rounds, and (sparse, dense) of each of them."""
    matrix, factors = MDS, []
    for _ in range(PARTIAL_ROUNDS):
        sparse, dense = _factor(matrix)
        factors.append((sparse, dense))
        matrix = _product(dense, MDS)
    return matrix, factors[::-1]


def _sparse_rounds() -> tuple[int, list[Sparse], Matrix, tuple[int, int]]:
    """First scalar constant, the partial rounds, the matrix before them, what they carry into the next round.

    Constants of the second and third word pass a partial round untouched by its S-box: they move forward.
    """
    before, factors = _factor_rounds()
    scalars, carry = [], (0, 0, 0)
    for number, (sparse, dense) in enumerate(factors):
        own = _apply(dense, _constants_of(_HALF + number))
        scalars.append((own[0] + carry[0]) % FIELD)
        carry = _apply(sparse, (0, own[1] + carry[1], own[2] + carry[2]))
    following = _constants_of(_HALF + PARTIAL_ROUNDS)
    a, b, c = ((x + y) % FIELD for x, y in zip(following, carry, strict=True))
    # The first word's share of the last carry is one more scalar, added by the last partial round.
    rounds = [
        (sparse[0][0], sparse[0][1], sparse[0][2], sparse[1][0], sparse[2][0], constant)
        for (sparse, _), constant in zip(factors, [*scalars[1:], a], strict=True)
    ]
    return scalars[0], rounds, before, (b, c)


def _big(value: int) -> int:
    # mpz behaves as int does here, and multiplies 250-bit numbers about twice as fast.
    return mpz(value)  # type: ignore[no-any-return]  # gmpy2 has no types


_FIRST_SCALAR, _rounds, _before, _carry = _sparse_rounds()
_PARTIAL: Final = [tuple(map(_big, row)) for row in _rounds]
_CARRY: Final = tuple(map(_big, _carry))
_R: Final = _big(FIELD)
_START: Final = tuple(map(_big, _constants_of(0)))


def _full_rounds(matrices: list[Matrix], constants: list[Vector]) -> list[tuple[int, ...]]:
    """Rows of (matrix in row order, constants that follow)."""
    return [
        tuple(map(_big, [*(m for row in matrix for m in row), *following]))
        for matrix, following in zip(matrices, constants, strict=True)
    ]


_BEGIN: Final = _full_rounds(
    [MDS] * (_HALF - 1) + [_before], [*(_constants_of(n) for n in range(1, _HALF)), (_FIRST_SCALAR, 0, 0)]
)
_END: Final = _full_rounds(
    [MDS] * (_HALF - 1),
    [_constants_of(n) for n in range(_HALF + PARTIAL_ROUNDS + 1, FULL_ROUNDS + PARTIAL_ROUNDS)],
)
_LAST: Final = tuple(map(_big, MDS[0]))


def _full(x: int, y: int, z: int, rounds: list[tuple[int, ...]]) -> Vector:
    """Each word to its fifth power, the matrix, the next round's constants."""
    modulus = _R
    for m00, m01, m02, m10, m11, m12, m20, m21, m22, c0, c1, c2 in rounds:
        x, y, z = _fifth(x), _fifth(y), _fifth(z)
        x, y, z = (
            (m00 * x + m01 * y + m02 * z + c0) % modulus,
            (m10 * x + m11 * y + m12 * z + c1) % modulus,
            (m20 * x + m21 * y + m22 * z + c2) % modulus,
        )
    return x, y, z


def _fifth(x: int) -> int:
    square = x * x % _R
    return square * square % _R * x % _R


def _hash(a: int, b: int) -> int:
    modulus = _R
    x, y, z = _full(_START[0], a + _START[1], b + _START[2], _BEGIN)
    for m, s1, s2, w1, w2, c in _PARTIAL:
        square = x * x % modulus
        fifth = square * square % modulus * x % modulus
        x = (m * fifth + s1 * y + s2 * z + c) % modulus
        # Not reduced here: longer products are cheaper than two more divisions a round.
        y += w1 * fifth
        z += w2 * fifth
    x, y, z = _full(x, (y + _CARRY[0]) % modulus, (z + _CARRY[1]) % modulus, _END)
    return int((_LAST[0] * _fifth(x) + _LAST[1] * _fifth(y) + _LAST[2] * _fifth(z)) % modulus)
