"""The mailbox as a Django application: templates only."""

from django.apps import AppConfig


class MailboxConfig(AppConfig):
    name = "openmai.demo.mailbox"
    label = "mailbox"
