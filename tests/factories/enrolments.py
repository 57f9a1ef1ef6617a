"""Proofs of knowledge of strangers and of the cast, for the journals of rosters: they cost a second each, so
they are made once.

`python -m tests.factories.enrolments` writes the file again.
"""

import json
import random
from functools import cache
from pathlib import Path

from openmai.anonymity.encoding import Domain
from openmai.anonymity.enrolment import EnrolmentClaim, prove_enrolment
from openmai.anonymity.fields import parse_decimal, parse_hex
from openmai.anonymity.prover import Prover, new_secret

FILE = Path(__file__).with_suffix(".json")
STRANGERS = 60


@cache
def enrolments() -> dict[int, EnrolmentClaim]:
    """By commitment: the strangers first, in their order, then the cast."""
    return {
        int(each["commitment"]): EnrolmentClaim(
            commitment=parse_decimal(each["commitment"]),
            nullifier=parse_decimal(each["nullifier"]),
            message=int(each["message"], 16),
            points=parse_hex(each["proof"], size=128),
        )
        for each in json.loads(FILE.read_bytes())
    }


def strangers() -> list[int]:
    """Commitments of people whom no test knows, but who know their secrets."""
    return list(enrolments())[:STRANGERS]


def _make(prover: Prover, secret: int, name: str, domain: Domain, rng: random.Random) -> dict[str, str]:
    nonce = rng.randbytes(32)
    commitment, proof = prove_enrolment(
        prover, secret=secret, domain=domain, account=name, nonce=nonce, randbelow=rng.randrange
    )
    message = domain.enrol_message(account=name, nonce=nonce)
    return EnrolmentClaim(commitment, proof.nullifier, message, proof.points).document()


if __name__ == "__main__":
    from tests.factories.cast import DOMAIN, Cast, read_artifacts

    drawn = random.Random("strangers")
    secrets = [new_secret(drawn.randrange) for _ in range(STRANGERS)]
    known = [member.secret for member in Cast.members_only()]
    proving = Prover(read_artifacts(1))
    made = [
        _make(proving, secret, f"stranger {at}", DOMAIN, drawn)
        for at, secret in enumerate([*secrets, *known])
    ]
    FILE.write_text(json.dumps(made, indent=1) + "\n")
