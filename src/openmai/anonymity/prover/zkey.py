"""snarkjs' proving key (.zkey, Groth16 over BN254).

Sections used: 2 header, 4 constraints, 5 and 7 the queries of A and B, 8 that of the private wires, 9
that of the quotient. Section 6, B in G1, is not needed (see `proving`). Coordinates are Montgomery
numbers, little-endian; a point of zeros is infinity and stands for a wire that does not occur.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from openmai.anonymity.errors import AnonymityError, gettext_noop
from openmai.anonymity.fields import R
from openmai.anonymity.groth16 import CURVE, G1, G2

_WORD: Final = 32
_P: Final = CURVE.field_modulus
_MONTGOMERY_P: Final = pow(1 << 256, -1, _P)
# Coefficients carry the Montgomery factor twice.
_MONTGOMERY_R2: Final = pow(1 << 512, -1, R)


class BadProvingKey(AnonymityError):
    """The file is no Groth16 proving key over BN254."""


class Coefficient(NamedTuple):
    """`value` is how often `wire` counts in the constraint; as a signed number, for most are 1 or -1."""

    constraint: int
    wire: int
    value: int


@dataclass(frozen=True, slots=True)
class Query:
    """The points of the wires that occur, and which wires these are."""

    wires: tuple[int, ...]
    points: list[G1 | G2]

    def combine(self, values: Sequence[int]) -> G1 | G2:
        """Σ valueᵢ · pointᵢ."""
        return CURVE.multiexp(self.points, [values[wire] for wire in self.wires])


@dataclass(frozen=True, slots=True)
class ProvingKey:
    """`domain` is a power of two, the number of constraints with padding; queries as in the header."""

    public_inputs: int
    domain: int
    alpha1: G1
    beta2: G2
    delta2: G2
    a: Query
    b: Query
    private: Query
    quotient: Query
    left: list[Coefficient]
    right: list[Coefficient]


def read_proving_key(data: bytes) -> ProvingKey:
    """Parse a .zkey; raise `BadProvingKey`. Takes seconds: the library checks the group of each point."""
    try:
        return _read(data)
    except (struct.error, KeyError, IndexError) as error:
        raise BadProvingKey(
            gettext_noop("the proving key is cut short or not in the expected format")
        ) from error


def _read(data: bytes) -> ProvingKey:
    sections = _sections(data)
    header = sections[2]
    field_bytes = _WORD + 4
    if _integer(header[4:field_bytes]) != _P or _integer(header[field_bytes + 4 : 2 * field_bytes]) != R:
        raise BadProvingKey(gettext_noop("the proving key is not for BN254"))
    _, public_inputs, domain = struct.unpack_from("<III", header, 2 * field_bytes)
    points = header[2 * field_bytes + 12 :]
    left, right = _coefficients(sections[4])
    return ProvingKey(
        public_inputs=public_inputs,
        domain=domain,
        alpha1=_g1(points[:64]),
        beta2=_g2(points[128:256]),
        delta2=_g2(points[448:576]),
        a=_query(sections[5], 64, _g1),
        b=_query(sections[7], 128, _g2),
        private=_query(sections[8], 64, _g1, first_wire=public_inputs + 1),
        quotient=_query(sections[9], 64, _g1),
        left=left,
        right=right,
    )


def _sections(data: bytes) -> dict[int, memoryview]:
    if data[:4] != b"zkey":
        raise BadProvingKey(gettext_noop("this is no .zkey file"))
    (count,) = struct.unpack_from("<I", data, 8)
    sections, offset = {}, 12
    for _ in range(count):
        kind, size = struct.unpack_from("<IQ", data, offset)
        sections[kind] = memoryview(data)[offset + 12 : offset + 12 + size]
        offset += 12 + size
    return sections


def _integer(data: memoryview) -> int:
    return int.from_bytes(data, "little")


def _coordinates(data: memoryview) -> Iterator[int]:
    return (_integer(data[at : at + _WORD]) * _MONTGOMERY_P % _P for at in range(0, len(data), _WORD))


def _g1(data: memoryview) -> G1:
    return CURVE.curve.PointG1(*_coordinates(data))


def _g2(data: memoryview) -> G2:
    return CURVE.curve.PointG2(*_coordinates(data))


def _query(
    data: memoryview, size: int, read: Callable[[memoryview], G1 | G2], *, first_wire: int = 0
) -> Query:
    infinity = bytes(size)
    items = [data[at : at + size] for at in range(0, len(data), size)]
    used = [(wire, item) for wire, item in enumerate(items, first_wire) if item != infinity]
    return Query(tuple(wire for wire, _ in used), [read(item) for _, item in used])


def _coefficients(data: memoryview) -> tuple[list[Coefficient], list[Coefficient]]:
    """Those of the left and those of the right factor of each constraint."""
    matrices: tuple[list[Coefficient], list[Coefficient]] = ([], [])
    for at in range(4, len(data), 12 + _WORD):
        matrix, constraint, wire = struct.unpack_from("<III", data, at)
        value = _integer(data[at + 12 : at + 12 + _WORD]) * _MONTGOMERY_R2 % R
        matrices[matrix].append(Coefficient(constraint, wire, value - R if value > R >> 1 else value))
    return matrices
