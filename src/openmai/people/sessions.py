"""Sessions that do not tell when anybody was here: every time in them is a day."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core import signing

# allauth keeps {"method", "at": seconds} for each log-in under this name.
_AUTHENTICATIONS = "account_authentication_methods"
_DAY = 86_400


class SessionStore(DatabaseStore):
    """Django's database sessions, but expiring at midnight UTC and with no time stamp inside."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        # signing.dumps, which Django uses, writes the current second into every session.
        signer = signing.Signer(salt=self.key_salt)
        coarse = _by_the_day(session_dict)
        return signer.sign_object(coarse, serializer=self.serializer, compress=True)

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        try:
            signer = signing.Signer(salt=self.key_salt)
            text = session_data.decode("ascii") if isinstance(session_data, bytes) else session_data
            session: dict[str, Any] = signer.unsign_object(text, serializer=self.serializer)
        except (signing.BadSignature, ValueError):
            return {}
        return session

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        row: AbstractBaseSession = super().create_model_instance(data)
        row.expire_date = end_of_day(row.expire_date)
        return row


def end_of_day(moment: datetime) -> datetime:
    """The midnight that follows `moment`, in its own time zone (UTC for sessions)."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _by_the_day(session: dict[str, Any]) -> dict[str, Any]:
    log_ins = session.get(_AUTHENTICATIONS)
    if not isinstance(log_ins, list):
        return session
    coarse = [{**each, "at": int(each["at"]) // _DAY * _DAY} if "at" in each else each for each in log_ins]
    return {**session, _AUTHENTICATIONS: coarse}
