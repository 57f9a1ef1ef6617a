"""Accounts, employments, enrolments and rosters as a Django application."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "openmai.people"
    label = "people"
