"""`openmai identity pair`, `receive` and `backup`: a second device, and a backup under a new code."""

import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.pairing import Met, Pairing
from openmai.cli.member.commands import ask_code, member_at, told_plainly
from openmai.cli.member.errors import Refused, Usage
from openmai.cli.member.options import TalkOption
from openmai.cli.member.show import Progress, draw_code, tell
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of

T = TypeVar("T")
_ATTEMPTS: Final = 5


def register(identity: typer.Typer) -> None:
    """Add the commands to `openmai identity`."""
    identity.command("pair", help=_("Bring the key of this machine to a second device."))(pair)
    identity.command("receive", help=_("Get the key from another device of yours."))(receive)
    identity.command("backup", help=_("Write a backup under a new recovery code."))(backup)
    identity.command("place", help=_("Keep your place in a roster, as the people site gave it."))(place)


@told_plainly
def pair(talk: TalkOption = None) -> None:
    from openmai.cli.member import devices

    member = member_at(talk)
    held = devices.secrets_here(member, ask_code)
    pairing = devices.begin(member, randbytes=secrets.token_bytes, invites=True)
    begun = time.monotonic()
    tell(_("1. On the new device choose “Bring the key from another device”, and let it read this:"))
    _show(pairing.text)
    met = _meet(pairing, _("2. The text that the new device shows now"))
    _compare(met)
    delivery = devices.deliver(met, held, waited=time.monotonic() - begun)
    tell(_("3. Let the new device read this. It is encrypted for that device alone:"))
    _show(delivery)


@told_plainly
def place(
    file: Annotated[Path, typer.Argument(help=_("The file that the people site gave you."))],
    talk: TalkOption = None,
) -> None:
    from openmai.cli.member import devices

    roster = devices.take_place(member_at(talk), file)
    tell(_("Your place in %(roster)s is kept here: its whole list need not be fetched.") % {"roster": roster})


@told_plainly
def receive(talk: TalkOption = None) -> None:
    from openmai.cli.member import devices

    member = member_at(talk)
    pairing = devices.begin(member, randbytes=secrets.token_bytes, invites=False)
    met = _meet(pairing, _("1. The text that the device with the key shows"))
    tell(_("2. Let the device with the key read this:"))
    _show(pairing.text)
    _compare(met)
    received = _try(met.receive, _("3. The text that the device with the key shows now"))
    for each in devices.keep(member, received):
        told = {"season": each.domain.season, "commitment": each.commitment}
        tell(_("The key of season %(season)s is here: %(commitment)s") % told)


@told_plainly
def backup(
    to: Annotated[Path | None, typer.Option("--to", help=_("Where to write the backup file."))] = None,
    talk: TalkOption = None,
) -> None:
    from openmai.cli.member import devices

    path, code = devices.back_up(member_at(talk), to, ask_code=ask_code, randbytes=secrets.token_bytes)
    tell(_("  recovery code  %(code)s") % {"code": code})
    tell(_("  backup file    %(path)s") % {"path": path})
    tell(_("Write the recovery code down now: it is shown once. Keep the backup file in another place."))


def _show(text: str) -> None:
    """As a picture for a camera, where there is a screen, and as text."""
    if sys.stdout.isatty():
        draw_code(text)
    tell(text)
    tell()


def _meet(pairing: Pairing, question: str) -> Met:
    return _try(pairing.meet, question)


def _try(take: Callable[[str], T], question: str) -> T:
    """Ask until what is typed can be taken; a slip costs nothing."""
    for _attempt in range(_ATTEMPTS):
        typed = _ask(question)
        try:
            return take(typed)
        except AnonymityError as error:
            Progress().advise(_("That cannot be used: %(error)s.") % {"error": reason_of(error)})
    raise Refused(_("Nothing was handed over."))


def _ask(question: str) -> str:
    try:
        return str(typer.prompt(question, err=True))
    except typer.Abort as error:
        raise Usage(_("The pairing was broken off. Nothing was handed over.")) from error


def _compare(met: Met) -> None:
    tell(_("Both devices show digits now. Here: %(digits)s") % {"digits": met.digits})
    try:
        same = typer.confirm(_("Does the other device show exactly the same?"), err=True)
    except typer.Abort:
        same = False
    if not same:
        raise Refused(
            _(
                "Then somebody may stand between the devices. Nothing was handed over; "
                "begin anew, screen to screen."
            )
        )
