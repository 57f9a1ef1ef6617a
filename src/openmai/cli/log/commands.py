"""`openmai log`: read a log to its end, copy it, witness it. Wiring; docs/cli.md describes each."""

import json
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmai.anonymity.log.merkle import LogRefused, RolledBack
from openmai.anonymity.log.notes import ED25519, parse_key
from openmai.anonymity.log.view import Equivocation, LogTrust
from openmai.cli.member.commands import told_plainly
from openmai.cli.member.errors import Refused, Usage
from openmai.cli.member.home import Home, default_home
from openmai.cli.member.log import refused, rolled_back
from openmai.cli.member.log_pins import (
    LogPins,
    keep_evidence,
    key_name,
    pin_log,
    read_log_pins,
    trust_log,
    write_log_pins,
)
from openmai.cli.member.options import TalkOption
from openmai.cli.member.show import Progress, tell
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import reason_of

if TYPE_CHECKING:
    from openmai.cli.log.sources import Source

KeyOption = Annotated[
    str | None, typer.Option("--log-key", help=_("The log's key, name+id+key; for a copy of an unknown log."))
]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    log = typer.Typer(no_args_is_help=True, help=_("The public log of a site: read it, copy it, witness it."))
    log.command("verify", help=_("Read a whole log, from its site or a copy, and check all that it says."))(
        log_verify
    )
    log.command("mirror", help=_("Keep a copy of a site's log, which any web server can serve."))(log_mirror)
    log.command("trust", help=_("Believe what a site says of its log's key and witnesses from now on."))(
        log_trust
    )
    log.command("witness", help=_("Cosign the logs of others as long as they only grow."))(log_witness)
    app.add_typer(log, name="log")


@told_plainly
def log_verify(
    copy: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help=_("A copy, instead of the site."))
    ] = None,
    talk: TalkOption = None,
    log_key: KeyOption = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Print the result as JSON."))] = False,
) -> None:
    from openmai.cli.log.following import verify_log
    from openmai.cli.log.sources import Folder

    home, progress = default_home(), Progress()
    source, site, pins = (
        _site_source(talk, home) if copy is None else _copy_source(Folder(copy), log_key, home)
    )
    try:
        with progress.counting(_("Reading the log")) as report:
            followed = verify_log(
                source,
                site=site,
                trust=pins.trust,
                seen=pins.seen,
                randbits=secrets.randbits,
                report=report,
            )
    except LogRefused as error:
        raise _told(error, home, site) from error
    if copy is None:
        write_log_pins(home, site, LogPins(pins.trust, followed.view.checkpoint))
    head, found = followed.view.head, followed.audit.found
    if as_json:
        document = {"verified": True, "site": site, "size": head.size, "head": head.text, "entries": found}
        print(json.dumps(document | {"witnesses": [each.witness for each in followed.view.cosignatures]}))
        return
    tell(_("The log of %(site)s holds: %(size)d entries.") % {"site": site, "size": head.size})
    for kind, count in sorted(found.items()):
        tell(f"  {kind:<12} {count}")
    tell(_("Checkpoint: %(head)s") % {"head": head.text})
    tell(_("Log key: %(key)s") % {"key": key_name(pins.trust.key)})
    _tell_witnesses([each.witness for each in followed.view.cosignatures])


@told_plainly
def log_mirror(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help=_("Where to keep the copy."))],
    talk: TalkOption = None,
) -> None:
    from openmai.cli.log.following import mirror_log
    from openmai.cli.log.sources import Folder

    home, progress = default_home(), Progress()
    source, site, pins = _site_source(talk, home)
    try:
        with progress.counting(_("Copying the log")) as report:
            view = mirror_log(source, Folder(folder), trust=pins.trust, report=report)
    except LogRefused as error:
        raise _told(error, home, site) from error
    values = {"folder": folder, "size": view.head.size, "site": site}
    tell(_("%(folder)s has the log of %(site)s up to %(size)d entries.") % values)


@told_plainly
def log_trust(talk: TalkOption = None) -> None:
    from openmai.cli.member.member import Member

    member = Member.at(talk, now=int(time.time()), progress=Progress())
    trust_log(member.home, member.domain.site, member.facts.log)
    tell(_("Log key: %(key)s") % {"key": key_name(member.facts.log.key)})
    _tell_witnesses([key_name(each) for each in member.facts.log.witnesses])


@told_plainly
def log_witness(
    name: Annotated[str, typer.Option(help=_("The name of the witness, such as witness.example/1."))],
    key_file: Annotated[Path, typer.Option(help=_("File of its Ed25519 seed in hex; made if missing."))],
    log: Annotated[list[str], typer.Option("--log", help=_("Key of a log to look after; may be repeated."))],
    state: Annotated[Path, typer.Option(help=_("Folder for what was cosigned; never restore an old copy."))],
    listen: Annotated[str, typer.Option(help="host:port")] = "127.0.0.1:8200",
) -> None:
    from openmai.cli.log.witness import Witness, serve
    from openmai.cli.member.home import make_private_folder
    from openmai.platform.config_values import listen as parse_listen

    make_private_folder(state)
    try:
        keys = [parse_key(each, kind=ED25519) for each in log]
        address = parse_listen(listen)
    except (LogRefused, ValueError) as error:
        raise Usage(str(error)) from error
    witness = Witness(
        name, _seed(key_file), {key.name: key for key in keys}, state, now=lambda: int(time.time())
    )
    server = serve(witness, address)
    tell(_("Witness key: %(key)s") % {"key": witness.public.text})
    server.serve_forever()


def _seed(path: Path) -> Ed25519PrivateKey:
    from openmai.cli.member.home import write_private_bytes

    if not path.exists():
        write_private_bytes(path, secrets.token_hex(32).encode())
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))
    except (OSError, ValueError) as error:
        raise Usage(_("%(path)s holds no key: 64 hexadecimal digits.") % {"path": path}) from error


def _site_source(talk: str | None, home: Home) -> "tuple[Source, str, LogPins]":
    from openmai.cli.log.sources import Site
    from openmai.cli.member.member import Member

    member = Member.at(talk, now=int(time.time()), progress=Progress())
    site = member.domain.site
    return Site(member.web), site, pin_log(home, site, member.facts.log)


def _copy_source(folder: "Source", log_key: str | None, home: Home) -> "tuple[Source, str, LogPins]":
    """A copy is read under the key that is given, or that this machine knows of the site."""
    from openmai.anonymity.log.checkpoints import read_checkpoint
    from openmai.anonymity.log.notes import parse_note

    try:
        key = None if log_key is None else parse_key(log_key, kind=ED25519)
        origin = read_checkpoint(parse_note(folder.checkpoint()))[0] if key is None else key.name
    except LogRefused as error:
        raise refused(error) from error
    site = origin.removesuffix("/log")
    if key is not None:
        return folder, site, LogPins(LogTrust(key), None)
    try:
        pins = read_log_pins(home, site)
    except ValueError:
        pins = None
    if pins is None:
        raise Usage(_("This machine does not know the log of %(site)s: give its --log-key.") % {"site": site})
    return folder, site, LogPins(pins.trust, None)


def _told(error: LogRefused, home: Home, site: str) -> Refused:
    if isinstance(error, Equivocation):
        path = keep_evidence(home, site, error)
        if isinstance(error.cause, RolledBack):
            return rolled_back(error, path)
        message = _("The log contradicts itself: %(reason)s. Both signed states are kept in %(path)s.")
        return Refused(message % {"reason": reason_of(error), "path": path}, code="log-forked")
    return refused(error)


def _tell_witnesses(names: list[str]) -> None:
    tell(_("Witnesses: %(names)s") % {"names": ", ".join(names) or _("none")})
