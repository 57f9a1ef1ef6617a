"""A whole submission, all checks and both proofs: at most 2.5 times one Semaphore verification.

In processor time of this process, for both; one at a time, so nothing is gained by verifying together.
"""

import secrets

from bench._harness import Result, Side, by_turns, dearer, processor_timed
from bench._semaphore import Member
from bench._talk import talk_site

# As many as one writer sends between two ticks, so that what is asked once a tick is asked once.
_A_TURN = 16


def run() -> Result:
    with talk_site() as world:
        from openmai.platform.clock import utc_now
        from openmai.talk.actions import accept_submission
        from openmai.talk.epoch import Epoch
        from openmai.talk.rules import rules
        from openmai.talk.verifying import Verifier

        bodies = [world.submission(number) for number in range(_A_TURN)]
        member, verifier, epoch = Member(), Verifier(randbits=secrets.randbits), Epoch()

        def accept() -> None:
            epoch.clear()
            for body in bodies:
                accept_submission(body, epoch=epoch, rules=rules(), now=utc_now(), verifier=verifier)

        whole = processor_timed(accept)
        alone = processor_timed(lambda: [member.verify() for _ in range(_A_TURN)])
        ours, theirs = by_turns(lambda: whole() / _A_TURN, lambda: alone() / _A_TURN, rounds=41, warm_up=3)
    return dearer(
        "submit-full",
        Side("openmai.talk.actions.accept_submission, both proofs", ours, "ms of processor time"),
        Side("openmai.anonymity.membership.verify_membership", theirs, "ms of processor time"),
        bar=2.5,
    )
