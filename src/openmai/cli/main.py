"""The `openmai` command. Only wiring: each command's module is loaded when it is called.

So `openmai verify` loads neither Django nor the demo, and runs where no site is installed.
"""

from functools import cache
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

# Command → the module whose `register(app)` adds it. In the order of `openmai --help`.
COMMANDS: Final = {
    "verify": "openmai.cli.member.commands",
    "identity": "openmai.cli.member.commands",
    "enrol": "openmai.cli.member.commands",
    "post": "openmai.cli.member.commands",
    "reply": "openmai.cli.member.commands",
    "outbox": "openmai.cli.member.commands",
    "log": "openmai.cli.log.commands",
    "demo": "openmai.cli.operator",
    "serve": "openmai.cli.operator",
    "migrate": "openmai.cli.operator",
    "company": "openmai.cli.registry",
    "employment": "openmai.cli.registry",
    "roster": "openmai.cli.registry",
    "audit": "openmai.cli.evidence",
    "reviewer": "openmai.cli.evidence",
    "gate": "openmai.cli.gate",
    "ban": "openmai.cli.gate",
    "disclosures": "openmai.cli.disclosures",
    "doctor": "openmai.cli.operator",
    "backup": "openmai.cli.backups",
    "restore": "openmai.cli.backups",
}


class LazyCommands(TyperGroup):
    """Finds each command in the module that `COMMANDS` names."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        module = COMMANDS.get(cmd_name)
        return _group(module).get_command(ctx, cmd_name) if module else None


@cache
def _group(module: str) -> TyperGroup:
    """The commands of one module."""
    registered = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    import_module(module).register(registered)
    return typer.main.get_group(registered)


app = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Openmai: speak anonymously as a verified employee, check what others said, run a site.\n\n"
    "Exit codes: 0 done, 1 refused or a claim failed, 2 wrong usage, 3 no site reached, "
    "4 trouble with your key, 5 kept in the outbox.",
)


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(installed("openmai"))
        raise typer.Exit
