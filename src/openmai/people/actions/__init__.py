"""What may be done on the people site; each verb is atomic, told who acts and what time it is."""

from openmai.people.actions.badge import open_badge_review, vote_on_badge, withdraw_badge
from openmai.people.actions.codes import confirm_code, request_code
from openmai.people.actions.employment import end_employment
from openmai.people.actions.enrolment import Enrolled, enrol, issue_ticket
from openmai.people.actions.housekeeping import (
    SHORT_LIVED,
    forget_expired,
    remind_members,
    rewrite_short_lived,
)
from openmai.people.actions.login_proof import accept_login, open_login_proof
from openmai.people.actions.login_provider import retire_login_provider, set_login_provider
from openmai.people.actions.mail_proof import accept_mail, open_mail_proof
from openmai.people.actions.members import confirm_email, register_member
from openmai.people.actions.replacement import advance_replacements, replace_key
from openmai.people.actions.rosters import publish_rosters
from openmai.people.actions.seasons import remind_of_season

__all__ = [
    "SHORT_LIVED",
    "Enrolled",
    "accept_login",
    "accept_mail",
    "advance_replacements",
    "confirm_code",
    "confirm_email",
    "end_employment",
    "enrol",
    "forget_expired",
    "issue_ticket",
    "open_badge_review",
    "open_login_proof",
    "open_mail_proof",
    "publish_rosters",
    "register_member",
    "remind_members",
    "remind_of_season",
    "replace_key",
    "request_code",
    "retire_login_provider",
    "rewrite_short_lived",
    "set_login_provider",
    "vote_on_badge",
    "withdraw_badge",
]
