"""The company registry as a Django application of the people site."""

from django.apps import AppConfig


class CompaniesConfig(AppConfig):
    name = "openmai.companies"
    label = "companies"
