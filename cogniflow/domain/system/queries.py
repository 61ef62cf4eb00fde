"""Settings as the texts they hold."""

from sqlalchemy import ColumnElement, Text, literal_column

from cogniflow.domain.system.models import SystemSetting

SETTING_TEXT: ColumnElement[str] = SystemSetting.value.op("#>>", return_type=Text())(literal_column("'{}'"))
"""The value of a setting without the quotation marks of JSON."""
