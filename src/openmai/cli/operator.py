"""What an operator runs: the demo, the sites, their workers, migrations, roster publishing, and a check.

Exit codes: 0 all is well, 1 it failed or a check did not pass, 2 a setting or an option is wrong.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from openmai.platform.config import (
    ConfigError,
    Listen,
    SiteConfig,
    TalkConfig,
    load_people,
    load_talk,
)
from openmai.platform.config_values import listen as parse_listen

FAILED: Final = 1
WRONG_SETTING: Final = 2
# Each thread keeps a database connection, so idle threads live for ten minutes, the longest there is.
# Talk's bound the proofs that are verified together (openmai.talk.verifying): the more, the less each costs.
THREADS: Final = {"people": 8, "talk": 16}


class Site(StrEnum):
    """A site of its own process, settings and database."""

    people = "people"
    talk = "talk"


SiteOption = Annotated[Site, typer.Option(help="Which site.")]
EnvFile = Annotated[
    list[Path] | None,
    typer.Option("--env-file", help="File with NAME=value lines to read settings from; may be repeated."),
]
Address = Annotated[str, typer.Option("--listen", help="host:port to listen on.")]


def register(app: typer.Typer) -> None:
    """Add the operator's commands to the application."""
    serve = typer.Typer(no_args_is_help=True, help="Run a site, or the worker of a site.")
    serve.command("people")(serve_people)
    serve.command("talk")(serve_talk)
    serve.command("worker")(serve_worker)
    app.command("demo")(demo)
    app.add_typer(serve, name="serve")
    app.command("migrate")(migrate)
    app.command("doctor")(doctor)


def told_plainly(command: Callable[..., None]) -> Callable[..., None]:
    """A wrong setting ends the command with its sentences and code 2, not with a traceback."""

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except ConfigError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(WRONG_SETTING) from None

    return guarded


def read_env_files(paths: list[Path] | None) -> None:
    """Settings of the files join the environment, which wins."""
    for path in paths or []:
        for line in path.read_text(encoding="utf-8").splitlines():
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                os.environ.setdefault(name, value)


def configure(site: Site) -> SiteConfig:
    """Read the site's settings, and let Django find them."""
    config = load_people() if site is Site.people else load_talk()
    os.environ["DJANGO_SETTINGS_MODULE"] = f"openmai.sites.{site.value}.settings"
    return config


@contextmanager
def as_talk(env_file: EnvFile) -> Iterator[None]:
    """Become a process of the talk site; a refusal ends the command with its sentence and code 1."""
    read_env_files(env_file)
    configure(Site.talk)
    import django

    django.setup()
    with refusals_told():
        yield


@contextmanager
def refusals_told() -> Iterator[None]:
    from openmai.anonymity.artifacts import WrongArtifact
    from openmai.talk.errors import TalkError

    try:
        yield
    except (TalkError, WrongArtifact, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from None


@told_plainly
def demo(
    data_dir: Annotated[Path, typer.Option(help="The demo's own folder.")] = Path("data/demo"),
    static_dir: Annotated[Path, typer.Option(help="What `make build` wrote.")] = Path("build/static"),
    fresh: Annotated[bool, typer.Option(help="Throw the demo's data away first.")] = False,
    small: Annotated[bool, typer.Option(help="Begin with two companies and no threads.")] = False,
) -> None:
    """Run both sites with an invented community on this machine, until Ctrl-C."""
    from openmai.demo.ports import NoFreePort
    from openmai.demo.run import Demo, DemoError
    from openmai.demo.seeding import SeedFailed
    from openmai.demo.terminal import teller
    from openmai.platform.postgres import ClusterError
    from openmai.platform.processes import NoUnprivilegedUser
    from openmai.platform.supervisor import ServiceFailed

    try:
        Demo(root=data_dir, static_dir=static_dir, say=teller(sys.stdout)).run(fresh=fresh, small=small)
    except (DemoError, NoFreePort, SeedFailed, ClusterError, NoUnprivilegedUser, ServiceFailed) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from None


@told_plainly
def serve_people(listen: Address = "127.0.0.1:8000", env_file: EnvFile = None) -> None:
    """Serve the real-name site."""
    read_env_files(env_file)
    _serve(Site.people, parse_listen(listen))


@told_plainly
def serve_talk(listen: Address = "127.0.0.1:8001", env_file: EnvFile = None) -> None:
    """Serve the anonymous site. One process, because it holds what waits for the next tick."""
    read_env_files(env_file)
    _serve(Site.talk, parse_listen(listen))


def _serve(site: Site, address: Listen) -> None:
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    from openmai.platform.logging import hide_uncaught_messages

    hide_uncaught_messages()
    config = configure(site)
    if not (config.static_dir / "manifest.json").is_file():
        words = f"OPENMAI_STATIC_DIR ({config.static_dir}) holds no front end: run `make build`."
        raise ConfigError({"OPENMAI_STATIC_DIR": words})
    if isinstance(config, TalkConfig):
        _require_gate(config)
    Server(
        f"openmai.sites.{site.value}.wsgi:application",
        address=address.host,
        port=address.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS[site.value],
        blocking_threads_idle_timeout=600,
        # Counts open connections, not running requests: a browser alone keeps six of them.
        backpressure=1024,
        websockets=False,
        log_level=LogLevels.error,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=3,
    ).serve()


def _require_gate(config: TalkConfig) -> None:
    """Nobody could speak without the gate's keys, and nobody else can make them."""
    from openmai.talk.gate_files import GateMissing, gate_files

    try:
        gate_files(config.gate_dir)
    except GateMissing as error:
        raise ConfigError({"OPENMAI_GATE_DIR": str(error)}) from None


@told_plainly
def serve_worker(site: SiteOption, env_file: EnvFile = None) -> None:
    """Run a site's worker: mail and roster publishing (people), or fetching rosters (talk)."""
    from openmai.platform.logging import hide_uncaught_messages

    hide_uncaught_messages()
    read_env_files(env_file)
    configure(site)
    if site is Site.people:
        from openmai.people import worker as people_worker

        people_worker.run(load_people())
    else:
        from openmai.talk import worker as talk_worker

        talk_worker.run(load_talk())


@told_plainly
def migrate(site: SiteOption, env_file: EnvFile = None) -> None:
    """Bring a site's database to the form that this release needs."""
    read_env_files(env_file)
    configure(site)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=1)


@told_plainly
def doctor(
    env_file: EnvFile = None,
    demo: Annotated[bool, typer.Option(help="Check the running demo of this folder.")] = False,
    demo_dir: Annotated[Path, typer.Option(help="The demo's folder, with --demo.")] = Path("data/demo"),
) -> None:
    """Check databases, keys, front end, mail, clock and rosters of the sites whose settings are given."""
    from openmai.cli.doctor import examine

    files = list(env_file or [])
    if demo:
        files += [demo_dir / "people.env", demo_dir / "talk.env"]
    read_env_files(files)
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("", "check", "finding"):
        table.add_column(heading, overflow="fold")
    findings = examine(os.environ)
    for finding in findings:
        table.add_row("ok" if finding.good else "[bold red]no[/]", finding.check, finding.words)
    Console(soft_wrap=not sys.stdout.isatty()).print(table)
    if not all(finding.good for finding in findings):
        raise typer.Exit(FAILED)


app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
register(app)
if __name__ == "__main__":
    # The demo calls this module, and the gate's commands with it.
    from openmai.cli import gate

    gate.register(app)

if __name__ == "__main__":
    app()
