"""What is done with records as they are: their verbs, one at a time or with many, and deleting and bringing back."""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

from flask import flash, g, redirect, request
from flask_admin import expose
from flask_admin.helpers import get_redirect_target
from flask_admin.model import BaseModelView
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from cogniflow.db.session import Database
from cogniflow.domain.accounts.rights import Caller
from cogniflow.errors import CogniFlowError, Conflict, Invalid, NotFound
from cogniflow.kernel.entity import Entity
from cogniflow.kernel.operation import Operation, operations
from cogniflow.records import named
from cogniflow.records.authorise import require_verb
from cogniflow.records.operate import operate
from cogniflow.records.words import singular, words
from cogniflow.records.write import delete, restore
from cogniflow.web.admin import display
from cogniflow.web.admin.answers import write_answer
from cogniflow.web.admin.details import Details
from cogniflow.web.admin.forms import EntityForm, unnamed
from cogniflow.web.admin.guards import may_operate
from cogniflow.web.admin.verbs import VerbForm, empty_line, verb_form
from cogniflow.web.problems import wants_json


class OperatingView(BaseModelView):
    """The part of an entity's view that does things with its records, and says what came of it."""

    entity: type[Entity]
    _database: Database

    @expose("/delete/", methods=("POST",))
    def delete_view(self) -> Answer:
        """Delete a record, or archive it where something refers to it."""
        return self._done("deleted", lambda session: delete(session, g.caller, self.entity, request.form.get("id", "")))

    @expose("/restore/", methods=("POST",))
    def restore_view(self) -> Answer:
        """Bring an archived record back."""
        return self._done("restored", lambda session: restore(session, g.caller, self.entity, request.form.get("id", "")))

    @expose("/operate/<verb>/")
    def verb_view(self, verb: str) -> str:
        """The page on which a verb is told more."""
        require_verb(g.caller, verb, self.entity)
        row, operation = self.get_one(request.args.get("id", "")), operations(self.entity)[verb]
        form = verb_form(operation, row.items, None)
        form.version.data = row.version
        return self._verb_page(operation, row, form)

    @expose("/operate/<verb>/", methods=("POST",))
    def operate_view(self, verb: str) -> Answer | str:
        """Do a verb with a record; the page that told it more comes back with what is wrong."""
        require_verb(g.caller, verb, self.entity)
        operation, key = operations(self.entity)[verb], request.form.get("id", "")
        if "version" not in request.form:
            return self._done(f"{words(verb)}: done", lambda session: operate(
                session, g.caller, self.entity, key, verb, {}))
        row = self.get_one(key)
        form = verb_form(operation, row.items, request.form)
        done = self._saved(form, lambda session: operate(session, g.caller, self.entity, key, verb, form.given(),
                                                         version=request.form.get("version", 0, int)))
        if not done:
            return self._verb_page(operation, row, form)
        flash(f"{words(verb)}: done.", "success")
        self._tell_once(done)
        return redirect(self._back())

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
            flash(f"{words(action)}: {done} done.", "success")
        if refused:
            flash(f"{len(refused)} refused. {' '.join(refused[:5])}", "error")
        return redirect(self._back())

    # What the templates ask

    @property
    def noun(self) -> str:
        """What one record is called."""
        return singular(self.entity)

    def allowed(self, row: Any) -> list[Operation]:
        """The verbs that the caller may do with the row as it stands."""
        return [each for verb, each in operations(self.entity).items()
                if each.allows(row) and may_operate(g.caller, verb, self.entity, row)]

    def bulk_verbs(self) -> list[Operation]:
        """The verbs that the caller may do with many records at once: those that need nothing said, and have nothing to say."""
        return [each for verb, each in operations(self.entity).items()
                if g.caller.may_operate(verb, self.entity.__tablename__) and not each.needs_words and not each.tells_once]

    # Inside

    def _verb_page(self, operation: Operation, row: SimpleNamespace, form: VerbForm) -> str:
        return self.render("admin/verb.html", operation=operation, model=row, form=self._named(form),
                           empty_line=partial(empty_line, operation), return_url=self._back(),
                           details=Details(self.entity, row, g.caller, self._database))

    def _named(self, form: EntityForm) -> EntityForm:
        wanted: dict[type[Entity], set[int]] = {}
        found = list(unnamed(form))
        for field, key in found:
            wanted.setdefault(field.target, set()).add(key)
        with self._database.reading() as session:
            names = {target: named.names_of(session, g.caller, target, keys) for target, keys in wanted.items()}
        for field, key in found:
            field.label_text = names[field.target].get(key, f"#{key}")
        return form

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
            row = self._write(work)
            flash(said, "success")
            self._tell_once(row)
        except NotFound:
            raise
        except CogniFlowError as error:
            flash(display.told(error), "error")
        return redirect(self._back())

    def _tell_once(self, row: Any) -> None:
        """Show the secrets that the write has made, on the next page alone."""
        for name, secret in getattr(row, "told_once", {}).items():
            flash(f"{words(name)}: {secret} – keep it now, it is not shown again.", "warning")

    def _back(self) -> str:
        return get_redirect_target("url") or self.get_url(".index_view")

    def _bulk_work(self, action: str) -> Callable[[Session, str], Any]:
        caller: Caller = g.caller
        if action == "delete":
            return lambda session, key: delete(session, caller, self.entity, key)
        if action == "restore":
            return lambda session, key: restore(session, caller, self.entity, key)
        return lambda session, key: operate(session, caller, self.entity, key, action, {})
