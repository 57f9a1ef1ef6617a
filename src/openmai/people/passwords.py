"""What a password must be."""

from django.contrib.auth import password_validation
from django.utils.translation import gettext as _


class MinimumLengthValidator(password_validation.MinimumLengthValidator):
    """Django's, in words that are there in each of our languages."""

    def get_error_message(self) -> str:
        return _("Too short: at least %(least)d characters.") % {"least": self.min_length}
