"""The admin's pages of settings: each is given by the control that its declaration asks for."""

from functools import cache
from typing import Any

from flask_admin.helpers import get_form_data
from wtforms.fields.choices import SelectChoice

from cogniflow.domain.system.models import SystemSetting
from cogniflow.kernel.setting import Setting, settings
from cogniflow.records.words import words
from cogniflow.web.admin.fields import ChoiceField, FlagField, TextField, WholeNumberField, field_of
from cogniflow.web.admin.forms import EntityForm
from cogniflow.web.admin.view import EntityView

CONTROLS = {"text": TextField, "number": WholeNumberField, "flag": FlagField, "choice": ChoiceField}


class SettingView(EntityView):
    """The pages of the settings."""

    def edit_form(self, obj: Any = None) -> EntityForm:
        """The form of the setting, with the control of its kind."""
        declared = settings().get(obj.key)
        return setting_form(declared)(get_form_data(), obj=obj) if declared else super().edit_form(obj)

    def may_delete(self, row: Any) -> bool:
        """Only a setting that nothing reads any more can go."""
        return row.key not in settings() and super().may_delete(row)


@cache
def setting_form(setting: Setting) -> type[EntityForm]:
    """The form of a setting."""
    bounds = (("at least", setting.least), ("at most", setting.most))
    about: dict[str, Any] = {"label": "Value", "description": " and ".join(
        f"{word} {bound:,}" for word, bound in bounds if bound is not None).capitalize()}
    if setting.choices:
        about["choices"] = [SelectChoice(each, words(each)) for each in setting.choices]
    return type("SettingForm", (EntityForm,), {
        "value": CONTROLS[setting.kind](**about), "description": field_of(SystemSetting.__table__.c.description),
        "confirm": setting.confirm})
