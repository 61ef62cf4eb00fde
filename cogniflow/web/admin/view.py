"""The one admin view of every entity: list, form, details, verbs and export, all derived from its declaration."""

from collections.abc import Callable
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from flask import g, request
from flask_admin import expose
from flask_admin.helpers import get_redirect_target
from werkzeug.wrappers import Response as Answer

from cogniflow.db.session import Database
from cogniflow.domain.accounts.rights import Action
from cogniflow.errors import ReadOnly
from cogniflow.kernel.entity import Entity, is_master, lines, rest_path, title, writable
from cogniflow.records import named
from cogniflow.records.authorise import require
from cogniflow.records.parse import is_creatable
from cogniflow.records.shape import ITEMS
from cogniflow.records.words import field_title, is_number, record_name, words
from cogniflow.records.write import create, update
from cogniflow.web.admin import display
from cogniflow.web.admin.details import Details
from cogniflow.web.admin.export import exported
from cogniflow.web.admin.forms import EntityForm, LineForm, form_class, items_given, line_form_class, line_forms
from cogniflow.web.admin.guards import changeable_statuses, first_status, reaches, status_of
from cogniflow.web.admin.listing import Listing
from cogniflow.web.admin.lookup import reference_loaders
from cogniflow.web.admin.operating import OperatingView

NEEDS = {"create_view": "create", "edit_view": "update", "ajax_update": "update", "delete_view": "delete",
         "restore_view": "delete"}
"""The right that each page asks for beside reading."""

PAGE_WORDS = {"words": words, "field_title": field_title, "is_number": is_number, "tone": display.tone,
              "stays_whole": display.stays_whole, "record_name": record_name, "rest_path": rest_path}
"""What templates call to say things."""


class EntityView(OperatingView):
    """The pages of one entity, at /admin/<table>/; every write goes through `records`."""

    list_template, details_template = "admin/list.html", "admin/details.html"
    create_template = edit_template = "admin/form.html"
    can_view_details = True

    def __init__(self, entity: type[Entity], database: Database):
        self.entity, self._database = entity, database
        table = entity.__tablename__
        self.form_ajax_refs = reference_loaders(entity, database)
        super().__init__(entity, title(entity), endpoint=f"admin_{table}", url=table.replace("_", "-"))

    # What Flask-Admin asks of a view of models

    def scaffold_list_columns(self) -> list[str]:
        """The columns of the list."""
        return [column.key for column in display.list_columns(self.entity)]

    def scaffold_sortable_columns(self) -> dict[str, str]:
        """None by Flask-Admin's own means: a list is ordered by `sort`, as in REST."""
        return {}

    def scaffold_form(self) -> type[EntityForm]:
        """The form of a record."""
        return form_class(self.entity)

    def get_pk_value(self, model: Any) -> int:
        """The record's number."""
        return model.id

    def get_one(self, id: str) -> SimpleNamespace:
        """The record, with its lines. Raises NotFound."""
        with self._database.reading() as session:
            row = named.one(session, g.caller, self.entity, id)
            line = lines(self.entity)
            row.items = named.lines_of(session, g.caller, line, row.id) if line else []
            return row

    def create_form(self, obj: Any = None) -> EntityForm:
        """An empty form, or what was typed."""
        return self._named(self._with_lines(super().create_form(obj), [], "create"))

    def edit_form(self, obj: Any = None) -> EntityForm:
        """The record's form, or what was typed."""
        return self._named(self._with_lines(super().edit_form(obj), obj.items, "update"))

    def create_model(self, form: EntityForm) -> Any:
        """The new record, or False with the errors in the form."""
        made = self._saved(form, lambda session: create(session, g.caller, self.entity, self._given(form)))
        self._tell_once(made)
        return made

    def update_model(self, form: EntityForm, model: SimpleNamespace) -> Any:
        """The changed record, or False with the errors in the form."""
        return self._saved(form, lambda session: update(
            session, g.caller, self.entity, model.id, self._given(form), version=request.form.get("version", 0, int), whole=True))

    def get_save_return_url(self, model: Any, is_created: bool = False) -> str:
        """After saving: where the person came from, else the record."""
        return get_redirect_target() or self.get_url(".details_view", id=model.id)

    # Pages

    @expose("/")
    def index_view(self) -> str:
        """The list."""
        with self._database.reading() as session:
            listing = Listing(session, g.caller, self.entity, request.args)
        return self.render(self.list_template, listing=listing, return_url=request.full_path.rstrip("?"))

    @expose("/details/")
    def details_view(self) -> str:
        """One record."""
        details = Details(self.entity, self.get_one(request.args.get("id", "")), g.caller, self._database)
        return self.render(self.details_template, details=details, model=details.row)

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Answer:
        """Change one field of a row in the list; errors are problem+json."""
        form = form_class(self.entity)(request.form)
        sent = [field for field in form.columns() if field.name in request.form]
        return self._answered("Saved.", lambda session: update(
            session, g.caller, self.entity, request.form.get("list_form_pk", ""), {each.name: each.given() for each in sent},
            version=request.form.get("version", None, int)))

    @expose("/export/<export_type>/")
    def export(self, export_type: str) -> Answer:
        """Every row of the list as a file."""
        return exported(self._database, g.caller, self.entity, request.args, export_type)

    # What the templates ask

    def may(self, action: str) -> bool:
        """Whether the caller may create, update or delete these records."""
        possible = {"create": is_creatable(self.entity), "update": bool(writable(self.entity))}
        return possible.get(action, not self.entity.resource.read_only) and g.caller.may(action, self.entity.__tablename__)

    def may_edit(self, row: Any) -> bool:
        """Whether the caller may change this record, and its status allows it."""
        return self.may("update") and not getattr(row, "archived_at", None) and status_of(row) in self._changeable \
            and reaches(g.caller, "update", self.entity, row)

    def may_delete(self, row: Any) -> bool:
        """Whether the caller may delete this record; no document that has begun its way, nor a line of one."""
        return self.may("delete") and status_of(row) == first_status(self.entity) \
            and reaches(g.caller, "delete", self.entity, row)

    @property
    def is_master(self) -> bool:
        """Whether records are archived rather than deleted."""
        return is_master(self.entity)

    def lines(self) -> type[Entity] | None:
        """The entity of the document's lines."""
        return lines(self.entity)

    def empty_line(self, prefix: str) -> LineForm:
        """A line with nothing in it."""
        line = lines(self.entity)
        return line_form_class(line)(prefix=prefix).without(g.caller.hidden(line.__tablename__, "create"))

    def render(self, template: str, **kwargs: Any) -> str:
        """The page, with the words and marks that every page of records is made of."""
        return super().render(template, **kwargs, **PAGE_WORDS)

    # Inside

    @cached_property
    def _changeable(self) -> frozenset[str | None]:
        with self._database.reading() as session:
            return changeable_statuses(session, self.entity)

    def _handle_view(self, name: str, **kwargs: Any) -> None:
        require(g.caller, "read", self.entity)
        if name in NEEDS:
            require(g.caller, NEEDS[name], self.entity)
        if name == "create_view" and not is_creatable(self.entity):
            raise ReadOnly(f"{self.name} are not made by filling in a form.")

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # Flask-Admin's own runs a view a second time after any TypeError in it.
        return fn(self, *args, **kwargs)

    def _given(self, form: EntityForm) -> dict[str, Any]:
        line = lines(self.entity)
        return {**form.given(), **({ITEMS: items_given(line, form.line_forms)} if line else {})}

    def _with_lines(self, form: EntityForm, stored: list[SimpleNamespace], action: Action) -> EntityForm:
        if line := lines(self.entity):
            made = line_forms(line, request.form if request.method == "POST" else None, stored)
            form.line_forms = [each.without(g.caller.hidden(line.__tablename__, action)) for each in made]
        return form.without(g.caller.hidden(self.entity.__tablename__, action))
