"""One membership proof, from its 128 bytes to the verdict: at least 8 times as fast as snarkjs."""

from bench._harness import Result, Side, by_turns, faster, timed
from bench._semaphore import Member, Snarkjs

# As many as take about as long as one of snarkjs, so that a busy machine disturbs both turns alike.
A_TURN = 8


def run() -> Result:
    member = Member()
    request = member.snarkjs_proof()
    with Snarkjs() as snarkjs:
        turn = timed(lambda: [member.verify() for _ in range(A_TURN)])
        ours, theirs = by_turns(
            lambda: turn() / A_TURN, lambda: snarkjs.milliseconds("verify", request), rounds=41, warm_up=5
        )
    return faster(
        "verify",
        Side("openmai.anonymity.membership.verify_membership", ours),
        Side("snarkjs groth16.verify in Node, the same proof", theirs),
        bar=8,
    )
