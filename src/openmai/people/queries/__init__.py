"""What is read on the people site."""

from openmai.people.queries.home import (
    EmploymentLine,
    Home,
    MailProofPage,
    employment_lines,
    home_of,
    mail_proof_page,
)
from openmai.people.queries.membership import active_employment, current_season
from openmai.people.queries.replacements import key_state, replacements, replacements_wait, waiting_of
from openmai.people.queries.rosters import (
    Outlook,
    Standing,
    current_index,
    leaves_bytes,
    outlook,
    statement_bytes,
)
from openmai.people.queries.seasons import season_news

__all__ = [
    "EmploymentLine",
    "Home",
    "MailProofPage",
    "Outlook",
    "Standing",
    "active_employment",
    "current_index",
    "current_season",
    "employment_lines",
    "home_of",
    "key_state",
    "leaves_bytes",
    "mail_proof_page",
    "outlook",
    "replacements",
    "replacements_wait",
    "season_news",
    "statement_bytes",
    "waiting_of",
]
