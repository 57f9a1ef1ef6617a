"""PostgreSQL's files read as bytes: no extension is needed to find an id of 32 bytes, live or deleted."""

import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tests.adversary.loot import Loot

PAGE: Final = 8192
_SIZE: Final = 32


def mentions_in(loot: Loot, data: bytes) -> list[tuple[int, int]]:
    """Post and offset of every mention in `data`, in order."""
    finder = _finder(frozenset(loot.post_tokens.items()))
    return finder.all(data)


class _Finder:
    """Looks for thousands of tokens at once: by their first two bytes, then by all of them."""

    def __init__(self, tokens: dict[bytes, int]) -> None:
        self._posts = tokens
        self._heads: NDArray[np.bool_] = np.zeros(65_536, dtype=bool)
        for token in self._posts:
            self._heads[int.from_bytes(token[:2], "little")] = True
        self._starts = {token[:4] for token in self._posts}

    def all(self, data: bytes) -> list[tuple[int, int]]:
        found = []
        for shift in (0, 1):
            usable = (len(data) - shift) // 2 * 2
            words = np.frombuffer(data[shift : shift + usable], dtype="<u2")
            for place in np.flatnonzero(self._heads[words]):
                at = int(place) * 2 + shift
                if data[at : at + 4] in self._starts:
                    post = self._posts.get(data[at : at + _SIZE])
                    if post is not None:
                        found.append((post, at))
        return sorted(found, key=lambda each: each[1])


@lru_cache(maxsize=2)
def _finder(tokens: frozenset[tuple[str, int]]) -> _Finder:
    return _Finder({bytes.fromhex(text): post for text, post in tokens})


def find_tokens(tokens: dict[bytes, int], data: bytes) -> list[tuple[int, int]]:
    """The same for any other tokens of 32 bytes."""
    return _Finder(tokens).all(data)


def position_of(data: bytes, offset: int) -> float:
    """The log position in the header of the page that `offset` lies in."""
    high, low = struct.unpack_from("<II", data, offset // PAGE * PAGE)
    return float(high << 32 | low)


def toast_values(loot: Loot, data: bytes) -> Iterator[tuple[int, int]]:
    """Post and number of its long text, for each row of a heap that points into TOAST."""
    if b"\x01\x12" not in data:
        return
    for base in range(0, len(data) - PAGE + 1, PAGE):
        lower = struct.unpack_from("<H", data, base + 12)[0]
        for at in range(24, min(lower, PAGE), 4):
            item = struct.unpack_from("<I", data, base + at)[0]
            start, size = item & 0x7FFF, item >> 17
            row = data[base + start : base + start + size]
            # An external datum: tag 1, length 18, then raw size, stored size, number, relation.
            pointer = row.find(b"\x01\x12")
            if 0 <= pointer and pointer + 18 <= len(row):
                posts = mentions_in(loot, row)
                if posts:
                    yield posts[0][0], struct.unpack_from("<I", row, pointer + 10)[0]
