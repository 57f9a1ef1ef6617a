"""What the operator keeps on the people site: companies, employments, rosters."""

from typing import Annotated

import typer

from openmai.cli.oidc import oidc_commands
from openmai.cli.operator import EnvFile, told_plainly
from openmai.cli.people_process import become_people, refusals_told
from openmai.platform.clock import utc_now

CompanySlug = Annotated[str, typer.Argument(metavar="COMPANY", help="The company's short name.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    company = typer.Typer(no_args_is_help=True, help="Companies and their mail domains.")
    company.command("add")(company_add)
    company.command("domain")(company_domain)
    company.command("list")(company_list)
    company.add_typer(oidc_commands(), name="oidc")
    employment = typer.Typer(no_args_is_help=True, help="Employments.")
    employment.command("end")(employment_end)
    roster = typer.Typer(no_args_is_help=True, help="Rosters.")
    roster.command("publish")(roster_publish)
    app.add_typer(company, name="company")
    app.add_typer(employment, name="employment")
    app.add_typer(roster, name="roster")


@told_plainly
def company_add(
    company: CompanySlug,
    name_en: Annotated[str, typer.Option(help="The English name.")],
    name_zh: Annotated[str, typer.Option(help="The Chinese name.")],
    trade: Annotated[str, typer.Option(help="The trade; the answer to a wrong one names those there are.")],
    domain: Annotated[list[str], typer.Option(help="A domain of its work addresses; may be repeated.")],
    env_file: EnvFile = None,
) -> None:
    """Register a company, so that its employees can verify themselves."""
    become_people(env_file)
    from openmai.companies.actions import register_company

    with refusals_told():
        register_company(
            slug=company,
            name_en=name_en,
            name_zh=name_zh,
            trade=trade,
            domains=domain,
            on=utc_now().date(),
        )
    typer.echo(f"{company} is registered.")


@told_plainly
def company_domain(
    company: CompanySlug,
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="Another domain of its work addresses.")],
    env_file: EnvFile = None,
) -> None:
    """Give a company one more mail domain."""
    become_people(env_file)
    from openmai.companies.actions import add_domain

    with refusals_told():
        added = add_domain(slug=company, domain=domain)
    typer.echo(f"{company} has the domain {added}.")


@told_plainly
def company_list(env_file: EnvFile = None) -> None:
    """List the companies with their mail domains, one a line."""
    become_people(env_file)
    from openmai.companies.queries import companies_with_domains

    for company, domains in companies_with_domains():
        typer.echo("\t".join([company.slug, company.trade, company.name_en, company.name_zh, *domains]))


@told_plainly
def employment_end(
    member: Annotated[str, typer.Argument(metavar="EMAIL", help="The member's personal address.")],
    company: CompanySlug,
    env_file: EnvFile = None,
) -> None:
    """End an employment that is over: its label goes with the next epoch, and the member is told by mail."""
    become_people(env_file)
    from openmai.people import actions, queries

    with refusals_told():
        employment = queries.active_employment(email=member, company=company)
        actions.end_employment(employment_id=employment, by="operator", now=utc_now())
    typer.echo("The employment has ended. Its label goes with the next epoch.")


@told_plainly
def roster_publish(env_file: EnvFile = None) -> None:
    """Publish the epochs that are due now; the people worker does so by itself."""
    become_people(env_file)
    from openmai.people.actions.rosters import publish_rosters

    published = publish_rosters(now=utc_now())
    typer.echo(f"{len(published.rosters)} new epochs; the index has serial {published.serial}.")
