"""Proofs that arrive together are verified together: eight cost what five cost one by one."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Condition, Lock
from typing import Final

from openmai.anonymity.joins import Balance, JoinClaim, verify_join, verify_joins
from openmai.anonymity.membership import BatchRefused
from openmai.talk.errors import TalkError

# How long a verification waits for submissions that are still being read. They need a fraction of it, unless
# the database is slow, and then nobody should wait for them.
PATIENCE_SECONDS: Final = 0.01

Verify = Callable[[JoinClaim], None]


class NotVerified(TalkError):
    """Nobody has verified this claim: what every claim is until somebody has."""


class _Ticket:
    """One claim, and what came of it: None is the only outcome that accepts it."""

    __slots__ = ("claim", "outcome")

    def __init__(self, claim: JoinClaim) -> None:
        self.claim = claim
        self.outcome: BaseException | None = NotVerified()


class Verifier:
    """Group commit for proofs: whoever verifies takes along all that wait, after a moment for those that are
    announced. Alone, a claim is verified alone and at once.

    `randbits` weighs the proofs of a join and the claims of a batch; whoever could foresee it could let two
    false proofs cancel each other.
    """

    def __init__(self, *, randbits: Callable[[int], int]) -> None:
        self._randbits = randbits
        self._balance: Balance | None = None
        self._turn = Lock()
        # Guards the two below.
        self._door = Condition()
        self._announced: set[object] = set()
        self._tickets: list[_Ticket] = []

    @contextmanager
    def announced(self) -> Iterator[Verify]:
        """What is done inside may end in a claim, for which others wait a moment.

        Gives the function to verify it with, which raises what `verify_join` would raise.
        """
        visitor = object()
        with self._door:
            self._announced.add(visitor)
        try:
            yield partial(self._verify, visitor)
        finally:
            self._enter(visitor)

    def _enter(self, visitor: object, *tickets: _Ticket) -> None:
        with self._door:
            self._announced.discard(visitor)
            self._tickets += tickets
            self._door.notify_all()

    def _verify(self, visitor: object, claim: JoinClaim) -> None:
        ticket = _Ticket(claim)
        self._enter(visitor, ticket)
        with self._turn:
            if isinstance(ticket.outcome, NotVerified):
                self._settle(self._take())
        if ticket.outcome is not None:
            raise ticket.outcome

    def _take(self) -> list[_Ticket]:
        with self._door:
            self._door.wait_for(lambda: not self._announced, PATIENCE_SECONDS)
            taken, self._tickets = self._tickets, []
        return taken

    def _settle(self, tickets: list[_Ticket]) -> None:
        try:
            self._verify_all([each.claim for each in tickets])
        except BatchRefused as refused:
            for place, each in enumerate(tickets):
                each.outcome = refused.refusals.get(place)
        except BaseException as error:
            for each in tickets:
                each.outcome = error
        else:
            for each in tickets:
                each.outcome = None

    def _verify_all(self, claims: list[JoinClaim]) -> None:
        key = claims[0].gate.gates.key
        if self._balance is None or self._balance.key is not key:
            self._balance = Balance.of(key, randbits=self._randbits)
        if len(claims) > 1:
            verify_joins(claims, balance=self._balance, randbits=self._randbits)
        else:
            verify_join(claims[0], balance=self._balance, randbits=self._randbits)


# Shared by the threads of this process; the one place of talk that draws random numbers.
VERIFIER: Final = Verifier(randbits=secrets.randbits)
