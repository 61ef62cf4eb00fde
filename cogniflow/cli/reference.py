"""The reference pages' text, derived from entities, operations, protocol, errors, commands and settings."""

import click

from cogniflow import errors
from cogniflow.config import Settings
from cogniflow.kernel.entity import Entity, document_of, entities, event_name, is_master, lines, rest_path, title
from cogniflow.kernel.lifecycle import initial_status, moves, statuses
from cogniflow.kernel.operation import operations
from cogniflow.kernel.setting import settings
from cogniflow.realtime import protocol

WRITTEN = "*Written by `cogniflow docs` from the declarations; do not edit.*"


def pages(main: click.Group) -> dict[str, str]:
    """Every reference page by file name."""
    return {
        "entities.md": _entities(),
        "operations.md": _operations(),
        "events.md": _events(),
        "errors.md": _errors(),
        "realtime.md": _protocol(),
        "cli.md": _commands(main),
        "settings.md": _settings(),
    }


def _page(heading: str, *parts: str) -> str:
    return "\n\n".join((f"# {heading}", WRITTEN, *parts)) + "\n"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    cells = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in cells)


def _entities() -> str:
    return _page("Entities", *(_entity(each) for each in entities()))


def _entity(entity: type[Entity]) -> str:
    kind = [
        "read-only" if entity.resource.read_only else "",
        "archived, not deleted, once referenced" if is_master(entity) else "",
        "kept with history" if entity.resource.history else "",
    ]
    facts = [f"`/api/{rest_path(entity)}`", f"topic `{entity.__tablename__}`", f"event `{event_name(entity)}`"]
    if items := lines(entity):
        facts.append(f"lines: `items` of `{items.__tablename__}`")
    if document := document_of(entity):
        facts.append(f"lines of `{document.__tablename__}`")
    rows = [
        (f"`{column.key}`", f"{column.type}".lower(), _given(column), column.comment or "") for column in entity.__table__.columns
    ]
    return "\n\n".join(
        (
            f"## {title(entity)}",
            entity.__table__.comment,
            " · ".join([*facts, *filter(None, kind)]),
            _table(("Field", "Type", "Given by", "Meaning"), rows),
        )
    )


def _given(column) -> str:
    if giver := column.info.get("given_by"):
        return str(giver)
    needed = not column.nullable and column.server_default is None
    choices = column.info.get("choices")
    return " ".join(filter(None, ("you" + (", required" if needed else ""), f"({', '.join(choices)})" if choices else "")))


def _operations() -> str:
    return _page(
        "Operations",
        "`POST /api/<resource>/<id>/<verb>` · `cogniflow do <resource> <id> <verb>` · a button in the admin",
        *(_lifecycle(each) for each in entities() if operations(each)),
    )


def _lifecycle(entity: type[Entity]) -> str:
    drawn = [f"    [*] --> {initial_status(entity)}"] if initial_status(entity) else []
    drawn += [f"    {move.source} --> {move.target}: {move.verb or 'follows'}" for move in moves(entity)]
    rows = [
        (
            f"`{each.verb}`",
            ", ".join(f"{a} → {b}" if a != b else a for a, b in each.moves.items()) or "any",
            each.role or "",
            ", ".join(f"`{name}`" for name in each.options.model_fields),
            each.summary,
        )
        for each in operations(entity).values()
    ]
    diagram = "```mermaid\nstateDiagram-v2\n" + "\n".join(drawn) + "\n```" if len(statuses(entity)) > 1 else ""
    return "\n\n".join(
        filter(None, (f"## {title(entity)}", diagram, _table(("Verb", "Moves", "Role", "Options", "What it does"), rows)))
    )


WAYS = {"I": "insert", "U": "update", "D": "delete"}
"""What a happening may be, in words."""


def _events() -> str:
    rows = []
    for each in entities():
        items = lines(each)
        caused = f"`{each.__tablename__}`" + (f", `{items.__tablename__}`" if items else "")
        topics = f"`{each.__tablename__}`, `{each.__tablename__}/<{each.resource.feed_id}>`"
        topics += ", `user/<id>`" if each.resource.owners else ""
        rows.append((f"`{event_name(each)}`", topics, caused, f"`{each.resource.feed_id}`"))
        for named in each.resource.happenings:
            columns = f" of {', '.join(f'`{column}`' for column in named.columns)}" if named.columns else ""
            ways = " or ".join(WAYS[op] for op in named.ops)
            rows.append((f"`{named.event}`", topics, f"`{each.__tablename__}`: {ways}{columns}", f"`{each.resource.feed_id}`"))
    rows += [
        ("`warehouse_capacity_updated`", "`dashboard/warehouse-capacity`", "the tables it is computed from", "none"),
        ("`delivery_performance_updated`", "`dashboard/delivery-performance`", "the tables it is computed from", "none"),
    ]
    return _page("Events", _table(("Event", "Topics", "Caused by changes of", "Ids are"), sorted(rows)))


def _errors() -> str:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CogniFlowError)]
    rows = [(str(kind.status), kind.title, (kind.__doc__ or "").strip()) for kind in kinds]
    return _page(
        "Errors",
        "Every error is `application/problem+json`: `type`, `title`, `status`, `detail`, `errors: [{field, message}]`.",
        _table(("Status", "Title", "Meaning"), sorted(rows)),
    )


def _protocol() -> str:
    kinds = [
        kind
        for kind in vars(protocol).values()
        if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__") and kind.__module__ == protocol.__name__
    ]
    rows = [
        (
            f"`{kind.__name__}`",
            ", ".join(f"`{name}`" for name in kind.__dataclass_fields__),
            " ".join((kind.__doc__ or "").split()),
        )
        for kind in kinds
    ]
    return _page("Realtime protocol", " ".join((protocol.__doc__ or "").split()), _table(("Message", "Fields", "Meaning"), rows))


def _commands(main: click.Group) -> str:
    return _page("Command line", *_helps(main, "cogniflow"))


def _helps(command: click.Command, name: str) -> list[str]:
    context = click.Context(command, info_name=name, terminal_width=100, max_content_width=100)
    mine = [f"## `{name}`\n\n```text\n{command.get_help(context)}\n```"]
    if not isinstance(command, click.Group):
        return mine
    below = {key: command.get_command(context, key) for key in command.list_commands(context)}
    return mine + [part for key, each in below.items() if not each.hidden for part in _helps(each, f"{name} {key}")]


def _settings() -> str:
    rows = [
        (
            "`DATABASE_URL`" if name == "database_url" else f"`COGNIFLOW_{name.upper()}`",
            "" if field.default is None else f"`{field.default}`",
            field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]
    declared = [(f"`{each.key}`", each.kind, f"`{each.default}`", each.description) for each in settings().values()
                if not each.key.startswith("panel.")]
    return _page("Settings", "Read from the environment, then from `.env`.", _table(("Variable", "Default", "Meaning"), rows),
                 "Of the company, at `/api/system/settings`, effective at once; `panel.*` are the dashboards' texts.",
                 _table(("Key", "Kind", "Default", "Meaning"), declared))
