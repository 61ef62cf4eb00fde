"""Files added to records: taken in whole, given back whole, to whom may read the record."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from cogniflow.domain.accounts.rights import Caller
from cogniflow.domain.workspace.models import Attachment
from cogniflow.records.authorise import require
from cogniflow.records.parse import parse
from cogniflow.records.read import one
from cogniflow.records.rows import inserted
from cogniflow.records.write import refuse_unreadable


def attach(session: Session, caller: Caller, values: Mapping[str, Any], content: bytes) -> Attachment:
    """A file added to a record that the caller may read. Raises Invalid where it is empty, too large or of no such record."""
    require(caller, "create", Attachment)
    given = parse(Attachment, "create", values)
    refuse_unreadable(session, caller, Attachment, given)
    [row] = inserted(session, Attachment, [{**given, "content": content}])
    return row


def file_of(session: Session, caller: Caller, key: int | str) -> Row[tuple[str, str, str, bytes]]:
    """Name, media type, sum and content of a file. Raises NotFound where it is not there for the caller."""
    wanted = select(Attachment.file_name, Attachment.media_type, Attachment.sha256, Attachment.content)
    return session.execute(wanted.where(Attachment.id == one(session, caller, Attachment, key, fields=("id",)).id)).one()
