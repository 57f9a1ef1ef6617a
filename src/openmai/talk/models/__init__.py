"""What the talk cluster stores: rosters, threads, personas, their joins and posts, bans, the log.

No sequence, no clock but the tick, no counter per event: keys are hashes, rows are written by the tick
alone, all in one transaction and in the order of their hash (docs/adr/0001, docs/threat-model.md). The log,
whose order everybody sees, is numbered. All digests are 32 bytes.
"""

from openmai.talk.models.bans import Ban, BanList, RateNullifier
from openmai.talk.models.log import (
    Disclosures,
    LogCheckpoint,
    LogCosignature,
    LogEnrolment,
    LogEntry,
    LogNode,
    LogReplacement,
    LogTick,
)
from openmai.talk.models.rosters import RosterEpoch, RosterIndex, RosterLeaves, RosterPaths
from openmai.talk.models.threads import Join, Persona, Post, Thread

__all__ = [
    "Ban",
    "BanList",
    "Disclosures",
    "Join",
    "LogCheckpoint",
    "LogCosignature",
    "LogEnrolment",
    "LogEntry",
    "LogNode",
    "LogReplacement",
    "LogTick",
    "Persona",
    "Post",
    "RateNullifier",
    "RosterEpoch",
    "RosterIndex",
    "RosterLeaves",
    "RosterPaths",
    "Thread",
]
