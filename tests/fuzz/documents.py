"""The other documents that a program reads from strangers: proof files, ban lists, the gate's key."""

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Protocol

from tests.anonymity.forging import P
from tests.fuzz.judge import Finding, Verdict
from tests.fuzz.spellings import NAMES, any_value
from tests.fuzz.values import DAYS, NUMBERS, ROSTERS, SEASONS, SITES, TEXTS, _denormal, _odd_hex
from tests.fuzz.world import World

from openmai.anonymity.bans import read_ban_list
from openmai.anonymity.documents import DocumentRefused
from openmai.anonymity.encoding import canonical_json
from openmai.anonymity.errors import NotCanonical
from openmai.anonymity.gate import GateClaim, GateList, GateStatement, InvalidGate, read_gate_key, verify_gate
from openmai.anonymity.groth16 import MalformedKey, VerificationKey
from openmai.anonymity.proof_file import CLAIMS, ClaimFailed, verify_proof_file
from openmai.anonymity.submission import join_scope_and_message

REFUSED, HELD = 0, 10
Made = tuple[str, ...]


class Target(Protocol):
    """One kind of document: drawn from random numbers, and judged."""

    name: str

    def draw(self, rng: Random) -> tuple[Made, Any]: ...

    def judge(self, drawn: Any) -> Verdict: ...

    def encoded(self, drawn: Any) -> bytes: ...


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Every object or list with every key or index, the deep ones too."""
    items = document.items() if type(document) is dict else enumerate(document)
    for name, value in items:
        yield document, name
        if type(value) in (dict, list):
            yield from _places(value)


def _change(document: Any, rng: Random) -> str:
    """One change anywhere in a document."""
    places = list(_places(document))
    if not places:
        return "nothing"
    place, name = rng.choice(places)
    value = place[name]
    match rng.randrange(8):
        case 0:
            del place[name]
            return "dropped"
        case 1 if type(place) is dict:
            place[rng.choice(NAMES)] = copy.deepcopy(value)
            return "added"
        case 1:
            place.insert(name, copy.deepcopy(value))
            return "repeated"
        case 2:
            place[name] = any_value(rng)
            return "retyped"
        case 3:
            other, key = rng.choice(places)
            place[name] = (
                copy.deepcopy(other[key]) if type(other) is type(place) or type(other) is list else value
            )
            return "moved"
        case _:
            place[name] = _other_value(value, rng)
            return "changed"


def _other_value(value: Any, rng: Random) -> Any:
    if type(value) is int:
        return rng.choice((value + 1, value - 1, -value, 0, 2**53 - 1, value * 2, rng.randrange(2**40)))
    if type(value) is list:
        return rng.choice((value[::-1], value[:-1], value + value, [])) if value else [0]
    if type(value) is not str or not value:
        return any_value(rng)
    at = rng.randrange(len(value))
    ways: tuple[Callable[[], Any], ...] = (
        lambda: value[:at] + rng.choice("0123456789abcdef") + value[at + 1 :],
        lambda: value[:at] + chr(ord(value[at]) ^ 1 << rng.randrange(7)) + value[at + 1 :],
        lambda: value[:at] + value[at + 1 :],
        lambda: value[:at] + rng.choice(("\n", " ", "=", "+", "/", "é", "-", "0")) + value[at:],
        lambda: _denormal(value, rng) if value.isascii() and value.isdecimal() else _odd_hex(value, rng),
        lambda: rng.choice((*DAYS, *TEXTS[:20], *ROSTERS, *SEASONS, *SITES, *NUMBERS)),
    )
    return rng.choice(ways)()


def _damaged(data: bytes, rng: Random) -> bytes:
    found = bytearray(data)
    at = rng.randrange(len(found))
    match rng.randrange(4):
        case 0:
            found[at] ^= 1 << rng.randrange(8)
        case 1:
            del found[at : at + rng.choice((1, 9))]
        case 2:
            found[at:at] = rng.choice((b" ", b"\\", b'"', b"0", b",null", b"\xff", b"[[[[[[[[["))
        case _:
            del found[at:]
    return bytes(found)


class _Canonical:
    """What is only read in its canonical bytes: changed and written anew, or damaged as bytes."""

    def __init__(self, seeds: tuple[bytes, ...]) -> None:
        self.seeds = seeds
        self._parsed = [json.loads(seed) for seed in seeds]

    def draw(self, rng: Random) -> tuple[Made, bytes]:
        while True:
            at = rng.randrange(len(self.seeds))
            if rng.random() < 0.2:
                made, data = ["damaged"], _damaged(self.seeds[at], rng)
            else:
                document = copy.deepcopy(self._parsed[at])
                made = [_change(document, rng) for _ in range(rng.choice((1, 1, 1, 2)))]
                data = _write(document)
            if data not in self.seeds:
                return tuple(made), data

    def encoded(self, drawn: bytes) -> bytes:
        return drawn


def _write(document: Any) -> bytes:
    try:
        return canonical_json(document)
    except NotCanonical:
        return json.dumps(document).encode()


class ProofFiles(_Canonical):
    """A file that holds proves what one of the seeds proves: somebody may leave out a countersignature."""

    name = "proof file"

    def __init__(self, world: World) -> None:
        cast = world.cast
        reply = cast.reply(world.night, body="Twelve hours each.")
        super().__init__(
            (cast.proof_file(cast.alice, world.night), cast.proof_file(cast.bob, world.night, reply))
        )
        self._key, self._trust = cast.roster_key, world.rules.log_trust
        self._proved = [self._verify(seed) for seed in self.seeds]

    def _verify(self, data: bytes) -> Any:
        return verify_proof_file(data, roster_key=self._key, log=self._trust)

    def judge(self, drawn: bytes) -> Verdict:
        try:
            post = self._verify(drawn)
        except ClaimFailed as fall:
            if fall.claim not in CLAIMS or fall.passed != CLAIMS[: CLAIMS.index(fall.claim)]:
                raise Finding(f"a claim {fall.claim} after {fall.passed}") from fall
            return Verdict(f"proof-file {fall.claim}", REFUSED)
        if post not in self._proved:
            raise Finding("a proof file proves what no seed proves")
        return Verdict("proof-file same", HELD)


class BanLists(_Canonical):
    """Whatever is read has one form, and is in its order."""

    name = "ban list"

    def __init__(self, world: World) -> None:
        super().__init__(tuple(each.document for each in world.bans.values()))
        self._domains = tuple(world.bans)

    def judge(self, drawn: bytes) -> Verdict:
        for domain in self._domains:
            try:
                found = read_ban_list(drawn, domain=domain)
            except DocumentRefused as error:
                code = error.code
            else:
                places = [(ban.thread, ban.nullifier) for ban in found.bans]
                if (
                    found.encoded() != drawn
                    or places != sorted(set(places))
                    or any(n <= 0 for _, n in places)
                ):
                    raise Finding("a ban list was read that is not in its one form")
                return Verdict("ban-list another list", HELD)
        return Verdict(f"ban-list {code}", REFUSED)


class GateKeys:
    """A key that is read is the seed's, point by point, or one under which no proof of the seeds holds."""

    name = "gate key"

    def __init__(self, world: World) -> None:
        self._world = world
        self._document = world.rules.gate.document
        self._points = _points(world.rules.gate.key)

    def draw(self, rng: Random) -> tuple[Made, Any]:
        while True:
            document = copy.deepcopy(self._document)
            made = [_change(document, rng) if rng.random() < 0.5 else self._change(document, rng)]
            if document != self._document:
                return tuple(made), document

    def _change(self, document: Any, rng: Random) -> str:
        """A coordinate + p, a sign, two points swapped."""
        ic = document["IC"]
        match rng.randrange(4):
            case 0:
                point = rng.choice(ic)
                at = rng.randrange(2)
                point[at] = str(int(point[at]) + P)
            case 1:
                point = rng.choice((*ic, document["vk_alpha_1"]))
                point[1] = str(P - int(point[1]))
            case 2:
                ic[rng.randrange(len(ic))] = rng.choice(
                    (ic[0], ["0", "1", "0"], ["0", "0", "1"], ["1", "2", "1"])
                )
            case _:
                name = rng.choice(("vk_beta_2", "vk_gamma_2", "vk_delta_2"))
                half = rng.choice(document[name][:2])
                at = rng.randrange(2)
                half[at] = str(rng.choice((int(half[at]) + P, P - int(half[at]), 0, 1)))
        return "point"

    def judge(self, drawn: Any) -> Verdict:
        try:
            key = read_gate_key(drawn)
        except MalformedKey:
            return Verdict("gate-key refused", REFUSED)
        if _points(key) == self._points:
            self._check_spelling(drawn)
            return Verdict("gate-key same", HELD)
        self._check_worthless(key)
        return Verdict("gate-key another key", HELD)

    def _check_spelling(self, drawn: Any) -> None:
        for name in ("vk_alpha_1", "vk_beta_2", "vk_gamma_2", "vk_delta_2", "IC"):
            if drawn[name] != self._document[name]:
                raise Finding(f"the points of {name} were read from another spelling")

    def _check_worthless(self, key: VerificationKey) -> None:
        # Over a full page: a point whose input is 0 does not matter.
        seed = next(each for each in self._world.seeds if each.name == "opening")
        said = seed.submission
        join, gate, domain = said.join, said.entrance.gate, said.content.domain
        scope, message = join_scope_and_message(
            content=said.content,
            key=said.key,
            roster=join.roster,
            root=join.proof.root,
            checkpoint=join.checkpoint,
        )
        statement = GateStatement(
            join.proof.nullifier,
            gate.rate,
            scope,
            domain.rate_scope(gate.day),
            self._world.rules.slots,
            message,
        )
        gates = GateList.of(key, self._world.bans[domain].bans)
        try:
            verify_gate(GateClaim(gates, statement, gate.proofs))
        except InvalidGate:
            return
        raise Finding("a proof of the gate holds under another key")

    def encoded(self, drawn: Any) -> bytes:
        return json.dumps(drawn).encode()


def _points(key: VerificationKey) -> list[bytes]:
    return [bytes(each.to_bytes()) for each in (key.alpha, key.beta, key.gamma, key.delta, *key.ic)]
