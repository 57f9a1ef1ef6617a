"""A proof at depth 20, warm, as the command line makes it (checked before it is returned): no slower than
snarkjs.
"""

from bench._harness import Result, Side, by_turns, faster, timed
from bench._semaphore import Member, Snarkjs


def run() -> Result:
    member = Member()
    request = {"inputs": member.snarkjs_inputs()}
    with Snarkjs() as snarkjs:
        ours, theirs = by_turns(
            timed(member.prove), lambda: snarkjs.milliseconds("prove", request), rounds=9, warm_up=2
        )
    return faster(
        "prove",
        Side("openmai.anonymity.prover.Prover.prove, depth 20", ours),
        Side("snarkjs groth16.fullProve in Node, depth 20, same inputs", theirs),
        bar=1,
    )
