"""Mails to a member, and the queue that they went through, tell when the member was there."""

from tests.adversary.attacks.session_expiry import by_moments
from tests.adversary.loot import Loot, Matrix, Row

WORDS = "the mail queue: times of mails to a member"
IDEAL = "days"


def score(loot: Loot) -> Matrix:
    jobs: dict[int, int] = {}
    for row in loot.rows["people"]["procrastinate_jobs"]:
        text = str(row["args"])
        for email, member in loot.member_tokens.items():
            if f"'{email}'" in text or f'"{email}"' in text:
                jobs[row["id"]] = member
    moments: dict[int, set[float]] = {}
    for row in loot.rows["people"]["procrastinate_events"]:
        member, moment = jobs.get(row["job_id"]), _moment(loot, row)
        if member is not None and moment is not None:
            moments.setdefault(member, set()).add(moment)
    return by_moments(loot, moments)


def _moment(loot: Loot, row: Row) -> float | None:
    """The queue keeps the time of the machine."""
    value = row.get("at")
    return loot.simulated(value) if isinstance(value, float) else None
