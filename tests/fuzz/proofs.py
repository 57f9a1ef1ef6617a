"""Proofs: points that are none, points of another proof, and true proofs of something else."""

from functools import cache
from random import Random
from typing import Any, Final

from tests.anonymity.forging import outside_the_subgroup, rerandomise, shift_c
from tests.factories.cast import HARBOUR_PROVABLE
from tests.factories.gate import made_gate
from tests.fuzz.drafts import Draft
from tests.fuzz.values import P
from tests.fuzz.world import World

from openmai.anonymity import groth16
from openmai.anonymity.fields import R
from openmai.anonymity.groth16 import CURVE, decode_points
from openmai.anonymity.leanimt import DEPTH

PARTS: Final = ((0, 32), (32, 96), (96, 128))
INFINITY: Final = bytes(31) + b"\x40"


def _g1(x: int, flags: int = 0) -> bytes:
    data = bytearray(x.to_bytes(32, "little"))
    data[-1] |= flags
    return bytes(data)


@cache
def _bad_points() -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    ones, twist = b"\xff" * 32, outside_the_subgroup()
    g1 = (
        INFINITY, _g1(5, 0x40), _g1(1, 0xC0), _g1(4), _g1(4, 0x80), _g1(1 + P), _g1(P), _g1(0),
        _g1(P - 1), ones,
        _g1(2**254 - 1), INFINITY[::-1],
    )  # fmt: skip
    flagged = bytearray(twist)
    flagged[31] |= 0x80
    g2 = (
        bytes(32) + INFINITY, bytes(63) + b"\xc0", (P + 1).to_bytes(32, "little") + bytes(32),
        bytes(64), ones * 2,
        b"\x07" * 63 + b"\x01", twist, bytes(flagged), twist[32:] + twist[:32], _g1(1) + _g1(P),
    )  # fmt: skip
    return g1, g2


@cache
def _good_points() -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """The generators, small and large multiples of them."""
    times = [1, 2, 3, R - 1, R - 2, *(pow(7, n, R) for n in range(20, 40))]
    g1 = tuple(bytes((CURVE.G1() * n).to_bytes()) for n in times)
    return g1, tuple(bytes((CURVE.G2() * n).to_bytes()) for n in times)


@cache
def _known_proofs(world: World) -> tuple[bytes, ...]:
    """Every proof that anybody can have seen: of joins and of gates."""
    return tuple(proof for each in world.heard for proof in (each.join.proof.points, *each.gate.proofs))


def _pick(draft: Draft) -> tuple[Any, Any, bytes] | None:
    """A place that holds a proof, and the proof."""
    if draft.join is None:
        return None
    place, name = draft.join, "proof"
    proofs = (draft.gate or {}).get("proofs")
    if type(proofs) is list and proofs and draft.rng.random() < 0.6:
        place, name = proofs, draft.rng.randrange(len(proofs))
    elif "proof" not in place:
        return None
    try:
        data = bytes.fromhex(place[name])
    except (TypeError, ValueError):
        return None
    return (place, name, data) if len(data) == 128 else None


def _with_part(proof: bytes, part: int, value: bytes) -> bytes:
    low, high = PARTS[part]
    return proof[:low] + value + proof[high:]


def bad_point(draft: Draft) -> None:
    """Not on the curve, not in the group, at infinity, in a second encoding."""
    if (found := _pick(draft)) is None:
        return
    place, name, proof = found
    rng, part = draft.rng, draft.rng.randrange(3)
    value = rng.choice(_bad_points()[part == 1])
    if rng.random() < 0.2:
        low, high = PARTS[part]
        value = _second_encoding(proof[low:high], rng)
    place[name] = _with_part(proof, part, value).hex()


def _second_encoding(point: bytes, rng: Random) -> bytes:
    """x + p where that has room, or another flag."""
    data = bytearray(point)
    x = int.from_bytes(data[:31] + bytes([data[31] & 0x3F]), "little")
    if len(point) == 32 and x + P < 1 << 254 and rng.random() < 0.7:
        return _g1(x + P, data[31] & 0xC0)
    data[rng.choice((31, len(data) - 1))] ^= 0x40
    return bytes(data)


def flipped_proof(draft: Draft) -> None:
    """A few bits of a proof; about half of these are points of the curve again."""
    if (found := _pick(draft)) is None:
        return
    place, name, proof = found
    data = bytearray(proof)
    for _ in range(draft.rng.choice((1, 1, 2, 9))):
        data[draft.rng.randrange(128)] ^= 1 << draft.rng.randrange(8)
    place[name] = bytes(data).hex()


def other_points(draft: Draft) -> None:
    """Members of the right group that do not belong here: negated, swapped, multiples, of other proofs."""
    if (found := _pick(draft)) is None:
        return
    place, name, proof = found
    rng = draft.rng
    for _ in range(rng.choice((1, 1, 2, 3))):
        proof = _other_point(draft, proof)
    place[name] = proof.hex()


def _other_point(draft: Draft, proof: bytes) -> bytes:
    rng, part = draft.rng, draft.rng.randrange(3)
    low, high = PARTS[part]
    match rng.randrange(6):
        case 0:
            data = bytearray(proof)
            data[high - 1] ^= 0x80
            return bytes(data)
        case 1:
            return _with_part(proof, part, rng.choice(_good_points()[part == 1]))
        case 2:
            return proof[96:] + proof[32:96] + proof[:32]
        case 3:
            return _with_part(proof, part, rng.choice(_known_proofs(draft.world))[low:high])
        case _:
            return _computed(proof, rng)


def _computed(proof: bytes, rng: Random) -> bytes:
    """What arithmetic on the points gives: one factor without the other, a sum."""
    try:
        a, b, c = decode_points(proof)
    except groth16.MalformedProof:
        return proof
    k = rng.choice((2, R - 1, rng.randrange(2, R)))
    match rng.randrange(4):
        case 0:
            return groth16.Points(a * k, b, c).compress()
        case 1:
            return groth16.Points(a, b * k, c).compress()
        case 2:
            return groth16.Points(a * k, b * pow(k, -1, R), c + CURVE.G1()).compress()
        case _:
            return shift_c(proof, k)


def other_proof(draft: Draft) -> None:
    """A true proof, of another post, page, circuit or person."""
    if (found := _pick(draft)) is None:
        return
    place, name, _ = found
    place[name] = draft.rng.choice(_known_proofs(draft.world)).hex()


def swapped_pages(draft: Draft) -> None:
    """Pages in another order, one of them twice, the join's proof among them."""
    proofs = (draft.gate or {}).get("proofs")
    if type(proofs) is not list or not proofs or draft.join is None:
        return
    match draft.rng.randrange(3):
        case 0:
            proofs.reverse()
        case 1:
            proofs[-1] = proofs[0]
        case _:
            proofs[0], draft.join["proof"] = draft.join.get("proof"), proofs[0]


def rerandomised(draft: Draft) -> None:
    """The same statement in other bytes: what anybody can do, and what is no attack."""
    if (found := _pick(draft)) is None:
        return
    place, name, proof = found
    key = groth16.verification_key(DEPTH) if place is draft.join else made_gate().key
    try:
        data = rerandomise(key, proof, randbelow=draft.rng.randrange)
    except groth16.MalformedProof:
        return
    place[name] = data.hex()
    draft.proofs.add(data)


# Statements: what the proofs are true about is no longer what the submission says.


def other_nullifier(draft: Draft) -> None:
    if draft.join is not None:
        draft.join["nullifier"] = _near(draft, draft.join.get("nullifier"), "nullifier")


def other_slot(draft: Draft) -> None:
    if draft.gate is not None:
        draft.gate["rate"] = _near(draft, draft.gate.get("rate"), "rate")


def _near(draft: Draft, text: object, name: str) -> str:
    """One beside it, somebody else's, the last one, one at random."""
    rng = draft.rng
    number = int(text) if type(text) is str and text.isascii() and text.isdecimal() and len(text) < 99 else 1
    heard = rng.choice(draft.world.heard)
    theirs = heard.gate.rate if name == "rate" else heard.nullifier
    return str(
        rng.choice((number + 1, number - 1, R - number, 1, R - 1, rng.randrange(1, R), int(theirs))) % R
    )


def yesterday(draft: Draft) -> None:
    if draft.gate is not None:
        draft.gate["day"] = "2026-03-19"


def other_epoch(draft: Draft) -> None:
    """An epoch that is accepted, and that the proof is not about: another checkpoint, roster or root."""
    if draft.join is None:
        return
    world, rng = draft.world, draft.rng
    ours = [world.aged, *world.cast.rosters.values(), world.past, world.superseded]
    roster = rng.choice([world.aged, world.cast.rosters[HARBOUR_PROVABLE], rng.choice(ours)])
    said = roster.statement
    checkpoint = world.cast.checkpoint_of(roster)
    draft.join.update(roster=said.roster, root=str(said.root), checkpoint=checkpoint)


def other_words(draft: Draft) -> None:
    """The writer's own key under other words, with the proof that came with the first ones."""
    content = draft.document.get("content")
    if type(content) is not dict:
        return
    match draft.rng.randrange(4):
        case 0:
            content["nonce"] = draft.rng.randbytes(16).hex()
        case 1 if "section" in content:
            content["section"] = "pay"
        case 2 if "parent" in content:
            content["parent"] = None if content["parent"] else content.get("thread")
        case _:
            content["body"] = f"{draft.rng.getrandbits(40):x}"
    if draft.join is not None:
        draft.sign_again()


def other_thread(draft: Draft) -> None:
    """The proof of one thread in another, under the key that the writer has there."""
    content = draft.document.get("content")
    if type(content) is not dict or "thread" not in content or draft.join is None:
        return
    thread = draft.rng.choice(list(draft.world.threads.values()))
    content |= {"thread": thread.opening.id.hex(), "season": thread.opening.season, "parent": None}
    draft.sign_again()


def other_key(draft: Draft) -> None:
    """Somebody who heard a proof puts it under a key of their own."""
    draft.sign_again(draft.rng.choice(draft.world.cast.members))


def other_join(draft: Draft) -> None:
    """The whole join of another submission, or its gate, or all but its gate."""
    rng = draft.rng
    document = rng.choice(draft.world.heard).document()
    if draft.gate is None or draft.join is None or rng.random() < 0.3:
        draft.document["join"] = document
    elif rng.random() < 0.5:
        draft.join["gate"] = document["gate"]
    else:
        draft.document["join"] = {**document, "gate": draft.gate}


def lapsed(draft: Draft) -> None:
    """The writer's own key and words without a join, where the last one is too old or older than a ban."""
    content, cast = draft.document.get("content"), draft.world.cast
    if type(content) is not dict or "thread" not in content:
        return
    opening, member = draft.rng.choice(((draft.world.pay, cast.bob), (draft.world.old, cast.alice)))
    content.update(thread=opening.id.hex(), season=opening.season, parent=None)
    draft.document["join"] = None
    draft.sign_again(member)
    draft.signed = False


def banned(draft: Draft) -> None:
    """Mallory goes on where she was banned, with a join of hers or of somebody else."""
    content, world = draft.document.get("content"), draft.world
    if type(content) is not dict or "thread" not in content or draft.join is None:
        return
    content.update(thread=world.night.id.hex(), season=world.night.season, parent=None)
    draft.join["nullifier"] = str(world.bans[world.night.domain].bans.bans[-1].nullifier)
    draft.sign_again(world.cast.mallory)


def other_signature(draft: Draft) -> None:
    """S + L, keys of small order, R and S of different signatures, zeros."""
    rng, signature = draft.rng, draft.document.get("signature")
    try:
        data = bytes.fromhex(signature) if type(signature) is str else b""
    except ValueError:
        return
    if len(data) != 64:
        return
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(data[32:], "little")
    others = rng.choice(draft.world.seeds).submission.signature
    small = rng.choice(SMALL_ORDER)
    match rng.randrange(7):
        case 0:
            data = data[:32] + ((s + rng.randrange(1, 15) * order) % 2**256).to_bytes(32, "little")
        case 1:
            data = data[:32] + ((order - s) % order).to_bytes(32, "little")
        case 2:
            data = data[:32] + others[32:]
        case 3:
            data = small + bytes(32)
        case 4:
            data, draft.document["key"] = small + bytes(32), rng.choice(SMALL_ORDER).hex()
        case 5:
            draft.document["key"] = small.hex()
        case _:
            draft.document["key"] = rng.choice(draft.world.seeds).submission.key.hex()
    draft.document["signature"] = data.hex()


# The eight points of small order of edwards25519, and encodings of them that are not canonical.
SMALL_ORDER: Final = tuple(
    map(
        bytes.fromhex,
        (
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            "0100000000000000000000000000000000000000000000000000000000000080",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ),
    )
)
