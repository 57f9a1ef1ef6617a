"""The audit of rosters, what each leaf stands on checked again; and who looks at documents."""

from typing import TYPE_CHECKING, Annotated

import typer

from openmai.cli.operator import FAILED, EnvFile, told_plainly
from openmai.cli.people_process import become_people, refusals_told
from openmai.platform.clock import utc_now

if TYPE_CHECKING:
    from openmai.people.audit import RosterAudit


Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The member's personal address.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    audit = typer.Typer(no_args_is_help=True, help="Check rosters again from their evidence.")
    audit.callback()(_audit)
    audit.command("roster")(audit_roster)
    app.add_typer(audit, name="audit")
    reviewer = typer.Typer(no_args_is_help=True, help="Members who look at documents.")
    reviewer.command("add")(reviewer_add)
    reviewer.command("remove")(reviewer_remove)
    reviewer.command("list")(reviewer_list)
    app.add_typer(reviewer, name="reviewer")


def _audit() -> None:
    """Check rosters again from their evidence."""


@told_plainly
def audit_roster(
    company: Annotated[str, typer.Argument(metavar="COMPANY", help="The company's short name.")],
    season: Annotated[str, typer.Option(help="The season, such as s230; the current one if not given.")] = "",
    env_file: EnvFile = None,
) -> None:
    """Check the evidence of every live leaf of a company again; end with 1 if any leaf stands on none."""
    become_people(env_file)
    from openmai.companies.queries import company_by_slug
    from openmai.people.audit import audit_company
    from openmai.people.queries.membership import current_season

    card = company_by_slug(company)
    if card is None:
        typer.echo(f"No company here has the short name {company}.", err=True)
        raise typer.Exit(FAILED)
    audits = audit_company(card, season=season or current_season(utc_now()))
    if not audits:
        typer.echo("There is no roster of this company in that season.")
    for each in audits:
        _tell(each)
    if any(each.findings for each in audits):
        raise typer.Exit(FAILED)


def _tell(found: "RosterAudit") -> None:
    """One roster: what its leaves stand on, whose keys signed, and each leaf that stands on nothing."""
    classes = ", ".join(f"{count} {kind}" for kind, count in sorted(found.classes.items())) or "none"
    typer.echo(f"{found.roster}, epoch {found.epoch}: {found.live} live leaves; evidence holds for {classes}")
    for (kind, key, name), count in sorted(found.issuers.items()):
        if key:
            typer.echo(f"  {kind} key {key}{f' of {name}' if name else ''}: {count}")
    for finding in found.findings:
        place = "the roster" if finding.index is None else f"leaf {finding.index}"
        name = f" {int.from_bytes(finding.commitment, 'big')}" if finding.commitment else ""
        typer.echo(f"  {place}{name}: {finding.words}")


@told_plainly
def reviewer_add(member: Email, env_file: EnvFile = None) -> None:
    """Let a member look at the documents by which others prove where they work."""
    become_people(env_file)
    from openmai.people.actions.reviewers import name_reviewer

    with refusals_told():
        name_reviewer(email=member, on=utc_now().date())
    typer.echo(f"{member} is a reviewer.")


@told_plainly
def reviewer_remove(member: Email, env_file: EnvFile = None) -> None:
    """From now on the member looks at no documents."""
    become_people(env_file)
    from openmai.people.actions.reviewers import dismiss_reviewer

    with refusals_told():
        dismiss_reviewer(email=member, on=utc_now().date())
    typer.echo(f"{member} is no reviewer any more.")


@told_plainly
def reviewer_list(env_file: EnvFile = None) -> None:
    """List the reviewers, one a line: personal address, since when."""
    become_people(env_file)
    from openmai.people.queries.badges import reviewers

    for email, since in reviewers():
        typer.echo(f"{email}\t{since}")
