"""A roster as the devices of a simulation hold it."""

import json
from dataclasses import dataclass

from tests.adversary.crawl import Crawler

from openmai.anonymity.encoding import Domain
from openmai.anonymity.leanimt import LeanIMT
from openmai.anonymity.rosters import open_statement, unpack_leaves


@dataclass
class Crowd:
    """One epoch of it, and the checkpoint that a join carries."""

    epoch: int
    tree: LeanIMT
    leaves: tuple[int, ...]
    checkpoint: str


def fetch_crowd(crawler: Crawler, statement: bytes, domain: Domain) -> Crowd:
    """What the talk site serves of the epoch whose statement has this name."""
    get = crawler.bytes_at
    signed = open_statement(get(f"/rosters/statements/{statement.hex()}.json"), key=None, domain=domain)
    leaves = unpack_leaves(get(f"/rosters/leaves/{signed.statement.leaves.hex()}.bin"))
    listed = json.loads(get("/api/v1/rosters"))["rosters"]
    place = next(each["log"] for each in listed if each["statement"] == statement.hex())
    checkpoint = f"{place['size']} {place['root']}"
    return Crowd(signed.statement.epoch, LeanIMT(leaves), tuple(leaves), checkpoint)
