"""The admin: one view for every declared entity, in the shell's frame."""

from flask import Flask, g
from flask_admin import Admin, AdminIndexView, expose
from flask_admin.theme import Theme

from cogniflow.db.session import Database
from cogniflow.domain.system.models import SystemSetting
from cogniflow.kernel.entity import Entity, document_of, entities, title
from cogniflow.web.admin.settings import SettingView
from cogniflow.web.admin.view import EntityView

VIEWS = {SystemSetting: SettingView}
"""The views that know more of their entity than its declaration says."""


class StartView(AdminIndexView):
    """What there is to look after."""

    @expose("/")
    def index(self) -> str:
        """Every entity that the caller may read, below the headings they are listed under."""
        found: dict[str, list[tuple[str, type[Entity]]]] = {}
        for each in entities():
            if g.caller.may_open(each.__tablename__) and not document_of(each):
                found.setdefault(each.resource.menu, []).append((title(each), each))
        return self.render("admin/index.html", found=found)


def register_admin(app: Flask) -> None:
    """Serve the admin of every declared entity below /admin/."""
    database: Database = app.extensions["cogniflow"].database
    admin = Admin(app, theme=Theme(folder="shell", base_template="shell/base.html"), index_view=StartView())
    for entity in entities():
        admin.add_view(VIEWS.get(entity, EntityView)(entity, database))
