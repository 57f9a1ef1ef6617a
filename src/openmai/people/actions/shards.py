"""Rosters that grew too long are published in shards; a commitment stays in its own for the season."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from django.db.models import Count

from openmai.anonymity.rosters import shard_of
from openmai.people.models import Roster, RosterLeaf
from openmai.people.queries.membership import Crowd


def shards_of(crowd: Crowd, *, season: str, limit: int) -> Iterator[tuple[int, Crowd]]:
    """The crowd as it is spread over its shards, with their numbers; newcomers are in the first with
    room.

    A shard is full with `limit` places, removed ones included. Whoever comes back to it may make it longer by
    one: in another shard their personas could not speak on.
    """
    rosters = Roster.objects.filter(
        season=season, kind=crowd.kind, company=crowd.company_id, trade=crowd.trade
    )
    places = Counter(dict(rosters.annotate(places=Count("leaves")).values_list("shard", "places")))
    if set(places) <= {1} and places[1] + len(crowd.commitments) <= limit:
        yield 1, crowd
        return
    leaves = RosterLeaf.objects.filter(roster__in=rosters).values_list("commitment", "roster__shard")
    homes = {bytes(commitment): shard for commitment, shard in leaves}
    parts: dict[int, set[bytes]] = defaultdict(set)
    room = 1
    for commitment in sorted(crowd.commitments):
        if (shard := homes.get(commitment)) is None:
            while places[room] >= limit:
                room += 1
            places[room] += 1
            shard = room
        parts[shard].add(commitment)
    for shard, commitments in parts.items():
        yield shard, replace(crowd, name=shard_of(crowd.name, shard), commitments=commitments)
