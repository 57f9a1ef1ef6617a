"""The keys of this machine on their way to another device, or from it: only ever encrypted."""

from collections.abc import Callable
from pathlib import Path

from openmai.anonymity.encoding import Domain
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.limits import MAX_TILE
from openmai.anonymity.pairing import PAIRING_SECONDS, Met, Pairing
from openmai.anonymity.paths import parse_tile
from openmai.cli.member import recovery
from openmai.cli.member.epochs import AcceptedEpochs
from openmai.cli.member.errors import IdentityTrouble, Refused
from openmai.cli.member.home import write_private
from openmai.cli.member.identity import Identity, identity_exists, save_identity, shown_identity
from openmai.cli.member.member import Member
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of


def secrets_here(member: Member, ask_code: Callable[[], str]) -> list[tuple[Domain, int]]:
    """The secrets of the open seasons; raise `IdentityTrouble` if there is none."""
    holders = [each for each in member.open_seasons if identity_exists(member.home, each.domain)]
    if not holders:
        # Says what to do about it.
        member.load(ask_code)
    return [(each.domain, each.load(ask_code).secret) for each in holders]


def begin(member: Member, *, randbytes: Callable[[int], bytes], invites: bool) -> Pairing:
    """One side of a pairing; the new machine must have no key of this season."""
    if not invites and identity_exists(member.home, member.domain):
        message = _("This machine has a key for %(site)s in season %(season)s already.")
        raise IdentityTrouble(message % {"site": member.domain.site, "season": member.domain.season})
    return Pairing.begin(member.domain.site, random=randbytes(32), invites=invites)


def deliver(met: Met, secrets: list[tuple[Domain, int]], *, waited: float) -> str:
    """The delivery, unless the invitation is `waited` seconds old by now: somebody had time to compute."""
    if waited > PAIRING_SECONDS:
        raise Refused(_("This took longer than ten minutes; begin anew. Nothing was handed over."))
    return met.deliver(secrets)


def keep(member: Member, received: list[tuple[Domain, int]]) -> list[Identity]:
    """Keep the keys that came, or none of them; raise `IdentityTrouble` or `Refused`."""
    domains = {each.domain for each in member.open_seasons}
    identities = [Identity(domain, member.commitment(secret), secret) for domain, secret in received]
    for each in identities:
        if each.domain not in domains:
            message = _(
                "The other device sent a key of season %(season)s, which is not open now. Nothing was kept."
            )
            raise Refused(message % {"season": each.domain.season})
        if identity_exists(member.home, each.domain):
            known = shown_identity(member.home, each.domain)["commitment"]
            if known != str(each.commitment):
                message = _("This machine has another key for season %(season)s. Nothing was kept.")
                raise IdentityTrouble(message % {"season": each.domain.season})
    member.pin()
    fresh = [each for each in identities if not identity_exists(member.home, each.domain)]
    for each in fresh:
        save_identity(member.home, each)
    return identities


def back_up(
    member: Member, path: Path | None, *, ask_code: Callable[[], str], randbytes: Callable[[int], bytes]
) -> tuple[Path, str]:
    """Write a backup of this season's key under a new code; return where, and the code to show once."""
    own, code = member.load(ask_code), randbytes(recovery.CODE_SIZE)
    sealed = recovery.seal(domain=own.domain, secret=own.secret, code=code, randbytes=randbytes)
    target = path or member.home.season(own.domain.site, own.domain.season) / "backup.json"
    write_private(target, sealed)
    return target, recovery.show_code(code)


def take_place(member: Member, file: Path) -> str:
    """Keep the tile that the people site gave, and return its roster; raise `Refused`.

    To be done once, and at another time than just before speaking.
    """
    try:
        with file.open("rb") as opened:
            tile = parse_tile(opened.read(MAX_TILE + 1), domain=member.facts.domain)
    except (OSError, AnonymityError) as error:
        reason = reason_of(error) if isinstance(error, AnonymityError) else error.strerror
        message = _("%(path)s cannot be used: %(error)s.")
        raise Refused(message % {"path": file, "error": reason}) from error
    AcceptedEpochs(member.home, member.facts.domain, member.pin().roster_key).keep_tile(tile)
    return tile.roster
