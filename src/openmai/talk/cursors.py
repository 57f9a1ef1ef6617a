"""Opaque cursors of keyset pagination: base64url of where a page begins or ends."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final, Self

from openmai.talk.errors import TalkError

_LAST: Final = 2**31 - 1


class BadCursor(TalkError):
    """The cursor was not made here."""

    code: ClassVar = "bad-value"


@dataclass(frozen=True, slots=True)
class PlaceCursor:
    """A place on a thread page: before, at or after the post (branch, position)."""

    branch: int
    position: int
    _form: ClassVar = struct.Struct(">II")

    @classmethod
    def end(cls) -> Self:
        return cls(_LAST, _LAST)

    def encode(self) -> str:
        return _text(self._form.pack(self.branch, self.position))

    @classmethod
    def decode(cls, text: str) -> Self:
        branch, position = cls._form.unpack(_data(text, cls._form.size))
        if branch > _LAST or position > _LAST:
            raise BadCursor("the cursor lies outside of any thread")
        return cls(branch, position)


@dataclass(frozen=True, slots=True)
class ActivityCursor:
    """A place in a list of threads by latest activity: (tick, thread id)."""

    active_at: datetime
    thread: bytes
    _form: ClassVar = struct.Struct(">I32s")

    def encode(self) -> str:
        return _text(self._form.pack(int(self.active_at.timestamp()), self.thread))

    @classmethod
    def decode(cls, text: str) -> Self:
        seconds, thread = cls._form.unpack(_data(text, cls._form.size))
        return cls(datetime.fromtimestamp(seconds, UTC), thread)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _data(text: str, size: int) -> bytes:
    """Raise `BadCursor` unless `text` is the one encoding of `size` bytes."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise BadCursor("the cursor is not base64url") from error
    if len(data) != size or _text(data) != text:
        raise BadCursor("the cursor was not made here")
    return data
