"""One record as its page shows it: fields, links, the way through its statuses, and its lines."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from flask import url_for
from markupsafe import Markup
from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB

from cogniflow.db.session import Database
from cogniflow.domain.accounts.rights import Caller
from cogniflow.domain.workspace.models import Attachment, Comment
from cogniflow.kernel.entity import Entity, lines, references
from cogniflow.records.shape import visible_to
from cogniflow.records.words import is_reference, plain, record_name
from cogniflow.web.admin import display
from cogniflow.web.admin.history import Changes, changes_of
from cogniflow.web.admin.names import topics_of_names
from cogniflow.web.admin.workspace import Added, comments_on, files_of
from cogniflow.web.shell.shell import company_zone


class Details:
    """A record with everything that its page says of it."""

    def __init__(self, entity: type[Entity], row: SimpleNamespace, caller: Caller, database: Database):
        self.entity, self.row, self._caller, self._database = entity, row, caller, database
        self.line = lines(entity)
        self.name = record_name(entity, row)

    def topics(self) -> str:
        """What the page follows: the record, and those whose names it and its lines tell."""
        named = getattr(self.row, self.entity.resource.feed_id)
        own = [f"{self.entity.__tablename__}/{named}", *topics_of_names(self._caller, self.entity, [self.row])]
        return " ".join(own + (topics_of_names(self._caller, self.line, self.row.items) if self.line else []))

    def fields(self) -> list[tuple[Column, Markup, str | None]]:
        """Every field that says something: the column, its value, and where it leads."""
        told = [(column, self.cell(column)) for column in visible_to(self._caller, self.entity)
                if column.key not in display.BOOKKEEPING]
        return [(column, shown, self._link(column)) for column, shown in told if shown]

    def cell(self, column: Column) -> Markup:
        """The value of a field."""
        return display.cell(self.entity, column, self.row, company_zone())

    def written(self) -> str:
        """When the record was made and last changed."""
        table = self.entity.__table__
        made, changed = (plain(table.c[name], self.row, company_zone()) for name in ("created_at", "updated_at"))
        return f"Created {made}, last changed {changed}, version {self.row.version}"

    def changes(self, cursor: str | None) -> Changes | None:
        """What became of it, the newest first or what was before a cursor; None where no history is kept."""
        if not self.entity.resource.history:
            return None
        with self._database.reading() as session:
            return changes_of(session, self._caller, self.entity, self.row.id, cursor)

    def comments(self) -> list[Added] | None:
        """What was said about it; None where nothing can be."""
        return self._added(Comment, comments_on)

    def files(self) -> list[Added] | None:
        """The files that were added to it; None where none can be."""
        return self._added(Attachment, files_of)

    def may_add(self, table: str) -> bool:
        """Whether the caller may add a comment or a file."""
        return self._caller.may("create", table)

    def steps(self) -> list[tuple[str, str]]:
        """The statuses on the way, each done, current or next; none for a record without a way."""
        now, way = getattr(self.row, "status", None), display.way(self.entity)
        if len(way) < 2:
            return []
        if now not in way:
            return [*((each, "next") for each in way), (now, "current")]
        place = way.index(now)
        return [(each, "done" if n < place else "current" if n == place else "next") for n, each in enumerate(way)]

    def line_columns(self) -> list[Column]:
        """The columns of the lines."""
        hidden = {f"{self.line.resource.lines_of}_id", "position"} | display.BOOKKEEPING
        return [column for column in visible_to(self._caller, self.line)
                if column.key not in hidden and not isinstance(column.type, JSONB)]

    def line_cell(self, column: Column, row: Any) -> Markup:
        """The value of a field of a line."""
        return display.cell(self.line, column, row, company_zone())

    def _added(self, kind: type[Entity], find: Callable[..., list[Added]]) -> list[Added] | None:
        if self.entity.resource.of_record or not self._caller.may_open(kind.__tablename__):
            return None
        with self._database.reading() as session:
            return find(session, self._caller, self.entity, self.row.id)

    def _link(self, column: Column) -> str | None:
        if not is_reference(column):
            return None
        target = references(self.entity)[column.key.removesuffix("_id")].__tablename__
        if not self._caller.may("read", target):
            return None
        return url_for(f"admin_{target}.details_view", id=getattr(self.row, column.key))
