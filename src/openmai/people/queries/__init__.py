"""What is read on the people site."""

from openmai.people.queries.home import (
    EmploymentLine,
    Home,
    MailProofPage,
    employment_lines,
    home_of,
    mail_proof_page,
)
from openmai.people.queries.membership import active_employment
from openmai.people.queries.rosters import (
    Outlook,
    Standing,
    current_index,
    leaves_bytes,
    outlook,
    statement_bytes,
)

__all__ = [
    "EmploymentLine",
    "Home",
    "MailProofPage",
    "Outlook",
    "Standing",
    "active_employment",
    "current_index",
    "employment_lines",
    "home_of",
    "leaves_bytes",
    "mail_proof_page",
    "outlook",
    "statement_bytes",
]
