"""Who may speak in a thread: the personas that are known there, and the rule that binds nullifier, key and
label.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.utils.translation import gettext as _

from openmai.talk.errors import Refused
from openmai.talk.rules import JOIN_HOLDS


class PersonaExists(Refused):
    """The nullifier is known in this thread under another key."""

    code: ClassVar = "persona-exists"
    pointer: ClassVar = "/key"


class LabelChanged(Refused):
    """The persona entered this thread under another roster."""

    code: ClassVar = "label-changed"
    pointer: ClassVar = "/join/roster"


class KeyTaken(Refused):
    """The key is known in this thread under another nullifier."""

    code: ClassVar = "key-taken"
    pointer: ClassVar = "/key"


class JoinRequired(Refused):
    """Nobody has entered this thread with this key, and no proof came with it."""

    code: ClassVar = "join-required"
    pointer: ClassVar = "/join"


class JoinExpired(Refused):
    """The last proof of this persona is too old."""

    code: ClassVar = "join-expired"
    pointer: ClassVar = "/join"


@dataclass(frozen=True, slots=True)
class Known:
    """A persona of one thread, published or waiting. `joined` is the time of its newest proof."""

    nullifier: bytes
    key: bytes
    roster: str
    joined: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whom a submission says it is from; nullifier and roster are None if it came without a join."""

    key: bytes
    nullifier: bytes | None
    roster: str | None


def check_persona(claimed: Claimed, known: Iterable[Known], *, now: datetime) -> Known | None:
    """Return the persona that speaks, or None for a newcomer; docs/protocol.md §6, check 5.

    `known` holds every persona of the thread that has this key or this nullifier. Raises one of the errors
    above.
    """
    own: Known | None = None
    for persona in known:
        if persona.nullifier == claimed.nullifier:
            if persona.key != claimed.key:
                raise PersonaExists(
                    _("You speak in this thread already, with another key; one member is one persona.")
                )
            if persona.roster != claimed.roster:
                raise LabelChanged(
                    _("Your persona entered this thread as %(roster)s.") % {"roster": persona.roster}
                )
        elif persona.key == claimed.key and claimed.nullifier is not None:
            raise KeyTaken(_("Another persona of this thread has this key."))
        if persona.key == claimed.key and (own is None or own.joined < persona.joined):
            own = persona
    if claimed.nullifier is None:
        _check_join_holds(own, now)
    return own


def _check_join_holds(own: Known | None, now: datetime) -> None:
    if own is None:
        raise JoinRequired(_("The first action of a persona needs a proof of membership."))
    if now - own.joined > JOIN_HOLDS:
        raise JoinExpired(_("The last proof of this persona is more than seven days old; prove again."))
