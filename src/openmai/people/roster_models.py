"""Rosters as the people site keeps and publishes them; their times are public."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact

Constraints = list[models.BaseConstraint]


def _exactly(field: str, size: int, *, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=Exact(Length(field), size))


class Roster(models.Model):
    """One crowd in one season, or a shard of it: the site's, or the provable or attested one of a company or
    a trade.
    """

    class Kind(models.TextChoices):
        SITE = "site"
        PROVABLE = "provable"
        ATTESTED = "attested"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    season = models.CharField(max_length=12)
    name = models.CharField(max_length=90)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    company = models.ForeignKey("companies.Company", null=True, on_delete=models.PROTECT, related_name="+")
    trade = models.CharField(max_length=20, blank=True)
    # From 1; a commitment stays in its shard for the season.
    shard = models.PositiveSmallIntegerField(default=1)
    # When the publisher first saw someone waiting to join; of the roster, not of a member.
    waiting_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.UniqueConstraint(fields=["season", "name"], name="one_roster_a_name"),
            models.CheckConstraint(
                name="roster_of_site_company_or_trade",
                condition=Q(kind="site", company=None, trade="")
                | (~Q(kind="site") & Q(company__isnull=False, trade=""))
                | (~Q(kind="site") & Q(company=None) & ~Q(trade="")),
            ),
            models.CheckConstraint(name="roster_shard_from_one", condition=Q(shard__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.name} in {self.season}"


class RosterLeaf(models.Model):
    """One place in a roster. Removed, it reads 0 and keeps its place."""

    id = models.BigAutoField(primary_key=True)
    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="leaves")
    index = models.PositiveIntegerField()
    commitment = models.BinaryField(max_length=32)
    joined_epoch = models.PositiveIntegerField()
    removed_epoch = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.UniqueConstraint(fields=["roster", "index"], name="one_leaf_a_place"),
            models.UniqueConstraint(
                fields=["roster", "commitment"], condition=Q(removed_epoch=None), name="one_live_leaf_a_key"
            ),
            models.CheckConstraint(name="leaf_within_capacity", condition=Q(index__lt=2**20)),
            models.CheckConstraint(
                name="leaf_leaves_after", condition=Q(removed_epoch__gt=models.F("joined_epoch"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.roster_id}[{self.index}]"


class LeavesFile(models.Model):
    """The bytes of a leaves file, named by their SHA-256; epochs with the same leaves share it."""

    sha256 = models.BinaryField(primary_key=True, max_length=32)
    data = models.BinaryField()

    class Meta:
        constraints: ClassVar[Constraints] = [_exactly("sha256", 32, name="leaves_named_by_hash")]

    def __str__(self) -> str:
        return bytes(self.sha256).hex()


class PathsFile(models.Model):
    """The bytes of a paths file, named by their SHA-256."""

    sha256 = models.BinaryField(primary_key=True, max_length=32)
    data = models.BinaryField()

    class Meta:
        constraints: ClassVar[Constraints] = [_exactly("sha256", 32, name="paths_named_by_hash")]

    def __str__(self) -> str:
        return bytes(self.sha256).hex()


class RosterEpoch(models.Model):
    """One published version of a roster: its signed statement. `leaves` and `paths` are null once the files
    were dropped.
    """

    sha256 = models.BinaryField(primary_key=True, max_length=32)
    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="epochs")
    epoch = models.PositiveIntegerField()
    envelope = models.BinaryField()
    leaves = models.ForeignKey(LeavesFile, null=True, on_delete=models.SET_NULL, related_name="epochs")
    paths = models.ForeignKey(PathsFile, null=True, on_delete=models.SET_NULL, related_name="epochs")
    size = models.PositiveIntegerField()
    live = models.PositiveIntegerField()
    settled = models.PositiveIntegerField()
    published_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[Constraints] = [
            models.UniqueConstraint(fields=["roster", "epoch"], name="one_statement_an_epoch"),
            models.UniqueConstraint(
                fields=["roster"], condition=Q(superseded_at=None), name="one_current_epoch"
            ),
            models.CheckConstraint(name="epoch_from_one", condition=Q(epoch__gte=1)),
            models.CheckConstraint(
                name="settled_within_live_within_size",
                condition=Q(settled__lte=models.F("live"), live__lte=models.F("size")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.roster_id} epoch {self.epoch}"


class RosterJournal(models.Model):
    """What changed from one epoch to the next, named by its SHA-256; kept for good, as the log is."""

    sha256 = models.BinaryField(primary_key=True, max_length=32)
    epoch = models.OneToOneField(RosterEpoch, on_delete=models.CASCADE, related_name="journal")
    data = models.BinaryField()

    class Meta:
        constraints: ClassVar[Constraints] = [_exactly("sha256", 32, name="journal_named_by_hash")]

    def __str__(self) -> str:
        return bytes(self.sha256).hex()


class PublishedIndex(models.Model):
    """The signed list of current epochs; the highest serial is the one that is served."""

    serial = models.PositiveBigIntegerField(primary_key=True)
    season = models.CharField(max_length=12)
    envelope = models.BinaryField()

    def __str__(self) -> str:
        return str(self.serial)
