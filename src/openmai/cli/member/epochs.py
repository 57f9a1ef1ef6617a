"""The epoch of each roster that this machine accepted last: what a newer one is compared with.

An operator who wants to know who is speaking could take most members out of a roster and put keys of its own
in their places: the crowd would look as large as before (docs/protocol.md §3).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from openmai.anonymity.encoding import Domain, sha256
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.rosters import RosterStatement, SignedStatement, open_statement, unpack_leaves
from openmai.cli.member.errors import IdentityTrouble
from openmai.cli.member.home import Home, read_private_bytes, write_private_bytes
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of


@dataclass(frozen=True, slots=True)
class Removals:
    """Of `before` members of the epoch accepted last, `gone` are not in the new one."""

    gone: int
    before: int

    @property
    def too_many(self) -> bool:
        """Whether that is more than five and more than 5 %."""
        return self.gone > 5 and self.gone * 20 > self.before


@dataclass(frozen=True, slots=True)
class AcceptedEpochs:
    """The accepted epochs of one site and season, as far as `roster_key` signed them.

    A member who trusts another roster key begins anew; so does a season, whose commitments are all new.
    """

    home: Home
    domain: Domain
    roster_key: bytes

    def removals(self, roster: str, leaves: Iterable[int]) -> Removals:
        """What `leaves` lack of the epoch accepted last, whatever the number of epochs between.

        All is well with a roster that was never seen here.
        """
        if (kept := self._read(roster)) is None:
            return Removals(0, 0)
        before = set(filter(None, unpack_leaves(kept[1])))
        return Removals(len(before.difference(leaves)), len(before))

    def accept(self, signed: SignedStatement, leaves: bytes) -> None:
        """Keep an epoch as the one to compare with from now on."""
        kept = self._read(signed.statement.roster)
        if kept is None or kept[0] != signed.statement:
            # Canonical JSON has no line end, so the first one divides the two.
            write_private_bytes(self._path(signed.statement.roster), signed.envelope + b"\n" + leaves)

    def _read(self, roster: str) -> tuple[RosterStatement, bytes] | None:
        path = self._path(roster)
        try:
            envelope, _end, leaves = read_private_bytes(path).partition(b"\n")
            signed = open_statement(envelope, key=None, domain=self.domain)
        except FileNotFoundError:
            return None
        except AnonymityError as error:
            raise IdentityTrouble(
                _("%(path)s is damaged: %(error)s") % {"path": path, "error": reason_of(error)}
            ) from error
        if sha256(leaves) != signed.statement.leaves:
            raise IdentityTrouble(_("%(path)s is damaged.") % {"path": path})
        return (signed.statement, leaves) if signed.key == self.roster_key else None

    def _path(self, roster: str) -> Path:
        # Neither the parts of a roster's id nor their names have a dot.
        folder = self.home.season(self.domain.site, self.domain.season) / "rosters"
        return folder / roster.replace("/", ".")
