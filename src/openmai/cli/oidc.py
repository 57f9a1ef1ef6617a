"""`openmai company oidc`: which identity provider speaks for a company."""

from pathlib import Path
from typing import Annotated

import typer

from openmai.cli.operator import FAILED, EnvFile, told_plainly
from openmai.cli.people_process import become_people, refusals_told
from openmai.platform.clock import utc_now

CompanySlug = Annotated[str, typer.Argument(metavar="COMPANY", help="The company's short name.")]


def oidc_commands() -> typer.Typer:
    """The group `oidc`."""
    group = typer.Typer(no_args_is_help=True, help="The log-in at an employer (OpenID Connect).")
    group.command("set")(oidc_set)
    group.command("remove")(oidc_remove)
    group.command("list")(oidc_list)
    return group


@told_plainly
def oidc_set(
    company: CompanySlug,
    issuer: Annotated[str, typer.Option(help="The issuer, exactly as its tokens name it.")],
    client_id: Annotated[str, typer.Option(help="The client id that the employer gave to this site.")],
    secret_file: Annotated[
        Path | None, typer.Option(help="A file with the client's secret; none for a public client.")
    ] = None,
    tenant: Annotated[
        str, typer.Option(help="hd=DOMAIN for Google, tid=ID for Microsoft; only these accounts count.")
    ] = "",
    env_file: EnvFile = None,
) -> None:
    """Let a company's employees prove their employment by logging in there."""
    become_people(env_file)
    from openmai.people.actions.login_provider import set_login_provider
    from openmai.people.conf import outward
    from openmai.people.login_flow import redirect_uri

    claim, _equals, value = tenant.partition("=")
    with refusals_told():
        set_login_provider(
            company_slug=company,
            issuer=issuer,
            client_id=client_id,
            secret=_read(secret_file),
            tenant_claim=claim,
            tenant=value,
            on=utc_now().date(),
            outward=outward(),
        )
    typer.echo(f"{company} has the log-in {issuer}. Register there as redirect URI: {redirect_uri()}")


def _read(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"{path} could not be read: {type(error).__name__}", err=True)
        raise typer.Exit(FAILED) from None


@told_plainly
def oidc_remove(company: CompanySlug, env_file: EnvFile = None) -> None:
    """Take a company's log-in away. What it proved stays until it runs out."""
    become_people(env_file)
    from openmai.people.actions.login_provider import retire_login_provider

    with refusals_told():
        retire_login_provider(company_slug=company, on=utc_now().date())
    typer.echo(f"{company} has no log-in any more.")


@told_plainly
def oidc_list(env_file: EnvFile = None) -> None:
    """List the companies with a log-in, one a line: short name, issuer, client id, tenant."""
    become_people(env_file)
    from openmai.people.queries.logins import login_providers

    for company, provider in login_providers():
        tenant = f"{provider.tenant_claim}={provider.tenant}" if provider.tenant else ""
        typer.echo("\t".join([company.slug, provider.issuer, provider.client_id, tenant]))
