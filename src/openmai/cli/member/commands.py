"""What a member runs: verify, identity, enrol, post, reply, outbox. Wiring; docs/cli.md describes each."""

import json
import secrets
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openmai.anonymity.content import Content
from openmai.anonymity.errors import AnonymityError
from openmai.anonymity.limits import MAX_BODY
from openmai.anonymity.proof_file import ClaimFailed
from openmai.cli.member import checking
from openmai.cli.member.errors import Exit, MemberError, StillWaiting, Usage
from openmai.cli.member.options import (
    AsOption,
    BodyOption,
    DeepOption,
    EvidenceOption,
    FloorOption,
    KeyOption,
    MirrorOption,
    TalkOption,
    WaitOption,
    WithinOption,
)
from openmai.cli.member.show import Progress, tell
from openmai.cli.member.words import gettext as _
from openmai.cli.member.words import language

if TYPE_CHECKING:
    # At run time only where they are needed: `verify` loads neither the prover nor the network.
    from openmai.cli.member.member import Member
    from openmai.cli.member.outbox import Entry
    from openmai.cli.member.speaking import Speaker


def register(app: typer.Typer) -> None:
    """Add the member's commands to the application."""
    app.command("verify", help=_("Check who wrote a post: from a link, or offline from a proof file."))(
        verify
    )
    identity = typer.Typer(no_args_is_help=True, help=_("Your key of this season, on this machine."))
    identity.command("new", help=_("Make a key, and a backup that a recovery code opens."))(identity_new)
    identity.command("show", help=_("Show which keys are here; never the secret."))(identity_show)
    identity.command("restore", help=_("Bring a key back from a backup file."))(identity_restore)
    identity.command("trust", help=_("Trust another roster key of a site from now on."))(identity_trust)
    identity.command("accept", help=_("Accept an epoch of a roster that many members left."))(identity_accept)
    from openmai.cli.member import device_commands

    device_commands.register(identity)
    app.add_typer(identity, name="identity")
    app.command("enrol", help=_("Register your key with the ticket that the people site gave you."))(enrol)
    app.command("post", help=_("Open a thread."))(post)
    app.command("reply", help=_("Answer in a thread."))(reply)
    from openmai.cli.member import outbox_commands

    app.add_typer(outbox_commands.outbox(), name="outbox")


def told_plainly(command: Callable[..., None]) -> Callable[..., None]:
    """An error ends the command with a sentence and its exit code, not with a traceback."""

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except MemberError as error:
            Progress().advise(str(error))
            raise typer.Exit(int(error.exit)) from None
        except KeyboardInterrupt:
            Progress().advise(_("Interrupted. What was in the outbox is there still."))
            raise typer.Exit(int(Exit.OUTBOX)) from None

    return guarded


def unix_now() -> int:
    return int(time.time())


def member_at(talk: str | None) -> "Member":
    """The member at a talk site; imported here, because `verify` needs neither prover nor network."""
    from openmai.cli.member.member import Member

    return Member.at(talk, now=unix_now(), progress=Progress())


@told_plainly
def verify(
    source: Annotated[
        str, typer.Argument(metavar="LINK-OR-FILE", help=_("Address of a post, or a proof file."))
    ],
    as_json: Annotated[bool, typer.Option("--json", help=_("Print the result as JSON."))] = False,
    roster_key: KeyOption = None,
    deep: DeepOption = False,
    mirror: MirrorOption = None,
    evidence: EvidenceOption = None,
    talk: TalkOption = None,
) -> None:
    from openmai.cli.member.home import default_home

    key, home = _roster_key(roster_key), default_home()
    if not deep and (mirror, evidence) != (None, None):
        raise Usage(_("--mirror and --evidence go with --deep."))
    try:
        verdict = checking.check(checking.read_source(source, fetch=_fetch), roster_key=key, home=home)
        if deep:
            from openmai.cli.member.deep import look_at, tell_crowd

            link = source if checking.is_link(source) else None
            looked = look_at(mirror=mirror, link=link, talk=talk, home=home)
            return tell_crowd(verdict, looked, evidence=evidence, home=home, as_json=as_json)
    except ClaimFailed as error:
        _show_failure(error, as_json=as_json)
        raise typer.Exit(int(Exit.REFUSED)) from None
    if as_json:
        print(json.dumps(checking.verdict_document(verdict), ensure_ascii=False))
        return
    for line in checking.verdict_lines(verdict):
        tell(line)


def _show_failure(error: ClaimFailed, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(checking.failure_document(error), ensure_ascii=False))
        return
    for line in checking.failure_lines(error):
        tell(line)


def _fetch(link: str, post: bytes) -> bytes:
    from openmai.cli.member.sites import fetch_proof_file
    from openmai.cli.member.web import Web

    return fetch_proof_file(Web(link), post)


def _roster_key(text: str | None) -> bytes | None:
    from openmai.anonymity.fields import parse_hex

    try:
        return None if text is None else parse_hex(text.strip().lower(), size=32)
    except AnonymityError as error:
        raise Usage(_("A roster key has 64 hexadecimal digits.")) from error


@told_plainly
def identity_new(
    talk: TalkOption = None,
    roster_key: KeyOption = None,
    locked: Annotated[
        bool,
        typer.Option(
            "--locked", help=_("Keep the secret under the recovery code only (OPENMAI_IDENTITY_KEY).")
        ),
    ] = False,
) -> None:
    made = member_at(talk).new_identity(
        randbelow=secrets.randbelow,
        randbytes=secrets.token_bytes,
        locked=locked,
        roster_key=_roster_key(roster_key),
    )
    tell(
        _("Your key for %(site)s, season %(season)s:")
        % {"site": made.domain.site, "season": made.domain.season}
    )
    tell(_("  commitment     %(commitment)s") % {"commitment": made.commitment})
    tell(_("  recovery code  %(code)s") % {"code": made.code})
    tell(_("  backup file    %(path)s") % {"path": made.backup})
    tell()
    tell(_("Write the recovery code down now: it is shown once. Keep the backup file in another place."))
    if locked:
        tell(_("The key is locked: name the recovery code in OPENMAI_IDENTITY_KEY, or type it when asked."))
    else:
        tell(
            _("Whoever can read %(path)s can speak as you and find all that you said.") % {"path": made.path}
        )
    tell(_("Roster key of the site: %(key)s") % {"key": made.roster_key.hex()})


@told_plainly
def identity_show(
    as_json: Annotated[bool, typer.Option("--json", help=_("Print the result as JSON."))] = False,
) -> None:
    from openmai.cli.member.member import known_identities

    found = known_identities(now=unix_now(), progress=Progress())
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    if not found:
        tell(_("There is no key here. Make one with “openmai identity new”."))
    for each in found:
        state = _("locked") if each["locked"] else _("readable by you only")
        tell(f"{each['site']} {each['season']}  {state}")
        tell(_("  commitment  %(commitment)s") % {"commitment": each["commitment"]})
        tell(
            _("  rosters     %(rosters)s") % {"rosters": ", ".join(each["rosters"]) or _("not enrolled yet")}
        )


@told_plainly
def identity_restore(
    backup: Annotated[Path, typer.Argument(help=_("The backup file."))], talk: TalkOption = None
) -> None:
    member = member_at(talk)
    restored = member.restore_identity(_read_file(backup), code=ask_code())
    tell(_("Restored the key %(commitment)s.") % {"commitment": restored})


@told_plainly
def identity_trust(
    key: Annotated[
        str, typer.Argument(help=_("The roster key that the operator publishes, 64 hexadecimal digits."))
    ],
    talk: TalkOption = None,
) -> None:
    if (trusted := _roster_key(key)) is not None:
        member_at(talk).trust(trusted)
    tell(_("From now on only rosters signed by %(key)s are believed.") % {"key": key})


@told_plainly
def identity_accept(
    roster: Annotated[str, typer.Argument(help=_("The roster's id, as the refusal names it."))],
    epoch: Annotated[int, typer.Argument(min=1, help=_("The epoch's number, as the refusal names it."))],
    talk: TalkOption = None,
) -> None:
    removals, statement = member_at(talk).accept(roster, epoch=epoch)
    values = {"epoch": epoch, "roster": roster, "live": statement.live}
    if removals is None:
        message = _("Accepted epoch %(epoch)d of %(roster)s: %(live)d are in it now.")
        tell(message % values)
        return
    message = _(
        "Accepted epoch %(epoch)d of %(roster)s: %(gone)d of %(before)d are gone, %(live)d are in it now."
    )
    tell(message % (values | {"gone": removals.gone, "before": removals.before}))


@told_plainly
def enrol(
    ticket: Annotated[str, typer.Argument(help=_("The ticket from the people site's page “Enrol”."))],
    talk: TalkOption = None,
) -> None:
    rosters = member_at(talk).enrol(ticket, randbelow=secrets.randbelow, ask_code=ask_code)
    tell(_("Enrolled. From the next epoch you can speak from: %(rosters)s") % {"rosters": ", ".join(rosters)})


@told_plainly
def post(
    title: Annotated[str, typer.Option("--title", help=_("At most 120 characters."))],
    section: Annotated[str, typer.Option("--section", help=_("The section, by its short name."))],
    body: BodyOption = None,
    speak_as: AsOption = None,
    within: WithinOption = 0,
    wait: WaitOption = True,
    floor: FloorOption = None,
    talk: TalkOption = None,
) -> None:
    member = member_at(talk)
    content = member.opening(section=section, title=title, body=_text(body), nonce=secrets.token_bytes(16))
    _speak(member, content, speak_as=speak_as, within=within, wait=wait, floor=floor)


@told_plainly
def reply(
    target: Annotated[
        str, typer.Argument(metavar="LINK-OR-ID", help=_("The thread, or the post to answer."))
    ],
    body: BodyOption = None,
    speak_as: AsOption = None,
    within: WithinOption = 0,
    wait: WaitOption = True,
    floor: FloorOption = None,
    talk: TalkOption = None,
) -> None:
    member = member_at(talk)
    content = member.reply(target, body=_text(body), nonce=secrets.token_bytes(16))
    # A thread of the past season is answered with the key of that season.
    speaking = member.of_season(content.season)
    _speak(speaking, content, speak_as=speak_as, within=within, wait=wait, floor=floor)


def _speak(
    member: "Member", content: Content, *, speak_as: str | None, within: int, wait: bool, floor: int | None
) -> None:
    from openmai.cli.member.member import alias_in

    speaker = speaker_of(member, floor)
    entry = speaker.prepare(content, wanted=speak_as, within=within * 3600)
    alias = alias_in(speaker.identity, content).shown(language(), with_suffix=False)
    tell(_("Posting as %(alias)s · %(roster)s") % {"alias": alias, "roster": entry.roster})
    tell(member.link(entry))
    if within:
        raise StillWaiting(_("Kept for later. “openmai outbox send --wait” sends it when its time has come."))
    delivered = speaker.deliver(entry)
    if delivered is not None and wait:
        watch(speaker, delivered)
    elif delivered is not None:
        raise StillWaiting(_("Accepted; it appears by %(due)s.") % {"due": delivered.due})
    tell(_("Published."))


def speaker_of(member: "Member", floor: int | None) -> "Speaker":
    return member.speaker(
        floor=floor, ask_code=ask_code, clock=unix_now, randbelow=secrets.randbelow, sleep=time.sleep
    )


def watch(speaker: "Speaker", entry: "Entry") -> None:
    patience = speaker.mirror.facts.tick_seconds * 3 + 60
    waiting = _("Accepted; it appears by %(due)s") % {"due": entry.due}
    with speaker.mirror.progress.until(waiting, seconds=speaker.mirror.facts.tick_seconds) as report:
        speaker.watch(entry, patience=patience, report=report)


def _text(body: str | None) -> str:
    if body is not None:
        return body
    if sys.stdin.isatty():
        Progress().advise(_("Type the text; end with Ctrl-D."))
    try:
        return sys.stdin.buffer.read(MAX_BODY + 1).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Usage(_("The text is not UTF-8, or longer than any post may be.")) from error


def ask_code() -> str:
    from openmai.cli.member.identity import code_from_environment

    if (code := code_from_environment()) is not None:
        return code
    if not sys.stdin.isatty():
        raise Usage(_("Name the recovery code in OPENMAI_IDENTITY_KEY."))
    return str(typer.prompt(_("Recovery code"), hide_input=True, err=True))


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Usage(
            _("%(path)s cannot be read: %(reason)s.") % {"path": path, "reason": error.strerror}
        ) from error
