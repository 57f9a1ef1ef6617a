"""One membership proof, from its 128 bytes to the verdict: at least 8 times as fast as snarkjs.

In processor time, which for both is their time on an idle machine: neither uses a second thread here.
"""

from bench._harness import Result, Side, by_turns, faster, processor_timed
from bench._semaphore import Member, Snarkjs

# As many as take about as long as one of snarkjs, so that both find the caches alike.
A_TURN = 8


def run() -> Result:
    member = Member()
    request = member.snarkjs_proof()
    turn = processor_timed(lambda: [member.verify() for _ in range(A_TURN)])
    with Snarkjs() as snarkjs:
        ours, theirs = by_turns(
            lambda: turn() / A_TURN,
            lambda: snarkjs.milliseconds("verify", request, of="processor"),
            rounds=41,
            warm_up=5,
        )
    return faster(
        "verify",
        Side("openmai.anonymity.membership.verify_membership", ours, "ms of processor time"),
        Side("snarkjs groth16.verify in Node, the same proof", theirs, "ms of processor time"),
        bar=8,
    )
