"""Fields that are well-formed JSON and not in their one permitted form, out of range, or somebody else's."""

import base64
from collections.abc import Callable
from random import Random
from typing import Final

from tests.factories.cast import HARBOUR, HARBOUR_PROVABLE, ORCHID
from tests.fuzz.drafts import Draft

from openmai.anonymity.fields import L, R

P: Final = 21888242871839275222246405745257275088696311157297823662689037894645226208583
_NUMBERS: Final = (
    *(0, 1, -1, R - 1, R, R + 1, P, L, 2**253, 2**254, 2**256 - 1, 2**256, 10**76, 10**77, 2**64, 2**512),
)
NUMBERS: Final = tuple(map(str, _NUMBERS))
DAYS: Final = (
    "2026-03-21", "2026-03-18", "2026-02-30", "2026-13-01", "0000-00-00", "9999-12-31",
    "2026-3-20", "2026-03-20 ",
    "2026-03-20T00:00:00Z", "20260320", "２０２６-03-20", "-026-03-20", "2026-03-20\n", "2026-03-2०",
)  # fmt: skip
TEXTS: Final = (
    "", " x", "x ", "\ufeffx", "x\u2028", "a\x00b", "a\rb", "a\tb", "e\u0301", "\u212b",
    "a\u0085", "\u202eabc", "ﬁ",
    "x" * 121, "好" * 120, "x" * 10_000, "x" * 10_001, "\u0378", "\ue000", "\U0010ffff", "\n",
    "a\n\n\nb", "<b>", "\x7f",
)  # fmt: skip
SEASONS: Final = (
    "s227",
    "s228",
    "s229",
    "s0228",
    "S228",
    "s-1",
    "s999999",
    "s1000000",
    "s२28",
    "228",
    "s228 ",
)
SITES: Final = (
    "other.example",
    "TEST.openmai.example",
    "test.openmai.example.",
    "test.openmai.example\n",
    "",
    "a" * 65,
)
ROSTERS: Final = (
    "site", HARBOUR, HARBOUR_PROVABLE, ORCHID, "site#2", "company/x/attested", "Site",
    "site ", "../site", "site\n",
    HARBOUR.upper(), HARBOUR + "/", "company//attested", "a" * 200, "company/harbour-logistics/оперator",
)  # fmt: skip


def _denormal(text: str, rng: Random) -> str:
    """The same number, or its residue class, in other digits."""
    number = int(text) if text.isascii() and text.isdecimal() else 1
    ways: tuple[Callable[[], str], ...] = (
        lambda: str(number + R),
        lambda: str(number + rng.randrange(2, 5) * R),
        lambda: str(number - R),
        lambda: str(-number),
        lambda: "0" + text,
        lambda: "+" + text,
        lambda: rng.choice((" ", "\n", "\t")) + text,
        lambda: text + rng.choice((" ", "\n", ".0", "e0", "_", "\x00", "n", "L")),
        lambda: hex(number),
        lambda: text[:9] + "_" + text[9:],
        lambda: "".join(
            chr(0x0660 + int(digit)) for digit in text[:77] if digit.isascii() and digit.isdecimal()
        ),
        lambda: "".join(
            chr(0xFF10 + int(digit)) for digit in text[:77] if digit.isascii() and digit.isdecimal()
        ),
        lambda: rng.choice(NUMBERS),
        lambda: str(number * 10**20),
        lambda: text * 2,
        lambda: "",
    )
    return rng.choice(ways)()


def odd_number(draft: Draft) -> None:
    """root, nullifier or rate."""
    place = draft.gate if draft.rng.random() < 0.3 else draft.join
    if place is None:
        return
    name = "rate" if place is draft.gate else draft.rng.choice(("root", "nullifier"))
    place[name] = _denormal(str(place.get(name)), draft.rng)


def _odd_hex(text: str, rng: Random) -> str:
    at = rng.randrange(len(text)) if text else 0
    ways: tuple[Callable[[], str], ...] = (
        lambda: text.upper(),
        lambda: text[:-1],
        lambda: text[:-2],
        lambda: text + "0",
        lambda: text + "00",
        lambda: "",
        lambda: text[:at] + text[at : at + 1].upper() + text[at + 1 :],
        lambda: text[:at] + rng.choice("gGxX- \n\x00٠０é") + text[at + 1 :],
        lambda: "0x" + text[2:],
        lambda: " " + text[1:],
        lambda: text[:-1] + "\n",
        lambda: text * 2,
        lambda: base64.b64encode(text.encode()[: len(text) // 2]).decode(),
    )
    return rng.choice(ways)()


def odd_hex(draft: Draft) -> None:
    """A key, signature, id, nonce, proof or digest in another form."""
    rng, content = draft.rng, draft.document.get("content")
    places = [(draft.document, "key"), (draft.document, "signature")]
    if type(content) is dict:
        places += [(content, name) for name in ("nonce", "thread", "parent") if name in content]
    if draft.join is not None:
        places.append((draft.join, "proof"))
    if draft.gate is not None:
        places.append((draft.gate, "bans"))
        proofs = draft.gate.get("proofs")
        if type(proofs) is list and proofs and rng.random() < 0.2:
            proofs[rng.randrange(len(proofs))] = _odd_hex(str(proofs[0]), rng)
            return
    place, name = rng.choice(places)
    place[name] = _odd_hex(str(place.get(name)), rng)


def other_bytes(draft: Draft) -> None:
    """Another value in the right form, where no signature and no proof would need a pairing to say no."""
    rng, content = draft.rng, draft.document.get("content")
    names = [(draft.document, "key", 32), (draft.document, "signature", 64)]
    if type(content) is dict:
        names += [(content, "nonce", 16)]
        names += [(content, name, 32) for name in ("thread", "parent") if name in content]
    if draft.gate is not None:
        names.append((draft.gate, "bans", 32))
    place, name, size = rng.choice(names)
    old = place.get(name)
    try:
        data = (
            bytearray.fromhex(old)
            if type(old) is str and rng.random() < 0.6
            else bytearray(rng.randbytes(size))
        )
    except ValueError:
        return
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    place[name] = data.hex()


def odd_text(draft: Draft) -> None:
    content = draft.document.get("content")
    if type(content) is not dict:
        return
    name = draft.rng.choice([name for name in ("title", "body") if name in content] or ["body"])
    old = content.get(name)
    if type(old) is str and draft.rng.random() < 0.5:
        at = draft.rng.randrange(len(old) + 1)
        content[name] = old[:at] + draft.rng.choice(TEXTS)[:40] + old[at:]
    else:
        content[name] = draft.rng.choice(TEXTS)
    _sometimes_sign(draft)


def odd_place(draft: Draft) -> None:
    """Site, season, section, type, thread: somewhere else."""
    rng, content = draft.rng, draft.document.get("content")
    if type(content) is not dict:
        return
    which = rng.randrange(5)
    if which == 0:
        content["site"] = rng.choice(SITES)
    elif which == 1:
        content["season"] = rng.choice(SEASONS)
    elif which == 2 and "section" in content:
        content["section"] = rng.choice(("pay", "nowhere", "Work", "work ", "", "-", "a" * 64))
    elif which == 3:
        content["type"] = rng.choice(
            ("openmai/thread/v1", "openmai/reply/v1", "openmai/reply/v2", "", "REPLY")
        )
    elif "thread" in content:
        threads = [each.hex() for each in draft.world.threads]
        name = rng.choice(("thread", "parent"))
        content[name] = rng.choice([*threads, draft.world.seeds[1].submission.id.hex(), "00" * 32])
    _sometimes_sign(draft)


def _sometimes_sign(draft: Draft) -> None:
    # What is signed anew and has a join costs a pairing; without one it is worth no more than the signature.
    if draft.rng.random() < (0.02 if draft.join else 0.2):
        draft.sign_again()


def odd_roster(draft: Draft) -> None:
    if draft.join is not None:
        draft.join["roster"] = draft.rng.choice(ROSTERS)


def odd_checkpoint(draft: Draft) -> None:
    """Heads in other encodings, of other epochs, of no log."""
    if draft.join is None or type(draft.join.get("checkpoint")) is not str:
        return
    rng, text = draft.rng, draft.join["checkpoint"]
    size, _, root = text.partition(" ")
    ways: tuple[Callable[[], str], ...] = (
        lambda: f"0{text}",
        lambda: f"{size}  {root}",
        lambda: f"{size}\n{root}",
        lambda: f"{text}\n",
        lambda: f"{size} {root.rstrip('=')}",
        lambda: f"{size} {root}=",
        lambda: f"{size} {root.replace('+', '-').replace('/', '_')}",
        lambda: f"{size} {root[:-2]}{chr(ord(root[-2]) + 1) if root else ''}=",
        lambda: f"{size} {root[:20]} {root[20:]}",
        lambda: f"{int(size) + 1 if size.isdecimal() else 1} {root}",
        lambda: f"{2**53} {root}",
        lambda: f"-{text}",
        lambda: f"{10**15} {base64.b64encode(rng.randbytes(32)).decode()}",
        lambda: f"{size} {base64.b64encode(rng.randbytes(rng.choice((31, 33)))).decode()}",
        lambda: "",
        lambda: "0 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        lambda: rng.choice(list(draft.world.cast.log.heads.values())).text,
    )
    draft.join["checkpoint"] = rng.choice(ways)()


def odd_day(draft: Draft) -> None:
    if draft.gate is not None:
        draft.gate["day"] = draft.rng.choice(DAYS)


def odd_pages(draft: Draft) -> None:
    """Too many, too few, none, or no list at all."""
    if draft.gate is None or type(draft.gate.get("proofs")) is not list or not draft.gate["proofs"]:
        return
    rng, proofs = draft.rng, draft.gate["proofs"]
    draft.gate["proofs"] = rng.choice(
        (
            [],
            proofs[:-1],
            [*proofs, proofs[0]],
            proofs * 40,
            {"0": proofs[0]},
            proofs[0],
            [proofs],
            [*proofs[:-1], None],
            [*proofs[:-1], int(rng.random() * 9)],
            "".join(map(str, proofs)),
        )
    )


def without_join(draft: Draft) -> None:
    """As it is, or signed by somebody who is perhaps not known in that thread."""
    draft.document["join"] = None
    if draft.rng.random() < 0.5:
        draft.sign_again(draft.world.cast.charlie)


def other_root(draft: Draft) -> None:
    """A root that was never published, or not of this roster, or long ago; 0 and 1."""
    if draft.join is not None:
        roots = [str(root) for _, _, root in draft.world.roots]
        draft.join["root"] = draft.rng.choice([*roots, "0", "1", str(R - 1), str(draft.rng.randrange(R))])


def other_list(draft: Draft) -> None:
    if draft.gate is not None:
        digests = [each.digest.hex() for each in draft.world.bans.values()]
        draft.gate["bans"] = draft.rng.choice([*digests, "00" * 32, "ff" * 32])
