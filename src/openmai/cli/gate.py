"""What the operator does at the gate: its keys, made once, and the bans."""

import re
import secrets
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from openmai.cli.operator import EnvFile, as_talk, read_env_files, refusals_told, told_plainly
from openmai.platform.clock import iso_seconds, utc_now
from openmai.platform.config import load_talk

_DIGEST: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_SPAN: Final = re.compile(r"([1-9][0-9]{0,3})([hdw])")
_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

Circuit = Annotated[Path, typer.Option("--circuit", help="The compiled circuit that `make build` wrote.")]
Snarkjs = Annotated[Path, typer.Option("--snarkjs", help="snarkjs' command, which `make setup` installed.")]
BUILT: Final = Path("build/gate/gate.r1cs")
INSTALLED: Final = Path("node_modules/snarkjs/build/cli.cjs")
PostOrLink = Annotated[str, typer.Argument(metavar="POST", help="The post's id, or a link to it.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    gate = typer.Typer(no_args_is_help=True, help="The gate's keys.")
    gate.command("setup")(gate_setup)
    gate.command("verify")(gate_verify)
    ban = typer.Typer(no_args_is_help=True, help="Bans; they name posts, never members.")
    ban.command("add")(ban_add)
    ban.command("lift")(ban_lift)
    ban.command("list")(ban_list)
    app.add_typer(gate, name="gate")
    app.add_typer(ban, name="ban")


@told_plainly
def gate_setup(circuit: Circuit = BUILT, snarkjs: Snarkjs = INSTALLED, env_file: EnvFile = None) -> None:
    """Make the gate's keys in OPENMAI_GATE_DIR, once for the site's whole life. Takes about a minute."""
    from openmai.talk.gate_setup import setup_gate

    read_env_files(env_file)
    folder = load_talk().gate_dir
    with refusals_told():
        files = setup_gate(
            folder, circuit=circuit, snarkjs=snarkjs, randbelow=secrets.randbelow, say=typer.echo
        )
    typer.echo(f"The gate's keys are in {folder}.")
    typer.echo(f"  proving key  SHA-256 {files.served.sha256}, {files.served.bytes} bytes")


@told_plainly
def gate_verify(circuit: Circuit = BUILT, snarkjs: Snarkjs = INSTALLED, env_file: EnvFile = None) -> None:
    """Check with snarkjs that the gate's keys are those of the circuit."""
    from openmai.talk.gate_setup import verify_gate_setup

    read_env_files(env_file)
    with refusals_told():
        files = verify_gate_setup(load_talk().gate_dir, circuit=circuit, snarkjs=snarkjs)
    typer.echo(f"snarkjs: ZKey Ok! The proving key has SHA-256 {files.served.sha256}.")


@told_plainly
def ban_add(
    post: PostOrLink,
    reason: Annotated[str, typer.Option(help="A code; the answer to a wrong one names those there are.")],
    until: Annotated[str, typer.Option(help="A day (2026-03-31), or a span: 12h, 30d, 2w.")],
    env_file: EnvFile = None,
) -> None:
    """Ban the persona that wrote a post. From the next tick on, its member can open no new one."""
    with as_talk(env_file):
        from openmai.talk.actions import add_ban
        from openmai.talk.rules import rules

        now = utc_now()
        ends = add_ban(post=_post(post), reason=reason, until=_until(until, now), rules=rules(), now=now)
    typer.echo(f"Banned from the next tick until {iso_seconds(ends)}.")


@told_plainly
def ban_lift(post: PostOrLink, env_file: EnvFile = None) -> None:
    """End the ban of the persona that wrote a post, with the next tick."""
    with as_talk(env_file):
        from openmai.talk.actions import lift_ban

        lift_ban(post=_post(post))
    typer.echo("The ban ends with the next tick.")


@told_plainly
def ban_list(env_file: EnvFile = None) -> None:
    """List every ban, one a line: state, end, reason, the persona's first post."""
    with as_talk(env_file):
        from openmai.talk.queries.bans import listed_bans

        bans = list(listed_bans())
        for ban in bans:
            post = "" if ban.post is None else ban.post.hex()
            typer.echo("\t".join([ban.state, iso_seconds(ban.until), ban.reason, post]))
        if not bans:
            typer.echo("Nobody is banned.", err=True)


def _post(text: str) -> bytes:
    """The last id in a link, or the id itself."""
    found = _DIGEST.findall(text)
    if not found:
        raise typer.BadParameter(f"{text} is neither a link nor the id of a post.")
    return bytes.fromhex(found[-1])


def _until(text: str, now: datetime) -> datetime:
    """The end of a day in UTC, or now and a span."""
    if span := _SPAN.fullmatch(text):
        return now + int(span[1]) * _UNITS[span[2]]
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is neither a day nor a span.") from None
    return datetime.combine(day, time.min, UTC) + timedelta(days=1)
