"""`openmai backup` and `openmai restore`, and what `openmai doctor` says of backups."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from openmai.cli.findings import Finding
from openmai.cli.operator import FAILED, EnvFile, Site, SiteOption, configure, read_env_files, told_plainly
from openmai.platform.backup import KEEP, BackupError, backup, delete_old, kept, restore
from openmai.platform.clock import utc_now
from openmai.platform.config import ConfigError, PeopleConfig, TalkConfig, load_people, load_talk

_FRESH: Final = timedelta(days=2)
# Talk's rate nullifiers live for 48 hours, and must not live longer in a backup.
TALK_LEFT_OUT: Final = ("talk_ratenullifier",)

Identity = Annotated[Path, typer.Option("--identity", help="File with age's secret key (AGE-SECRET-KEY-1…).")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("backup")(make)
    app.command("restore")(bring_back)


@told_plainly
def make(site: SiteOption, env_file: EnvFile = None) -> None:
    """Write today's encrypted backup of a site's database, and delete those of thirty days ago."""
    read_env_files(env_file)
    config = _configured(site)
    folder, recipient = config.backup_dir, config.backup_recipient
    if folder is None or recipient is None:
        name = f"OPENMAI_{site.value.upper()}_BACKUP_DIR"
        raise ConfigError({name: f"{name} and OPENMAI_{site.value.upper()}_BACKUP_RECIPIENT are needed."})
    today = utc_now().date()
    try:
        path = backup(
            url=config.database_url.get_secret_value(),
            site=site.value,
            folder=folder,
            recipient=recipient,
            leave_out=_left_out(site),
            today=today,
        )
    except BackupError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from None
    gone = delete_old(folder, site.value, today=today)
    typer.echo(f"{path.name}: {path.stat().st_size} bytes; {len(gone)} old ones deleted")


@told_plainly
def bring_back(
    site: SiteOption,
    file: Annotated[Path, typer.Argument(help="The backup.")],
    identity: Identity,
    env_file: EnvFile = None,
) -> None:
    """Fill a site's empty database from a backup."""
    read_env_files(env_file)
    config = _configured(site)
    lines = [line.strip() for line in identity.read_text(encoding="utf-8").splitlines()]
    key = next((line for line in lines if line.startswith("AGE-SECRET-KEY-1")), "")
    try:
        restore(url=config.database_url.get_secret_value(), path=file, identity=key)
    except BackupError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from None
    typer.echo(f"restored {file.name}; run `openmai migrate --site {site.value}` next")


def _configured(site: Site) -> PeopleConfig | TalkConfig:
    configure(site)
    return load_people() if site is Site.people else load_talk()


def _left_out(site: Site) -> tuple[str, ...]:
    if site is Site.talk:
        return TALK_LEFT_OUT
    import django

    django.setup()
    from openmai.people.actions import SHORT_LIVED

    return SHORT_LIVED


def check_backups(people: PeopleConfig | None, talk: TalkConfig | None, *, today: date) -> Iterator[Finding]:
    """None older than thirty days, one of yesterday at least, and the two sites' not in one place."""
    places = {
        site: config.backup_dir for site, config in (("people", people), ("talk", talk)) if config is not None
    }
    for site, folder in places.items():
        yield _backups_of(site, folder, today)
    given = [folder.resolve() for folder in places.values() if folder is not None]
    if len(given) == 2:
        apart = given[0] != given[1]
        words = "in two folders" if apart else "both sites' backups lie in one folder; keep them apart"
        yield Finding("backups apart", apart, words)


def _backups_of(site: str, folder: Path | None, today: date) -> Finding:
    check = f"backups of {site}"
    if folder is None:
        words = "Openmai makes none here; whatever does must delete each after 30 days at most"
        return Finding(check, True, words)
    days = list(kept(folder, site))
    if not days:
        return Finding(check, False, f"there is none in {folder}: openmai backup --site {site}")
    wrong = []
    if today - days[0] >= KEEP:
        wrong.append(f"the oldest is of {days[0]}, 30 days ago or more: openmai backup deletes it")
    if today - days[-1] >= _FRESH:
        wrong.append(f"the newest is of {days[-1]}: does the timer run?")
    if folder.stat().st_mode & 0o077:
        wrong.append(f"others may enter {folder}: chmod 700")
    words = f"{len(days)}, of {days[0]} to {days[-1]}, all younger than 30 days"
    return Finding(check, not wrong, "; ".join(wrong) or words)
