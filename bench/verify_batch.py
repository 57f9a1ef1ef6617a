"""128 different proofs at once: per proof at least twice as fast as one by one."""

import secrets
from dataclasses import replace

from bench._harness import Result, Side, by_turns, faster, timed
from bench._semaphore import MESSAGE, SCOPE, Member
from openmai.anonymity.fields import R
from openmai.anonymity.groth16 import Points, decode_points, verification_key
from openmai.anonymity.leanimt import DEPTH
from openmai.anonymity.membership import Claim, MembershipProof, verify_memberships

COUNT = 128
SINGLES = 16


def variants(proof: MembershipProof) -> list[MembershipProof]:
    """Re-randomised copies: other points, the same statement."""
    delta = verification_key(DEPTH).delta
    a, b, c = decode_points(proof.points)
    made = []
    for _ in range(COUNT):
        z, t = 1 + secrets.randbelow(R - 1), secrets.randbelow(R)
        points = Points(a * pow(z, -1, R), b * z + delta * (z * t % R), c + a * t)
        made.append(replace(proof, points=points.compress()))
    return made


def run() -> Result:
    member = Member()
    roots = {member.roster.root}
    claims = [Claim(proof, SCOPE, MESSAGE, roots) for proof in variants(member.proof)]
    batch = timed(lambda: verify_memberships(claims, randbits=secrets.randbits))
    singles = timed(lambda: [member.verify() for _ in range(SINGLES)])
    ours, alone = by_turns(lambda: batch() / COUNT, lambda: singles() / SINGLES, rounds=9)
    return faster(
        "verify-batch",
        Side(f"verify_memberships of {COUNT}, per proof", ours),
        Side("verify_membership, one by one", alone),
        bar=2,
    )
