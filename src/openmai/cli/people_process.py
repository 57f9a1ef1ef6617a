"""What the operator's commands on the people site have in common."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from openmai.cli.operator import FAILED, EnvFile, Site, configure, read_env_files


@contextmanager
def refusals_told() -> Iterator[None]:
    """A refusal ends the command with its sentence and code 1."""
    from openmai.companies.domains import CompanyError
    from openmai.people.errors import Refused

    try:
        yield
    except (CompanyError, Refused) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from None


def become_people(env_file: EnvFile) -> None:
    """Become a process of the people site."""
    read_env_files(env_file)
    configure(Site.people)
    import django

    django.setup()
