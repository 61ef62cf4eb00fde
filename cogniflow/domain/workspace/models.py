"""What people add to records of any kind, and the lists they come back to."""

from sqlalchemy import CheckConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Resource
from cogniflow.kernel.fields import BY_DATABASE, BY_OPERATION, SECRET, Code, Count, Line, Note, RecordId, reference

MENU = "Workspace"


class Comment(Entity):
    """Something that was said about a record; it stays as it was said."""

    __tablename__ = "comments"
    __table_args__ = (Index("ix_comments_record", "entity", "record_id"),)
    resource = Resource(menu=MENU, icon="message", search=("body",), order_by="-id", of_record=True)

    entity: Mapped[Code] = mapped_column(comment="Table of the record it is about.")
    record_id: Mapped[RecordId] = mapped_column(comment="Number of the record it is about.")
    body: Mapped[Note] = mapped_column(comment="What is said.")
    author_id: Mapped[int | None] = reference("users", comment="Who says it; empty for a program.", **BY_DATABASE)


class Attachment(Entity):
    """A file that was added to a record."""

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_record", "entity", "record_id"),
        CheckConstraint("file_name !~ '[[:cntrl:]/\\\\]'", name="file_name_plain"),
        CheckConstraint("media_type ~ '^[a-z0-9.+-]+/[a-z0-9.+-]+$'", name="media_type_plain"),
        CheckConstraint("size > 0", name="file_not_empty"),
    )
    resource = Resource(menu=MENU, icon="paperclip", search=("file_name",), order_by="-id", of_record=True)

    entity: Mapped[Code] = mapped_column(comment="Table of the record it is about.")
    record_id: Mapped[RecordId] = mapped_column(comment="Number of the record it is about.")
    file_name: Mapped[Line] = mapped_column(comment="Name of the file.")
    media_type: Mapped[Line] = mapped_column(
        server_default="application/octet-stream", comment="Kind of file, such as application/pdf."
    )
    size: Mapped[Count] = mapped_column(comment="Bytes.", info={**BY_DATABASE})
    sha256: Mapped[Line] = mapped_column(comment="SHA-256 of the content, in hexadecimal digits.", info={**BY_DATABASE})
    author_id: Mapped[int | None] = reference("users", comment="Who added it; empty for a program.", **BY_DATABASE)
    content: Mapped[bytes] = mapped_column(
        LargeBinary, deferred=True, comment="What is in it; told at /content alone.", info={**SECRET, **BY_OPERATION}
    )


class SavedView(Entity):
    """A list as somebody comes back to it: its filters, search, order and columns."""

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint("user_id", "entity", "title"),
        CheckConstraint("arguments !~ '[[:cntrl:][:space:]]'", name="arguments_plain"),
    )
    resource = Resource(menu=MENU, icon="bookmark", search=("title",), order_by="title", owners=("user_id",))

    title: Mapped[Line] = mapped_column(comment="What its user calls it.")
    entity: Mapped[Code] = mapped_column(comment="Table of the records listed.")
    arguments: Mapped[str] = mapped_column(
        String(2000), comment="What stands after the question mark of the list's address, such as sort=-total&status=confirmed."
    )
    user_id: Mapped[int] = reference("users", comment="User whose view it is.", on_delete="CASCADE")
