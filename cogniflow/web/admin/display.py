"""How records look on pages: which columns a list shows, how a status is coloured, what a cell is drawn with."""

from types import SimpleNamespace
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape
from sqlalchemy import Column, Date, DateTime, Integer, Numeric, String

from cogniflow.errors import CogniFlowError
from cogniflow.kernel.entity import Entity, label_column
from cogniflow.kernel.fields import COLOUR, PICTURE, Code
from cogniflow.kernel.lifecycle import initial_status, moves
from cogniflow.records.shape import visible
from cogniflow.records.words import is_number, is_reference, plain, words

MOST_COLUMNS = 8
"""Columns that a list shows; the rest is in the details."""
BOOKKEEPING = frozenset({"id", "uid", "created_at", "updated_at", "created_by", "updated_by", "version", "archived_at"})
CODE_LENGTH = Code.__metadata__[0].column.type.length
UNHAPPY = frozenset({"cancelled", "rejected", "reversed", "dismissed", "expired", "given_up", "lost"})
DRAWN = {COLOUR: '<span class="cf-swatch" style="background: {0}"></span>{0}',
         PICTURE: '<img class="cf-picture" src="{0}" alt="">'}
"""How values that are written in a shape of their own are shown."""
WAITING = frozenset({"on_hold", "blocked", "failed"})


def stays_whole(column: Column) -> bool:
    """Whether the value must not be broken over lines: numbers, dates, codes."""
    return isinstance(column.type, Numeric | Integer | Date | DateTime) and not is_reference(column) \
        or (isinstance(column.type, String) and column.type.length == CODE_LENGTH)


def list_columns(entity: type[Entity]) -> list[Column]:
    """The few columns that a list shows: what names the record first, then the most telling ones."""
    label = label_column(entity)
    rest = [column for column in visible(entity) if column is not label and column.key not in BOOKKEEPING
            and not column.info.get("long")]
    shown = [label, *rest]
    # From the last one back: texts that may be empty and what operations note, then other references and amounts that may,
    # then whatever may.
    for dispensable in (lambda column: column.nullable and (isinstance(column.type, String) or "given_by" in column.info),
                        lambda column: column.nullable and is_reference(column) or _is_extra_amount(column),
                        lambda column: column.nullable):
        for column in [each for each in reversed(rest) if dispensable(each) and each.key not in entity.resource.search]:
            if len(shown) > MOST_COLUMNS and column in shown:
                shown.remove(column)
    # The last column is the sum of a document: what goes is before it.
    return shown if len(shown) <= MOST_COLUMNS else [*shown[:MOST_COLUMNS - 1], shown[-1]]


def _is_extra_amount(column: Column) -> bool:
    return is_number(column) and column.server_default is not None and "given_by" not in column.info


def tone(entity: type[Entity], status: str) -> str:
    """How a status is coloured: not begun, under way, waiting, ended well (or all but), ended badly."""
    if status in UNHAPPY:
        return "bad"
    if status in WAITING:
        return "warn"
    if status == initial_status(entity):
        return "mute"
    onward = {move.target for move in moves(entity) if move.source == status and move.target != initial_status(entity)}
    final = {each for each in onward if not any(move.source == each for move in moves(entity))}
    return "ok" if onward == final - UNHAPPY else "info"


def way(entity: type[Entity]) -> list[str]:
    """The statuses that a record passes when all goes well, in order."""
    onward: dict[str, list[str]] = {}
    for move in moves(entity):
        onward.setdefault(move.source, []).append(move.target)

    def longest(status: str, passed: tuple[str, ...]) -> tuple[str, ...]:
        passed = (*passed, status)
        ahead = [longest(each, passed) for each in onward.get(status, ()) if each not in {*passed, *UNHAPPY, *WAITING}]
        return max(ahead, key=len, default=passed)

    first = initial_status(entity)
    return list(longest(first, ())) if first else []


def told(error: CogniFlowError) -> str:
    """What went wrong, in a sentence, and with which fields."""
    fields = [f"{words(each.field.removesuffix('_id'))} {each.message.rstrip('.')}." for each in error.errors
              if each.field and each.message not in error.detail]
    return " ".join([error.detail or error.title, *fields])


def cell(entity: type[Entity], column: Column, row: SimpleNamespace, zone: ZoneInfo) -> Markup:
    """The value as a list shows it: a status with its dot, a time with its exact moment."""
    text = plain(column, row, zone)
    if column.key == "status":
        return Markup('<span class="cf-status" data-tone="{}">{}</span>').format(tone(entity, row.status), text)
    value = getattr(row, column.key)
    if value and (how := DRAWN.get(column.info.get("shape"))):
        return Markup(how).format(text)
    if isinstance(column.type, DateTime) and value is not None:
        return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), text)
    return escape(text)
