"""Print src/openmai/anonymity/poseidon_constants.py: Poseidon's parameters, derived from its specification.

Source: Grassi, Khovratovich, Rechberger, Roy, Schofnegger, "Poseidon: A New Hash Function for Zero-Knowledge
Proof Systems", USENIX Security 2021, appendix F (Grain LFSR) and section 2.3 (Cauchy matrix).

    python scripts/poseidon_constants.py > src/openmai/anonymity/poseidon_constants.py
"""

from collections.abc import Iterator

FIELD = 21888242871839275222246405745257275088548364400416034343698204186575808495617
BITS, WIDTH, FULL_ROUNDS, PARTIAL_ROUNDS = 254, 3, 8, 57
TAPS = (0, 13, 23, 38, 51, 62)


def grain_bits() -> Iterator[int]:
    """The self-shrinking 80-bit LFSR, seeded with field kind, S-box, field size, width, rounds, ones."""
    seed = f"{1:02b}{0:04b}{BITS:012b}{WIDTH:012b}{FULL_ROUNDS:010b}{PARTIAL_ROUNDS:010b}" + "1" * 30
    state = [int(bit) for bit in seed]

    def step() -> int:
        bit = sum(state[tap] for tap in TAPS) & 1
        state.append(bit)
        del state[0]
        return bit

    for _ in range(160):
        step()
    while True:
        keep, bit = step(), step()
        if keep:
            yield bit


def parameters() -> tuple[list[int], list[list[int]]]:
    """Round constants (65 rounds of 3, in order) and the 3 by 3 MDS matrix."""
    bits = grain_bits()

    def draw() -> int:
        return int("".join(str(next(bits)) for _ in range(BITS)), 2)

    constants: list[int] = []
    while len(constants) < (FULL_ROUNDS + PARTIAL_ROUNDS) * WIDTH:
        if (value := draw()) < FIELD:
            constants.append(value)
    xs = [draw() % FIELD for _ in range(WIDTH)]
    ys = [draw() % FIELD for _ in range(WIDTH)]
    return constants, [[pow(x + y, -1, FIELD) for y in ys] for x in xs]


def module() -> str:
    """The text of the data module."""
    constants, matrix = parameters()
    lines = [
        '"""Poseidon over BN254\'s scalar field, width 3, 8 full and 57 partial rounds, x^5. Written by',
        'scripts/poseidon_constants.py from the specification; a test derives them again. Do not edit."""',
        "",
        "from typing import Final",
        "",
        "FULL_ROUNDS: Final = 8",
        "PARTIAL_ROUNDS: Final = 57",
        "ROUND_CONSTANTS: Final = (",
        *(f"    0x{value:064X}," for value in constants),
        ")",
        "MDS: Final = (",
    ]
    for row in matrix:
        lines += ["    (", *(f"        0x{value:064X}," for value in row), "    ),"]
    return "\n".join([*lines, ")", ""])


if __name__ == "__main__":
    print(module(), end="")
