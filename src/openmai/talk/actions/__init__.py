"""Writes, one verb each: accept a submission, write a tick, keep what the people site published."""

from openmai.talk.actions.rosters import forget_leaves, keep_snapshot
from openmai.talk.actions.submissions import accept_submission
from openmai.talk.actions.ticks import TickReport, write_tick

__all__ = ["TickReport", "accept_submission", "forget_leaves", "keep_snapshot", "write_tick"]
