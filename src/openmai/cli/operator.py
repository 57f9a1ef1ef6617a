"""What an operator runs: the demo, the sites, their workers, migrations, roster publishing, and a check.

Exit codes: 0 all is well, 1 it failed or a check did not pass, 2 a setting or an option is wrong.
"""

import os
import sys
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from openmai.platform.clock import utc_now
from openmai.platform.config import ConfigError, Listen, SiteConfig, load_people, load_talk
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
    employment = typer.Typer(no_args_is_help=True, help="Employments.")
    employment.command("end")(employment_end)
    roster = typer.Typer(no_args_is_help=True, help="Rosters.")
    roster.command("publish")(roster_publish)
    app.command("demo")(demo)
    app.add_typer(serve, name="serve")
    app.command("migrate")(migrate)
    app.add_typer(roster, name="roster")
    app.add_typer(employment, name="employment")
    app.command("doctor")(doctor)


def _told_plainly(command: Callable[..., None]) -> Callable[..., None]:
    """A wrong setting ends the command with its sentences and code 2, not with a traceback."""

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except ConfigError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(WRONG_SETTING) from None

    return guarded


def _read_env_files(paths: list[Path] | None) -> None:
    """Settings of the files join the environment, which wins."""
    for path in paths or []:
        for line in path.read_text(encoding="utf-8").splitlines():
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                os.environ.setdefault(name, value)


def _config(site: Site) -> SiteConfig:
    config = load_people() if site is Site.people else load_talk()
    os.environ["DJANGO_SETTINGS_MODULE"] = f"openmai.sites.{site.value}.settings"
    return config


@_told_plainly
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
    from openmai.platform.postgres import ClusterError
    from openmai.platform.processes import NoUnprivilegedUser
    from openmai.platform.supervisor import ServiceFailed

    def say(text: str) -> None:
        print(text, flush=True)

    try:
        Demo(root=data_dir, static_dir=static_dir, say=say).run(fresh=fresh, small=small)
    except (DemoError, NoFreePort, SeedFailed, ClusterError, NoUnprivilegedUser, ServiceFailed) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from None


@_told_plainly
def serve_people(listen: Address = "127.0.0.1:8000", env_file: EnvFile = None) -> None:
    """Serve the real-name site."""
    _read_env_files(env_file)
    _serve(Site.people, parse_listen(listen))


@_told_plainly
def serve_talk(listen: Address = "127.0.0.1:8001", env_file: EnvFile = None) -> None:
    """Serve the anonymous site. One process, because it holds what waits for the next tick."""
    _read_env_files(env_file)
    _serve(Site.talk, parse_listen(listen))


def _serve(site: Site, address: Listen) -> None:
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    from openmai.platform.logging import hide_uncaught_messages

    hide_uncaught_messages()
    config = _config(site)
    if not (config.static_dir / "manifest.json").is_file():
        words = f"OPENMAI_STATIC_DIR ({config.static_dir}) holds no front end: run `make build`."
        raise ConfigError({"OPENMAI_STATIC_DIR": words})
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


@_told_plainly
def serve_worker(site: SiteOption, env_file: EnvFile = None) -> None:
    """Run a site's worker: mail and roster publishing (people), or fetching rosters (talk)."""
    from openmai.platform.logging import hide_uncaught_messages

    hide_uncaught_messages()
    _read_env_files(env_file)
    _config(site)
    if site is Site.people:
        from openmai.people import worker as people_worker

        people_worker.run(load_people())
    else:
        from openmai.talk import worker as talk_worker

        talk_worker.run(load_talk())


@_told_plainly
def migrate(site: SiteOption, env_file: EnvFile = None) -> None:
    """Bring a site's database to the form that this release needs."""
    _read_env_files(env_file)
    _config(site)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=1)


@_told_plainly
def roster_publish(env_file: EnvFile = None) -> None:
    """Publish the epochs that are due now; the people worker does so by itself."""
    _read_env_files(env_file)
    _config(Site.people)
    import django

    django.setup()
    from openmai.people.actions.rosters import publish_rosters

    published = publish_rosters(now=utc_now())
    typer.echo(f"{len(published.rosters)} new epochs; the index has serial {published.serial}.")


@_told_plainly
def employment_end(
    member: Annotated[str, typer.Argument(metavar="EMAIL", help="The member's personal address.")],
    company: Annotated[str, typer.Argument(metavar="COMPANY", help="The company's short name.")],
    env_file: EnvFile = None,
) -> None:
    """End an employment that is over: its label goes with the next epoch, and the member is told by mail."""
    _read_env_files(env_file)
    _config(Site.people)
    import django

    django.setup()
    from openmai.people import actions, queries
    from openmai.people.errors import Refused

    try:
        employment = queries.active_employment(email=member, company=company)
        actions.end_employment(employment_id=employment, by="operator", now=utc_now())
    except Refused as error:
        typer.echo(str(error.reason), err=True)
        raise typer.Exit(FAILED) from None
    typer.echo("The employment has ended. Its label goes with the next epoch.")


@_told_plainly
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
    _read_env_files(files)
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
    app()
