"""The settings that every part of the product reads, and the rows of all that are declared."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from cogniflow.domain.system.models import SystemSetting
from cogniflow.kernel.setting import Setting, declare, settings

declare(
    Setting("company.name", "My company", "Name of the company, shown on every page and document."),
    Setting("company.timezone", "UTC", "Time zone that decides what day it is, such as Europe/Berlin.",
            check="is_time_zone", expects="a time zone such as Europe/Berlin",
            confirm="What day it is changes at once, on every page and in every document that is made from now on."),
    Setting("company.base_currency", "EUR", "ISO 4217 code of the currency that amounts are in.",
            check="is_currency", expects="the code of a currency",
            confirm="Amounts are not converted: what is stored is from now on said to be in the other currency."),
    Setting("history.keep_days", 730, "Days for which the changes of records are kept.", least=30, most=36_500,
            confirm="Older changes are forgotten within the hour and cannot be brought back."),
)


def list_missing_settings(session: Session) -> None:
    """Insert the row of every declared setting that has none; one that somebody changed stays as it is."""
    known = set(session.scalars(select(SystemSetting.key)))
    session.add_all(SystemSetting(key=each.key, value=each.default, description=each.description)
                    for each in settings().values() if each.key not in known)
