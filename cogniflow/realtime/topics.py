"""Topics, and which events a change of a table is on each of them."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode

from cogniflow.realtime.changes import Change
from cogniflow.realtime.panel_result import Panel
from cogniflow.realtime.protocol import Event

MOST_IDS = 200
"""An event names at most so many records or transactions; beyond, it says null."""


@dataclass(frozen=True)
class EventRule:
    """One event that a change of a table is: its name, the topic it is on, and the changes that count.

    `topic` None is the table's own, with `<table>/<id>` of each record. `ops`: of I, U, D, T. `columns`: an update counts
    only when it changed one of them. `to_owners`: also on `user/<id>` of every user the change concerns.
    """

    event: str
    topic: str | None = None
    ops: str = "IUDT"
    columns: frozenset[str] = frozenset()
    to_owners: bool = False


@dataclass(frozen=True)
class EventMap:
    """What the feed must know of the business: the rules of each table by its name, and the tables that decide rights."""

    rules: Mapping[str, tuple[EventRule, ...]]
    access_tables: frozenset[str] = frozenset()
    dashboards: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        topics = (rule.topic for rules in self.rules.values() for rule in rules)
        object.__setattr__(self, "dashboards", frozenset(topic for topic in topics if topic and "/" in topic))


def canonical(text: str, events: EventMap, panels: Mapping[str, Panel] = MappingProxyType({})) -> str | None:
    """The topic as it is written in events, or None when there is no such topic.

    `goods-receipt-notes` is `goods_receipt_notes`; the parameters of a panel, by its name in `panels`, are sorted by name and
    written as the panel writes them: `days=07` is `days=7`.
    """
    head, _, rest = text.partition("/")
    if head == "panel":
        return _panel_topic(text, panels)
    if head == "dashboard":
        return text if text in events.dashboards else None
    record = rest if rest.isascii() and rest.isdigit() and len(rest) < 19 else None
    if rest and record is None or text.endswith("/"):
        return None
    name = head.replace("-", "_")
    if head == "user":
        return f"user/{int(record)}" if record else None
    if name not in events.rules:
        return None
    return f"{name}/{int(record)}" if record else name


def _panel_topic(text: str, panels: Mapping[str, Panel]) -> str | None:
    name, given = panel_of(text)
    params = panels[name].accepts(given) if name in panels else None
    if params is None:
        return None
    return f"panel/{name}?{urlencode(sorted(params.items()))}" if params else f"panel/{name}"


def panel_of(topic: str) -> tuple[str, dict[str, str]]:
    """Name and parameters of a panel topic; of a parameter given twice, the last."""
    name, _, query = topic.removeprefix("panel/").partition("?")
    return name, dict(parse_qsl(query, keep_blank_values=True))


class EventsByTopic:
    """The events of some changes on the `wanted` topics; those of one topic, name and operation are one event."""

    def __init__(self, changes: Iterable[Change], events: EventMap, wanted: Set[str]):
        self._found: dict[str, dict[tuple[str, str], tuple[int, Event]]] = {}
        # a record's client also hears of its table when nobody said which records changed
        self._wanted = wanted | {topic.partition("/")[0] for topic in wanted}
        self._count = 0
        for change in changes:
            for rule in events.rules.get(change.tbl, ()):
                if _counts(rule, change):
                    self._place(rule, change)

    def of(self, topics: Iterable[str]) -> list[Event]:
        """What concerns a client of `topics`, in the order in which it first happened."""
        found = [each for topic in topics for each in self._on(topic)]
        return [event for _, event in sorted(found, key=lambda each: each[0])]

    def _on(self, topic: str) -> Iterable[tuple[int, Event]]:
        table, _, record = topic.partition("/")
        yield from self._found.get(topic, {}).values()
        if record.isdigit():
            # many records changed at once and nobody said which: it may be this one
            for order, event in self._found.get(table, {}).values():
                if event.ids is None and (event.event, event.op) not in self._found.get(topic, {}):
                    yield order, replace(event, topic=topic)

    def _place(self, rule: EventRule, change: Change) -> None:
        ids = list(change.ids) if change.ids is not None else None
        whole = Event(rule.topic or change.tbl, rule.event, change.op, change.n, ids if rule.topic is None else None,
                      list(change.cols) if change.cols is not None else None, [str(change.xid)])
        self._put(whole)
        if rule.topic is None:
            for each in ids or ():
                if f"{change.tbl}/{each}" in self._wanted:
                    self._put(replace(whole, topic=f"{change.tbl}/{each}", n=1, ids=[each]))
        if rule.to_owners:
            alone = change.routes is not None and len(change.routes) == 1
            for user in change.routes or ():
                # the records of several users in one statement: which is whose is not for each of them to know
                self._put(replace(whole, topic=f"user/{user}", ids=ids if alone else None))

    def _put(self, event: Event) -> None:
        if event.topic not in self._wanted:
            return
        on_topic = self._found.setdefault(event.topic, {})
        order, known = on_topic.get((event.event, event.op), (self._count, None))
        on_topic[event.event, event.op] = (order, merged(known, event) if known else event)
        self._count += 1


def merged(first: Event, second: Event) -> Event:
    """Two events of one topic, name and operation as one."""
    return replace(first, n=first.n + second.n, ids=_union(first.ids, second.ids), cols=_union(first.cols, second.cols),
                   xids=_union(first.xids, second.xids))


def conflated(events: Iterable[Event], *, drop_ids: bool = False) -> list[Event]:
    """The events with those of one topic, name and operation merged; with `drop_ids` they say only that it changed."""
    found: dict[tuple[str, str, str], Event] = {}
    for event in events:
        if drop_ids:
            event = replace(event, ids=None, xids=None)
        key = (event.topic, event.event, event.op)
        found[key] = merged(found[key], event) if key in found else event
    return list(found.values())


def _union(first: list | None, second: list | None) -> list | None:
    if first is None or second is None:
        return None
    both = list(dict.fromkeys(first + second))
    return both if len(both) <= MOST_IDS else None


def _counts(rule: EventRule, change: Change) -> bool:
    if change.op not in rule.ops:
        return False
    if not rule.columns or change.op == "T":
        return True
    if change.op == "U":
        return change.cols is None or not rule.columns.isdisjoint(change.cols)
    return bool(change.routes) if rule.to_owners else True
