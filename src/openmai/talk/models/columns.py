"""What several models share."""

from django.db import models
from django.db.models.functions import Length
from django.db.models.lookups import Exact

Constraints = list[models.BaseConstraint]


def bytes_long(name: str, field: str, size: int) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=Exact(Length(field), size))
