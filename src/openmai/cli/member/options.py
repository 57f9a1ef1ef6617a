"""Options that several of the member's commands share."""

from pathlib import Path
from typing import Annotated

import typer

from openmai.cli.member.words import gettext as _

TalkOption = Annotated[
    str | None,
    typer.Option(
        "--talk",
        envvar="OPENMAI_TALK_ORIGIN",
        help=_("Address of the talk site; the last one used if left out."),
    ),
]
AsOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        help=_("Whom to speak as: a company's short name, industry/TRADE or “site”. Needed in a new thread."),
    ),
]
BodyOption = Annotated[
    str | None, typer.Option("--body", help=_("The text; read from standard input if left out."))
]
WithinOption = Annotated[
    int,
    typer.Option(
        "--within", min=0, max=48, help=_("Send at a random time of the next so many hours: safer.")
    ),
]
WaitOption = Annotated[
    bool, typer.Option("--wait/--no-wait", help=_("Wait until the post is seen published."))
]
FloorOption = Annotated[
    int | None,
    typer.Option(
        "--floor", min=2, help=_("Smallest crowd to hide in; 20, or the site's floor if that is greater.")
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option("--roster-key", help=_("The roster key, in 64 hexadecimal digits, that must have signed.")),
]
DeepOption = Annotated[
    bool,
    typer.Option("--deep", help=_("Read the whole log, and check every member of the crowd.")),
]
MirrorOption = Annotated[
    Path | None,
    typer.Option(
        "--mirror", metavar="FOLDER", help=_("With --deep: a copy by “openmai log mirror”, not the site.")
    ),
]
EvidenceOption = Annotated[
    Path | None,
    typer.Option(
        "--evidence",
        metavar="FOLDER",
        help=_("With --deep: disclosed evidence, a file for each member."),
    ),
]
