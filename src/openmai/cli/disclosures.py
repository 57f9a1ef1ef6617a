"""How many requests for data the operator answered: said here, and then by the public log."""

from typing import Annotated

import typer

from openmai.cli.operator import EnvFile, as_talk, told_plainly
from openmai.platform.clock import utc_now


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("disclosures")(disclosures)


@told_plainly
def disclosures(
    count: Annotated[
        int | None, typer.Argument(metavar="COUNT", min=0, help="So many, all of this season; 0 is a number.")
    ] = None,
    env_file: EnvFile = None,
) -> None:
    """Say how many requests for data were answered so far this season; without COUNT, show what was said."""
    with as_talk(env_file):
        from openmai.talk.actions import count_requests
        from openmai.talk.queries.disclosures import answered_requests, logged_requests
        from openmai.talk.rules import rules

        now = utc_now()
        season = rules().domain(now).season
        if count is not None:
            count_requests(count, rules=rules(), now=now)
        said, logged = answered_requests(season), logged_requests(season)
    if said is None:
        typer.echo(f"Nothing was said of season {season}.")
    elif said == logged:
        typer.echo(f"The public log says that {said} were answered in season {season}.")
    else:
        typer.echo(f"With the next tick the public log says that {said} were answered in season {season}.")
