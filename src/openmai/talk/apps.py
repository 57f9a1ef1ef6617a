"""Job Talk as a Django application."""

from django.apps import AppConfig


class TalkAppConfig(AppConfig):
    name = "openmai.talk"
    label = "talk"
