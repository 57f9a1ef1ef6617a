"""What is read on the people site."""

from openmai.people.queries.badges import BadgeLine, badge_lines, badges_to_review, is_reviewer, own_badges
from openmai.people.queries.evidence import LeafEvidence, evidence
from openmai.people.queries.home import (
    EmploymentLine,
    Home,
    MailProofPage,
    employment_lines,
    home_of,
    mail_proof_page,
)
from openmai.people.queries.logins import LoginProofPage, login_host, login_proof_page
from openmai.people.queries.membership import active_employment, current_season
from openmai.people.queries.replacements import key_state, replacements, replacements_wait, waiting_of
from openmai.people.queries.rosters import (
    Outlook,
    Standing,
    current_index,
    journal_bytes,
    leaves_bytes,
    outlook,
    paths_bytes,
    statement_bytes,
    tile_around,
)
from openmai.people.queries.seasons import season_news

__all__ = [
    "BadgeLine",
    "EmploymentLine",
    "Home",
    "LeafEvidence",
    "LoginProofPage",
    "MailProofPage",
    "Outlook",
    "Standing",
    "active_employment",
    "badge_lines",
    "badges_to_review",
    "current_index",
    "current_season",
    "employment_lines",
    "evidence",
    "home_of",
    "is_reviewer",
    "journal_bytes",
    "key_state",
    "leaves_bytes",
    "login_host",
    "login_proof_page",
    "mail_proof_page",
    "outlook",
    "own_badges",
    "paths_bytes",
    "replacements",
    "replacements_wait",
    "season_news",
    "statement_bytes",
    "tile_around",
    "waiting_of",
]
