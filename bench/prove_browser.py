"""Membership and gate proof in Chromium as the composer makes them, each checked before it goes on, beside
the same two by snarkjs in Node: one thread on either side, processor time. The main thread must have
no task over 50 ms meanwhile.
"""

import statistics
from typing import Any, Final

from bench._browser import writer
from bench._harness import Result, Side, by_turns, dearer
from bench._semaphore import Member, Snarkjs
from bench._server import serve
from bench._talk import talk_site

_ROUNDS: Final = 7
# An empty page of the ban list, as the site has it. Numbers of any size cost the same.
_GATE: Final[dict[str, Any]] = {
    "secret": str(Member.secret), "slot": "3", "threadScope": "5", "rateScope": "7", "slots": "30",
    "message": "9", "banScope": ["0"] * 30, "banNullifier": ["0"] * 30,
}  # fmt: skip


def run() -> Result:
    membership = {"inputs": Member().snarkjs_inputs()}
    tasks: list[float] = []
    with (
        talk_site() as world,
        serve("openmai.sites.talk.wsgi:application") as port,
        writer(f"http://127.0.0.1:{port}", world) as alice,
        Snarkjs() as semaphore,
        Snarkjs(world.gate_files) as gate,
    ):

        def ours() -> float:
            spoken = alice.open_thread()
            tasks.append(spoken.longest_task)
            return spoken.processor

        def theirs() -> float:
            parts = (semaphore, membership), (gate, {"inputs": _GATE})
            return sum(
                prover.milliseconds("proveAlone", request, of="processor") for prover, request in parts
            )

        mine, reference = by_turns(ours, theirs, rounds=_ROUNDS, warm_up=2)
    result = dearer(
        "prove-browser",
        Side("both proofs and their checks in Chromium's worker", mine),
        Side("snarkjs groth16.fullProve of both in Node, one thread", reference),
        bar=1.3,
    )
    if statistics.median(tasks) > 0:
        raise RuntimeError(f"the interface did not respond: tasks of {tasks} ms on the main thread")
    return result
