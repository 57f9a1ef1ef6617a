"""JSON and bytes: what a parser may stumble over, whatever the fields mean."""

import copy
import json
from random import Random
from typing import Any, Final

from tests.fuzz.drafts import Document, Draft

TOKENS: Final = (
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"NaN", b"Infinity", b"-0", b"1e5",
    b"1.0",
    b"0x10", b"\\u0000", b"\\ud800", b"\\udc00\\ud800", b"\\u00e9", b"e\\u0301", b"\xff",
    b"\xc0\xaf", b"\xed\xa0\x80",
    b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\x00", b"\x1f", b"\x7f", b"/*x*/", b"//", b"'",
    b"9007199254740992",
    b"99999999999999999999999999", b"[[[[[[[[[[", b'{"a":{"a":{"a":{"a":{"a":{"a":', b" ",
    b"\n", b"\t", b"\r", b"\x0b",
    b"\xc2\xa0", b"\xf0\x9f\x98\x80", b'"join":null,', b'"version":1,', b'"key":',
    b"__proto__", b"-1", b"+1",
)  # fmt: skip
VALUES: Final = (
    None, True, False, 0, 1, -1, 2, 2**31, 2**53, -(2**53), 2**63 - 1, 1.0, 0.5, 1e300, "",
    " ", "0", "1", "null",
    "\x00", "\u202e", "é", "e\u0301", "０", "１２", [], {}, [[]], [{}], {"": None}, ["x"],
    {"a": {"b": {"c": {}}}},
    "x" * 129, "0" * 64, "0" * 128, "f" * 256, "a" * 10_001, [0] * 65, {"type": "openmai/reply/v1"},
)  # fmt: skip
NAMES: Final = (
    "", "extra", "Version", "version ", "join\x00", "proofs", "gate", "key", "k\u0435y",
    "first", "author", "scope",
    "message", "__proto__", "type", "x" * 200, "nullifier2", "\ud7ff", "~1", "a/b",
)  # fmt: skip


def _place(draft: Draft) -> Document:
    """Some object of the document."""
    places = [draft.document]
    places += [each for each in (draft.document.get("content"), draft.join, draft.gate) if type(each) is dict]
    return draft.rng.choice(places)


def any_value(rng: Random) -> Any:
    """A copy: the next change may be one to it."""
    return copy.deepcopy(rng.choice(VALUES))


def drop_a_field(draft: Draft) -> None:
    place = _place(draft)
    if place:
        del place[draft.rng.choice(list(place))]


def add_a_field(draft: Draft) -> None:
    _place(draft).setdefault(draft.rng.choice(NAMES), any_value(draft.rng))


def rename_a_field(draft: Draft) -> None:
    place, rng = _place(draft), draft.rng
    if place:
        name = rng.choice(list(place))
        other = rng.choice(
            (name.upper(), name + " ", name[:-1], name + "s", rng.choice(NAMES), f"\ufeff{name}")
        )
        place[other] = place.pop(name)


def retype_a_field(draft: Draft) -> None:
    place = _place(draft)
    if place:
        place[draft.rng.choice(list(place))] = any_value(draft.rng)


def move_a_field(draft: Draft) -> None:
    """A value into another field, of this object or of another one."""
    here, there = _place(draft), _place(draft)
    if here and there:
        value = here[draft.rng.choice(list(here))]
        # Never an object into itself: what is asked about is JSON, not this program.
        if type(value) in (str, int):
            there[draft.rng.choice(list(there))] = value


def reorder(draft: Draft) -> None:
    """Another spelling of the same."""
    place = _place(draft)
    items = list(place.items())
    draft.rng.shuffle(items)
    place.clear()
    place.update(items)


# From a document to bytes: each of these is the last step.


def respelled(document: Document, rng: Random) -> bytes:
    """White space, escapes: the same submission, written by another program."""
    indent = rng.choice((None, 0, 1, "\t"))
    separators = rng.choice(((",", ":"), (", ", ": "), (" ,", " :"), (",\r\n", ":\t")))
    return json.dumps(document, ensure_ascii=rng.random() < 0.5, indent=indent, separators=separators).encode(
        "utf-8", "surrogatepass"
    )


def doubled(body: bytes, rng: Random) -> bytes:
    """The same key twice: with the same value, or another one."""
    at = body.find(b',"', rng.randrange(len(body)))
    name = body[at + 1 : body.find(b":", at)] if at > 0 else b'"version"'
    at = max(at, 1)
    comma = b"," if body[at : at + 1] != b"," else b""
    return body[:at] + b"," + name + b":" + rng.choice((b"null", b"1", b'""', b"[]")) + comma + body[at:]


def numbered(document: Document, rng: Random) -> bytes:
    """Decimals as JSON numbers, integers of any size, fractions."""
    document = {**document}
    join = document.get("join")
    if type(join) is dict:
        document["join"] = join = {**join}
        name = rng.choice(("root", "nullifier"))
        text = join.get(name)
        if type(text) is str and text.isdecimal() and text.isascii():
            join[name] = int(text[: rng.choice((1, 15, 17, 77))])
    document["version"] = rng.choice((1, 1, 1.0, 10**30, -1, True, 1e0))
    return json.dumps(document).encode("utf-8", "surrogatepass")


def damaged(body: bytes, others: tuple[bytes, ...], rng: Random, cheap: tuple[int, ...]) -> bytes:
    """One to three accidents with bytes. `cheap` are places outside of proofs and long numbers."""
    data = bytearray(body)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at = rng.choice(cheap) if rng.random() < 0.98 else rng.randrange(len(body))
        at = min(at, len(data))
        _ACCIDENTS[rng.randrange(len(_ACCIDENTS))](data, at, rng, others)
    return bytes(data)


def _flip(data: bytearray, at: int, rng: Random, _others: Any) -> None:
    if at < len(data):
        data[at] ^= 1 << rng.randrange(8)


def _delete(data: bytearray, at: int, rng: Random, _others: Any) -> None:
    del data[at : at + rng.choice((1, 1, 2, 8, 64))]


def _insert(data: bytearray, at: int, rng: Random, _others: Any) -> None:
    data[at:at] = rng.choice(TOKENS)


def _overwrite(data: bytearray, at: int, rng: Random, _others: Any) -> None:
    token = rng.choice(TOKENS)
    data[at : at + len(token)] = token


def _byte(data: bytearray, at: int, rng: Random, _others: Any) -> None:
    if at < len(data):
        data[at] = rng.randrange(256)


def _cut(data: bytearray, at: int, rng: Random, _others: Any) -> None:
    del data[at:]


def _repeat(data: bytearray, at: int, rng: Random, _others: Any) -> None:
    data[at:at] = data[at : at + rng.choice((1, 4, 32, 300))]


def _splice(data: bytearray, at: int, rng: Random, others: tuple[bytes, ...]) -> None:
    """The beginning of one submission and the end of another."""
    other = rng.choice(others)
    data[at:] = other[min(at, len(other)) :]


def _swell(data: bytearray, at: int, rng: Random, _others: Any) -> None:
    """Towards the limit of the body, and beyond it."""
    if rng.random() < 0.05:
        data[at:at] = rng.choice((b" ", b"x", b"[", b"{", b"9", b"\xe5\xa5\xbd")) * rng.choice(
            (1_000, 70_000)
        )
    else:
        data += rng.choice((b" \x0b", b"\x00", b"{}", b"null", b",", b"}", b"\n" if at == 7 else b"]"))


_ACCIDENTS: Final = (_flip, _flip, _delete, _insert, _overwrite, _byte, _byte, _cut, _repeat, _splice, _swell)
