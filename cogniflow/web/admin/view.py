"""The one admin view of every entity: list, form, details, verbs and export, all derived from its declaration."""

from collections.abc import Callable
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from flask import flash, g, redirect, request
from flask_admin import expose
from flask_admin.helpers import get_redirect_target
from flask_admin.model import BaseModelView
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from cogniflow.db.session import Database
from cogniflow.domain.accounts.rights import Action, Caller
from cogniflow.errors import CogniFlowError, Conflict, Invalid, NotFound, ReadOnly
from cogniflow.kernel.entity import Entity, is_master, lines, rest_path, title, writable
from cogniflow.kernel.operation import Operation, operations
from cogniflow.records.authorise import require
from cogniflow.records.operate import operate
from cogniflow.records.parse import is_creatable
from cogniflow.records.shape import ITEMS
from cogniflow.records.write import create, delete, restore, update
from cogniflow.web.admin import display, rows
from cogniflow.web.admin.answers import write_answer
from cogniflow.web.admin.details import Details
from cogniflow.web.admin.export import exported
from cogniflow.web.admin.forms import EntityForm, LineForm, form_class, items_given, line_form_class, line_forms, unnamed
from cogniflow.web.admin.guards import changeable_statuses, first_status, may_operate, reaches, status_of
from cogniflow.web.admin.listing import Listing
from cogniflow.web.admin.lookup import reference_loaders
from cogniflow.web.admin.verbs import option_fields, options_given
from cogniflow.web.problems import wants_json

NEEDS = {"create_view": "create", "edit_view": "update", "ajax_update": "update", "delete_view": "delete",
         "restore_view": "delete"}
"""The right that each page asks for beside reading."""

PAGE_WORDS = {"words": display.words, "field_title": display.field_title, "is_number": display.is_number, "tone": display.tone,
              "stays_whole": display.stays_whole, "record_name": display.record_name, "rest_path": rest_path,
              "option_fields": option_fields}
"""What templates call to say things."""


class EntityView(BaseModelView):
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
            row = rows.one(session, g.caller, self.entity, id)
            line = lines(self.entity)
            row.items = rows.lines_of(session, g.caller, line, row.id) if line else []
            return row

    def create_form(self, obj: Any = None) -> EntityForm:
        """An empty form, or what was typed."""
        return self._named(self._with_lines(super().create_form(obj), [], "create"))

    def edit_form(self, obj: Any = None) -> EntityForm:
        """The record's form, or what was typed."""
        return self._named(self._with_lines(super().edit_form(obj), obj.items, "update"))

    def create_model(self, form: EntityForm) -> Any:
        """The new record, or False with the errors in the form."""
        return self._saved(form, lambda session: create(session, g.caller, self.entity, self._given(form)))

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

    @expose("/delete/", methods=("POST",))
    def delete_view(self) -> Answer:
        """Delete a record, or archive it where something refers to it."""
        return self._done("deleted", lambda session: delete(session, g.caller, self.entity, request.form.get("id", "")))

    @expose("/restore/", methods=("POST",))
    def restore_view(self) -> Answer:
        """Bring an archived record back."""
        return self._done("restored", lambda session: restore(session, g.caller, self.entity, request.form.get("id", "")))

    @expose("/operate/<verb>/", methods=("POST",))
    def operate_view(self, verb: str) -> Answer:
        """Do a verb with a record."""
        if verb not in operations(self.entity):
            raise NotFound(f"{self.name} have no operation {verb}.")
        options = options_given(operations(self.entity)[verb], request.form)
        return self._done(f"{display.words(verb)}: done", lambda session: operate(
            session, g.caller, self.entity, request.form.get("id", ""), verb, options))

    @expose("/action/", methods=("POST",))
    def action_view(self) -> Answer:
        """Do the same with every ticked record, each in a transaction of its own."""
        action, refused, done = request.form.get("action", ""), [], 0
        work = self._bulk_work(action)
        for key in request.form.getlist("rowid"):
            try:
                self._write(lambda session, key=key: work(session, key))
                done += 1
            except CogniFlowError as error:
                refused.append(f"{self.noun} {key}: {display.told(error)}")
        if done:
            flash(f"{display.words(action)}: {done} done.", "success")
        if refused:
            flash(f"{len(refused)} refused. {' '.join(refused[:5])}", "error")
        return redirect(self._back())

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

    @property
    def noun(self) -> str:
        """What one record is called."""
        return display.singular(self.entity)

    def allowed(self, row: Any) -> list[Operation]:
        """The verbs that the caller may do with the row as it stands."""
        return [each for verb, each in operations(self.entity).items()
                if each.allows(row) and may_operate(g.caller, verb, self.entity, row)]

    def bulk_verbs(self) -> list[Operation]:
        """The verbs that the caller may do with many records at once: those that need nothing said."""
        return [each for verb, each in operations(self.entity).items()
                if g.caller.may_operate(verb, self.entity.__tablename__) and not option_fields(each)]

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

    def _write(self, work: Callable[[Session], Any]) -> Any:
        return self._database.write(g.caller.actor(g.request_id), work)

    def _saved(self, form: EntityForm, work: Callable[[Session], Any]) -> Any:
        try:
            return self._write(work)
        except CogniFlowError as error:
            form.take_errors(error)
            return False

    def _answered(self, said: str, work: Callable[[Session], Any]) -> Answer:
        try:
            return self._write(lambda session: write_answer(session, said, work(session)))
        except (Invalid, Conflict) as error:
            raise type(error)(display.told(error), error.errors) from None

    def _done(self, said: str, work: Callable[[Session], Any]) -> Answer:
        said = f"{self.noun} {said}." if said[0].islower() else f"{said}."
        if wants_json():
            return self._answered(said, work)
        try:
            self._write(work)
            flash(said, "success")
        except NotFound:
            raise
        except CogniFlowError as error:
            flash(display.told(error), "error")
        return redirect(self._back())

    def _back(self) -> str:
        return get_redirect_target("url") or self.get_url(".index_view")

    def _bulk_work(self, action: str) -> Callable[[Session, str], Any]:
        caller: Caller = g.caller
        if action == "delete":
            return lambda session, key: delete(session, caller, self.entity, key)
        if action == "restore":
            return lambda session, key: restore(session, caller, self.entity, key)
        return lambda session, key: operate(session, caller, self.entity, key, action, {})

    def _given(self, form: EntityForm) -> dict[str, Any]:
        line = lines(self.entity)
        return {**form.given(), **({ITEMS: items_given(line, form.line_forms)} if line else {})}

    def _with_lines(self, form: EntityForm, stored: list[SimpleNamespace], action: Action) -> EntityForm:
        if line := lines(self.entity):
            made = line_forms(line, request.form if request.method == "POST" else None, stored)
            form.line_forms = [each.without(g.caller.hidden(line.__tablename__, action)) for each in made]
        return form.without(g.caller.hidden(self.entity.__tablename__, action))

    def _named(self, form: EntityForm) -> EntityForm:
        wanted: dict[type[Entity], set[int]] = {}
        found = list(unnamed(form, self.entity))
        for _, target, key in found:
            wanted.setdefault(target, set()).add(key)
        with self._database.reading() as session:
            names = {target: rows.names_of(session, g.caller, target, keys) for target, keys in wanted.items()}
        for field, target, key in found:
            field.label_text = names[target].get(key, f"#{key}")
        return form

