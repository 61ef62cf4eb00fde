"""What a panel is: one named query that many people look at, with its texts, its parameters and what it reads."""

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import orjson
import psycopg
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Date,
    DateTime,
    Integer,
    Numeric,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnElement

from cogniflow.domain.accounts.rights import Caller
from cogniflow.domain.system.models import SystemSetting
from cogniflow.errors import BadRequest, FieldError, Invalid

BASE_CURRENCY = "company.base_currency"
"""The setting that names the unit of every amount."""
SHARED_LABELS = {"table": "View as table", "as_of": "as of {time}", "empty": "Nothing to show yet."}
UTC = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
PSYCOPG = PGDialect_psycopg()

# as subqueries they are asked once; as plain calls, once a row
today = select(func.cogniflow.company_today(type_=Date)).scalar_subquery()
time_zone = select(func.cogniflow.company_timezone(type_=Text)).scalar_subquery()


@dataclass(frozen=True)
class WholeNumber:
    """A parameter of a panel: a whole number within bounds."""

    default: int
    least: int = 1
    most: int = 3660


@dataclass(frozen=True)
class Panel:
    """A named query behind a number, a chart or a list, computed once for all who may see it."""

    name: str
    title: str
    rows: Callable[..., Select]
    """Makes its query; called with a bound value per parameter, and with `user` when every user has their own."""
    unit: str | None = None
    """What its numbers count; None for amounts in the base currency."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Default text of its columns, and of `note` and `empty`; `{name}` stands for a parameter or a value of the first row."""
    parameters: Mapping[str, WholeNumber] = field(default_factory=dict)
    scope: Literal["company", "user"] = "company"
    """Whether everyone sees the same, or every user their own: what the query finds with the user's id as `user`."""

    @property
    def topic(self) -> str:
        """Its topic in the feed, without parameters."""
        return f"panel/{self.name}"

    @cached_property
    def texts(self) -> dict[str, str | None]:
        """Every default text by its key; the row `panel.<name>.<key>` of the settings outweighs it."""
        return {"title": self.title, "unit": self.unit} | SHARED_LABELS | dict(self.labels)

    @cached_property
    def permission(self) -> frozenset[str]:
        """The entities that a caller must be allowed to read: those the query reads."""
        return frozenset(name for table in _tables(self._rows) for name in table.info.get("shows", (table.name,)))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The tables it is computed from; the settings decide its texts and what day it is."""
        made_of = (table.info.get("reads", (table.name,)) for table in _tables(self._rows))
        return frozenset(name for names in made_of for name in names) | {SystemSetting.__tablename__}

    def visible_to(self, caller: Caller) -> bool:
        """Whether the caller may read all that it shows, not just records of their own, and all of it is in use; and is a user,
        where each has theirs.
        """
        if self.scope == "user" and caller.user_id is None:
            return False
        # what it shows of a table may be what is hidden there: whom anything is hidden from does not see it
        return all(caller.may_follow(entity) and not caller.hidden(entity) for entity in self.permission)

    def scope_of(self, caller: Caller) -> str:
        """Whose result the caller sees: "" for that of everyone, else their user id."""
        return str(caller.user_id) if self.scope == "user" else ""

    def parse(self, given: Mapping[str, str]) -> dict[str, int]:
        """The parameters as numbers. Raises BadRequest for an unknown one, Invalid for a value that cannot be used."""
        if unknown := sorted(set(given) - set(self.parameters)):
            raise BadRequest(f"{self.name} has no parameter {unknown[0]}.")
        values = {name: each.default for name, each in self.parameters.items()}
        for name, text in given.items():
            bounds = self.parameters[name]
            if not (text.isascii() and text.isdigit() and len(text) < 9 and bounds.least <= int(text) <= bounds.most):
                said = f"must be a whole number from {bounds.least} to {bounds.most}"
                raise Invalid(f"{name} {said}.", [FieldError(name, said)])
            values[name] = int(text)
        return values

    def accepts(self, params: Mapping[str, str]) -> dict[str, str] | None:
        """The parameters given, each value written in one way (`07` as `7`); None when they cannot be used."""
        try:
            values = self.parse(params)
        except (BadRequest, Invalid):
            return None
        return {name: str(values[name]) for name in params}

    def compute(self, connection: psycopg.Connection, params: Mapping[str, str],
                scope: str = "") -> tuple[bytes, str, dt.datetime]:
        """What pages are pushed: `{title, unit, labels, params, data}` as JSON, the feed token, the company's next midnight."""
        sql, fixed = self._pushed
        body, token, until = connection.execute(sql, fixed | self._values(params, scope)).fetchone()
        return body.encode(), token, until

    def answer(self, session: Session, params: Mapping[str, str], scope: str = "") -> tuple[bytes, str | None]:
        """What REST answers: `{data, as_of, token}` as JSON, and the token once more for the header."""
        body, token = session.execute(self._answered, self._values(params, scope)).one()
        return body.encode(), token

    @cached_property
    def definition(self) -> str:
        """A fingerprint of its query and texts, the same in every process of one version."""
        return hashlib.blake2b(repr(self._pushed).encode(), digest_size=8).hexdigest()

    def _values(self, params: Mapping[str, str], scope: str) -> dict[str, int]:
        return self.parse(params) | ({"user": int(scope)} if self.scope == "user" else {})

    @cached_property
    def _bound(self) -> dict[str, BindParameter[int]]:
        return {name: bindparam(name, each.default, Integer) for name, each in self.parameters.items()}

    @cached_property
    def _rows(self) -> Select:
        whose = {"user": bindparam("user", None, BigInteger)} if self.scope == "user" else {}
        return self.rows(**self._bound, **whose)

    @cached_property
    def _pushed(self) -> tuple[str, dict[str, Any]]:
        texts = select(_texts(self).label("said")).cte("texts")
        said = texts.c.said
        labels = said.op("-", return_type=JSONB())(cast(["title", "unit"], ARRAY(Text)))
        body = func.json_build_object(
            "title", said["title"], "unit", said["unit"], "labels", labels,
            "params", func.json_build_object(*(part for each in self._bound.items() for part in each)), "data", _data(self._rows))
        midnight = func.timezone(time_zone, cast(today + 1, DateTime))
        # the thread that computes panels holds the driver's own connection
        statement = select(cast(body, Text), func.cogniflow.token(), midnight).select_from(texts)
        compiled = statement.compile(dialect=PSYCOPG, compile_kwargs={"render_postcompile": True})
        return str(compiled), compiled.params

    @cached_property
    def _answered(self) -> Select:
        as_of = func.to_char(func.timezone("UTC", func.now()), UTC)
        body = func.json_build_object("data", _data(self._rows), "as_of", as_of, "token", func.cogniflow.token())
        return select(cast(body, Text), func.cogniflow.token())


def _tables(rows: Select) -> set[Table]:
    return {each for each in visitors.iterate(rows) if isinstance(each, Table)}


def _texts(panel: Panel) -> ColumnElement:
    """The panel's texts by key: those declared, outweighed by the settings' rows."""
    prefix = f"panel.{panel.name}."
    key, value = SystemSetting.key, cast(SystemSetting.value, JSONB)
    chosen = select(func.jsonb_object_agg(func.substr(key, len(prefix) + 1), value)).where(
        key.startswith(prefix, autoescape=True))
    currency = select(func.jsonb_build_object("unit", value)).where(key == BASE_CURRENCY)
    layers = [chosen] if panel.unit else [currency, chosen]
    texts = cast(literal(orjson.dumps(panel.texts).decode(), Text), JSONB)
    for layer in layers:
        texts = texts.op("||", return_type=JSONB())(func.coalesce(layer.scalar_subquery(), cast(literal("{}", Text), JSONB)))
    return texts


def _data(rows: Select) -> ColumnElement:
    """The rows as one JSON list of objects, in their order."""
    figures = rows.subquery("figures")
    pairs = [part for each in figures.columns for part in (each.key, _json(each))]
    listed = select(func.json_agg(func.json_build_object(*pairs))).scalar_subquery()
    return func.coalesce(listed, cast(literal("[]", Text), JSON))


def _json(value: ColumnElement) -> ColumnElement:
    """The value as JSON shows it: a decimal number as text, without zeros at its end."""
    return cast(func.trim_scale(value), Text) if isinstance(value.type, Numeric) else value
