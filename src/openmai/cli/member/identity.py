"""The member's secret of one season on this machine.

By default the file holds the secret itself and is readable by its owner only, as an SSH key without
passphrase is: a passphrase would invite guessing, since the operator knows the commitment. A locked file
holds it under the recovery code instead, which `OPENMAI_IDENTITY_KEY` must then name.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from openmai.anonymity.documents import DocumentRefused, Fields
from openmai.anonymity.encoding import Domain
from openmai.anonymity.fields import L
from openmai.anonymity.rosters import ROSTER_PATTERN
from openmai.anonymity.seasons import season_called
from openmai.cli.member import recovery
from openmai.cli.member.errors import IdentityTrouble
from openmai.cli.member.home import Home, read_private, write_private
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of

_TYPE: Final = "openmai/identity/v1"
_FIELDS: Final = ("type", "site", "season", "commitment", "rosters", "secret", "sealed")


@dataclass(frozen=True, slots=True)
class Identity:
    """One season's key. `rosters` are those the people site named; `sealed` is a locked key at rest."""

    domain: Domain
    commitment: int
    secret: int = field(repr=False)
    rosters: tuple[str, ...] = ()
    sealed: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def locked(self) -> bool:
        return self.sealed is not None


def identity_exists(home: Home, domain: Domain) -> bool:
    return _path(home, domain).exists()


def save_identity(home: Home, identity: Identity) -> None:
    """Write the key; a locked one without its secret."""
    document = {
        "type": _TYPE,
        "site": identity.domain.site,
        "season": identity.domain.season,
        "commitment": str(identity.commitment),
        "rosters": list(identity.rosters),
        "secret": None if identity.locked else str(identity.secret),
        "sealed": identity.sealed,
    }
    write_private(_path(home, identity.domain), document)


def load_identity(home: Home, domain: Domain, *, ask_code: Callable[[], str]) -> Identity:
    """Read the key of this site and season; raise `IdentityTrouble`. `ask_code` is asked if it is locked."""
    path = _path(home, domain)
    try:
        fields = Fields(read_private(path), _FIELDS)
        fields.literal("type", _TYPE)
        rosters = fields.raw("rosters")
        if not isinstance(rosters, list) or not all(map(_is_roster, rosters)):
            raise IdentityTrouble(_("%(path)s is damaged.") % {"path": path})
        sealed = fields.raw("sealed")
        secret = _unlock(sealed, domain, ask_code) if sealed is not None else fields.decimal("secret")
        commitment = fields.decimal("commitment")
    except FileNotFoundError as error:
        raise IdentityTrouble(_missing(home, domain)) from error
    except DocumentRefused as error:
        raise IdentityTrouble(
            _("%(path)s is damaged: %(error)s") % {"path": path, "error": reason_of(error)}
        ) from error
    if not 1 <= secret < L:
        raise IdentityTrouble(_("%(path)s is damaged.") % {"path": path})
    kept = sealed if isinstance(sealed, dict) else None
    return Identity(domain, commitment, secret, tuple(rosters), kept)


def _missing(home: Home, domain: Domain) -> str:
    """What to do about a missing key: the first one, or the one of a new season."""
    seasons = [
        season
        for site, season in home.seasons()
        if (home.season(site, season) / "identity.json").exists() and site == domain.site
    ]
    past = [each for each in seasons if season_called(each).starts < season_called(domain.season).starts]
    message = _("You have no key for %(site)s in season %(season)s. Make one with “openmai identity new”.")
    if past:
        message = _(
            "Season %(season)s of %(site)s has begun, and it needs a key of its own: make it with “openmai "
            "identity new”, then register it with a ticket from the people site. Your key of %(past)s speaks "
            "in the threads of its season until %(closes)s (UTC); then it is deleted."
        )
    closes = day_of(season_called(max(past)).closes) if past else ""
    values = {"site": domain.site, "season": domain.season, "past": max(past, default=""), "closes": closes}
    return message % values


def day_of(unix_seconds: int) -> str:
    """A day as people read it in every language."""
    return datetime.fromtimestamp(unix_seconds, UTC).date().isoformat()


def shown_identity(home: Home, domain: Domain) -> dict[str, Any]:
    """What may be shown of a key without unlocking it."""
    document = read_private(_path(home, domain))
    return {name: document.get(name) for name in ("site", "season", "commitment", "rosters")} | {
        "locked": document.get("sealed") is not None
    }


def with_rosters(identity: Identity, rosters: list[str]) -> Identity:
    """The identity after enrolment."""
    return replace(identity, rosters=tuple(sorted(filter(_is_roster, rosters))))


def code_from_environment() -> str | None:
    """`OPENMAI_IDENTITY_KEY`: the recovery code of a locked key."""
    return os.environ.get("OPENMAI_IDENTITY_KEY")


def _path(home: Home, domain: Domain) -> Path:
    return home.season(domain.site, domain.season) / "identity.json"


def _is_roster(name: object) -> bool:
    return isinstance(name, str) and ROSTER_PATTERN.fullmatch(name) is not None


def _unlock(sealed: object, domain: Domain, ask_code: Callable[[], str]) -> int:
    found, secret = recovery.unseal(sealed, code=recovery.read_code(ask_code()))
    if found != domain:
        raise IdentityTrouble(_("The key belongs to another site or season."))
    return secret
