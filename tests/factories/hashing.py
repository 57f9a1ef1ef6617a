"""Argon2 at the least cost. What the product's own costs is tested once; each other test need not pay it."""

from typing import Final

from django.contrib.auth.hashers import Argon2PasswordHasher

QUICK: Final = [f"{__name__}.QuickArgon2"]


class QuickArgon2(Argon2PasswordHasher):
    """One pass over 8 KiB instead of two over 100 MiB."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
