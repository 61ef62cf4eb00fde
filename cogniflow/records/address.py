"""Which record a key of an address means: its number, its uid, or the column the resource names."""

import re
import uuid

from cogniflow.errors import NotFound
from cogniflow.kernel.entity import Entity, is_master, title

LARGEST_ID = 2**63 - 1


def addressed(entity: type[Entity], key: int | str) -> tuple[str, int | uuid.UUID | str]:
    """The column and the value that `key` looks for. Raises NotFound when no record could have it."""
    text = str(key)
    if re.fullmatch(r"[0-9]{1,19}", text) and int(text) <= LARGEST_ID:
        return "id", int(text)
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        return "uid", uuid.UUID(text)
    if entity.resource.key and text.isprintable():
        return entity.resource.key, text
    raise missing(entity, key)


def among_living(entity: type[Entity], column: str) -> bool:
    """Whether `column` tells records apart only among those not archived."""
    return is_master(entity) and column not in ("id", "uid")


def missing(entity: type[Entity], key: object) -> NotFound:
    """The error for a record that is not there, or not for this caller."""
    return NotFound(f"{title(entity)}: there is no record {ascii(str(key)[:80])}.")
