"""`openmai outbox`: what was said here and not yet seen published."""

import json
from typing import Annotated, Any

import typer

from openmai.cli.member.commands import member_at, speaker_of, told_plainly, unix_now, watch
from openmai.cli.member.errors import StillWaiting
from openmai.cli.member.options import FloorOption, TalkOption
from openmai.cli.member.show import Progress, tell
from openmai.cli.member.words import gettext as _


def outbox() -> typer.Typer:
    """The commands of `openmai outbox`."""
    commands = typer.Typer(
        help=_("What was said here and not yet seen published."), invoke_without_command=True
    )
    commands.callback()(outbox_default)
    commands.command("list", help=_("List the outbox."))(outbox_list)
    commands.command("send", help=_("Send what is due, and see whether it was published."))(outbox_send)
    commands.command("drop", help=_("Forget a post of the outbox."))(outbox_drop)
    return commands


@told_plainly
def outbox_default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        outbox_list()


@told_plainly
def outbox_list(
    as_json: Annotated[bool, typer.Option("--json", help=_("Print the result as JSON."))] = False,
) -> None:
    from openmai.cli.member.member import outbox_entries

    found = outbox_entries(now=unix_now(), progress=Progress())
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    if not found:
        tell(_("The outbox is empty."))
    for each in found:
        tell(f"{each['action'][:12]}  {_state_in_words(each)}  {each['roster']}")
        tell(f"    {each['text']}")


def _state_in_words(entry: dict[str, Any]) -> str:
    """Programs read the word itself, with --json."""
    if entry["refused"]:
        return _("refused by the site (%(code)s)") % {"code": entry["refused"]}
    words = {
        "new": _("not sent yet"),
        "later": _("kept for later"),
        "waiting": _("accepted, not seen published yet"),
    }
    return words[entry["state"]]


@told_plainly
def outbox_send(
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help=_("Wait until everything is seen published."))
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help=_("Also what is kept for a later time."))] = False,
    floor: FloorOption = None,
    talk: TalkOption = None,
) -> None:
    left = 0
    for member in member_at(talk).open_seasons:
        if any(member.outbox.entries()):
            left += member.send_outbox(
                speaker_of(member, floor), everything=everything, wait=wait, watch=watch
            )
    if left:
        raise StillWaiting(_("%(count)d posts stay in the outbox.") % {"count": left})
    tell(_("The outbox is empty."))


@told_plainly
def outbox_drop(
    action: Annotated[str, typer.Argument(help=_("The beginning of the post's id."))], talk: TalkOption = None
) -> None:
    dropped = member_at(talk).drop(action)
    tell(_("Forgotten: %(action)s. If it was sent already, it may still appear.") % {"action": dropped.hex()})
