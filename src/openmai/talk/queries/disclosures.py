"""How many requests for data were answered: what the operator said, and what of it is in the log."""

from openmai.anonymity.log.entries import parse_entry
from openmai.talk.queries.database import one


def answered_requests(season: str) -> int | None:
    """As the operator said last; None if nothing was said of this season."""
    row = one("SELECT max(count) FROM talk_disclosures WHERE season = %(season)s", {"season": season})
    return None if row is None or row[0] is None else int(row[0])


def logged_requests(season: str) -> int | None:
    """As the log says; None if it says nothing of this season."""
    row = one(
        """SELECT data FROM talk_logentry WHERE kind = 'disclosures' ORDER BY kind, "index" DESC LIMIT 1""",
        {},
    )
    newest = None if row is None else parse_entry(row[0])
    return int(newest.facts["count"]) if newest and newest.domain.season == season else None
