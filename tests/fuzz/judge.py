"""The judge: sends a body the way that the talk site takes it, and knows what may come of it.

A variation may be *accepted* only if it means a seed: the same content, key, signature, roster, root,
nullifier, checkpoint, and gate day, list and slot. Other white space, order of fields or escapes are other
spellings of the same submission. Three things are no forgery, and told apart exactly (docs/fuzzing.md):

- The bytes of a proof may differ where the mutator says that it re-randomised it, or if it is (z·A, B/z, C):
  anybody can do that, and it says the same of the same persona.
- The join may be missing where the persona needs none, because it is known and its last join still holds:
  the signature covers the content, and the same post of the same persona appears.
- Of a post that is published already, content, key and signature must be those; nothing is written then, and
  the receipt says what everybody can see.

Everything else has to be *refused* with one of the codes of docs/protocol.md §6, by an exception that has it.
"""

import json
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from tests.factories.protocol import PROTOCOL
from tests.fuzz.world import NOW, World

from openmai.anonymity.encoding import Domain
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.groth16 import CURVE, decode_points
from openmai.anonymity.submission import parse_submission
from openmai.talk.actions.submissions import accept_submission
from openmai.talk.epoch import Epoch
from openmai.talk.errors import Refused
from openmai.talk.refusals import problem_of_refusal
from openmai.talk.verifying import Verifier

# By the function in which a submission falls, the number of the check in docs/protocol.md §6.
CHECK_OF: Final = {
    "parse_submission": 1,
    "read_domain": 2,
    "_check_section": 2,
    "_earlier": 2,
    "_in_thread": 2,
    "_entry": 3,
    "_admitted": 5,
    "check_rate": 5,
    "verify_signature": 6,
    "verify_join": 8,
    "_wait": 9,
}
# Deeper in the stack and yet an earlier check: what `read_domain` refuses for its form.
_FORM: Final = frozenset({"bad-value", "not-canonical"})
_POINTS: Final = frozenset({"malformed-proof", "malformed-gate"})
ACCEPTED: Final = 10


class Finding(Exception):
    """A variation was accepted, or refused in a way that nobody has written down."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of it: a problem code, or "same", "same-without-join" or "known" of what was accepted.

    `check` is the last one that it came to; 10 is beyond the pairing.
    """

    code: str
    check: int


def documented_codes() -> frozenset[str]:
    """What docs/protocol.md §6 lists for submissions."""
    section = PROTOCOL.read_text().split("\nProblem codes: ")[1].split("\nWhat the framework")[0]
    return frozenset(re.findall(r"`([a-z-]+)`", section))


class Judge:
    """Judges bodies one after the other; nothing of an earlier one is left for the next."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.epoch = Epoch()
        self.verifier = Verifier(randbits=secrets.randbits)
        self.codes = documented_codes()
        self._seeds = {
            json.dumps(json.loads(seed.body)["content"], sort_keys=True): seed for seed in world.seeds
        }
        self._place = Domain(world.rules.site, world.night.season)

    def __call__(self, body: bytes, proofs: frozenset[bytes] = frozenset()) -> Verdict:
        """`proofs` are other bytes of the seeds' proofs. Raises `Finding`; the world must be answering."""
        try:
            receipt = accept_submission(
                body, epoch=self.epoch, rules=self.world.rules, now=NOW, verifier=self.verifier
            )
        except (Refused, AnonymityError) as error:
            return self._refused(error)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            raise Finding(f"{type(error).__name__}: {error}") from error
        waiting = len(self.epoch)
        self._forget()
        submission = parse_submission(body, domain=self._place, past="s227")
        self._check_meaning(body, proofs, written=bool(waiting))
        if (receipt.state == "waiting") != bool(waiting) or receipt.action != submission.id:
            raise Finding(f"the receipt says {receipt.state}, and {waiting} posts wait")
        if not waiting:
            return Verdict("known", 2)
        return Verdict("same", ACCEPTED) if submission.entrance else Verdict("same-without-join", 6)

    def _refused(self, error: Refused | AnonymityError) -> Verdict:
        try:
            code = problem_of_refusal(error).code
        except Exception as failure:
            raise Finding(f"nobody can tell this refusal: {type(error).__name__}: {error}") from failure
        if code not in self.codes:
            raise Finding(f"the code {code} of {type(error).__name__} is not documented")
        return Verdict(code, _fell_at(error, code))

    def _forget(self) -> None:
        waiting = [item for key in list(self.epoch._waiting) if (item := self.epoch.get(key))]
        self.epoch.settle(NOW - timedelta(seconds=30), waiting)

    def _check_meaning(self, body: bytes, proofs: frozenset[bytes], *, written: bool) -> None:
        """Compares the documents as any JSON library reads them, and not as the site has read them: else a
        site that takes x + r for x would not be noticed.
        """
        found = json.loads(body)
        seed = self._seeds.get(json.dumps(found["content"], sort_keys=True))
        if seed is None:
            raise Finding("a content that no seed has was accepted")
        said = json.loads(seed.body)
        names = ("key", "signature", "version") if written else ("key", "signature")
        if any(_spelt(found[name]) != _spelt(said[name]) for name in names):
            raise Finding("an accepted submission has not the key and signature of the seed")
        if not written or (found["join"] is None and seed.known):
            return
        theirs = _take_points(said)
        if found["join"] is None or len(mine := _take_points(found)) != len(theirs):
            raise Finding("an accepted submission has not the seed's proofs")
        if _spelt(found) != _spelt(said):
            raise Finding("the statement of an accepted join is not the seed's")
        for points, other in zip(mine, theirs, strict=True):
            if points != other and bytes.fromhex(points) not in proofs and not _scaled(points, other):
                raise Finding("a proof in other bytes was accepted, and nobody has re-randomised it")


def _fell_at(error: BaseException, code: str) -> int:
    check, trace = 0, error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_name
        if name in CHECK_OF and not (name == "read_domain" and code in _FORM):
            check = CHECK_OF[name]
        trace = trace.tb_next
    return 7 if check == 8 and code in _POINTS else check


def _scaled(mine: str, theirs: str) -> bool:
    """Whether it is (z·A, B/z, C) of the other proof for some z, such as -1, in its one encoding."""
    data = bytes.fromhex(mine)
    try:
        points, seed = decode_points(data), decode_points(bytes.fromhex(theirs))
    except AnonymityError:
        return False
    if points.compress() != data or data.hex() != mine or mine[-64:] != theirs[-64:]:
        return False
    return bool(CURVE.pairing(points.a, points.b) == CURVE.pairing(seed.a, seed.b))


def _spelt(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _take_points(document: dict[str, Any]) -> list[str]:
    """The proofs of a join, which are left without them."""
    if (join := document["join"]) is None:
        return []
    points = [join["proof"], *join["gate"]["proofs"]]
    join["proof"], join["gate"]["proofs"] = None, []
    return points
