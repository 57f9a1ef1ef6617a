"""Writes, one verb each: accept a submission, write a tick, keep what the people site published, ban and
lift, count the requests for data.
"""

from openmai.talk.actions.bans import BanRefused, add_ban, lift_ban
from openmai.talk.actions.disclosures import CountRefused, count_requests
from openmai.talk.actions.rosters import forget_leaves, keep_snapshot
from openmai.talk.actions.submissions import accept_submission
from openmai.talk.actions.ticks import TickReport, write_tick

__all__ = [
    "BanRefused",
    "CountRefused",
    "TickReport",
    "accept_submission",
    "add_ban",
    "count_requests",
    "forget_leaves",
    "keep_snapshot",
    "lift_ban",
    "write_tick",
]
