"""Users, roles, permissions, API tokens and sessions."""

from sqlalchemy import CheckConstraint, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cogniflow.kernel.entity import Entity, Master, Resource, unique_living
from cogniflow.kernel.fields import (
    BY_OPERATION,
    SECRET,
    Code,
    Email,
    Flag,
    Line,
    Moment,
    Name,
    Note,
    RecordId,
    Texts,
    choice,
    reference,
)

MENU = "Access"


class Role(Master, Entity):
    """A set of rights that users and tokens are given."""

    __tablename__ = "roles"
    __table_args__ = (unique_living("roles", "name"),)
    resource = Resource(menu=MENU, icon="shield", search=("name", "title"), order_by="name", history=True)

    name: Mapped[Code] = mapped_column(comment="Short name used by programs.")
    title: Mapped[Name] = mapped_column(comment="Name shown to people.")
    description: Mapped[Line | None] = mapped_column(comment="What people with this role do.")


class UserRole(Entity):
    """A role that a user has."""

    __tablename__ = "user_roles"
    __table_args__ = (UniqueConstraint("user_id", "role_id"),)
    resource = Resource(menu=MENU, icon="users", owners=("user_id",), history=True)

    user_id: Mapped[int] = reference("users", comment="User who has the role.", on_delete="CASCADE")
    role_id: Mapped[int] = reference("roles", comment="Role the user has.")


class User(Master, Entity):
    """A person who can sign in."""

    __tablename__ = "users"
    __table_args__ = (unique_living("users", "email"), CheckConstraint("email = lower(email)", name="email_in_lower_case"))
    resource = Resource(menu=MENU, icon="user", search=("email", "name"), order_by="email", owners=("id",), history=True)

    email: Mapped[Email] = mapped_column(comment="Address to sign in with, in lower case.")
    name: Mapped[Name] = mapped_column(comment="Full name.")
    password: Mapped[str | None] = mapped_column(comment="Hash of the password (argon2).", info={**SECRET, **BY_OPERATION})
    fs_uniquifier: Mapped[str] = mapped_column(
        server_default=text("md5((gen_random_uuid())::text)"),
        unique=True,
        comment="Changes to end every session.",
        info={**SECRET, **BY_OPERATION},
    )
    active: Mapped[Flag] = mapped_column(server_default="true", comment="Whether the user may sign in.")
    second_factor: Mapped[Code | None] = mapped_column(
        comment="What is asked for after the password; empty for nothing.", info={**BY_OPERATION}
    )
    second_factor_secret: Mapped[Note | None] = mapped_column(
        comment="What codes are computed from, encrypted.", info={**SECRET, **BY_OPERATION}
    )
    second_factor_counter: Mapped[RecordId | None] = mapped_column(
        comment="The last code used: none is taken twice.", info={**SECRET, **BY_OPERATION}
    )
    recovery_codes: Mapped[Texts | None] = mapped_column(
        comment="Codes that do once instead, encrypted.", info={**SECRET, **BY_OPERATION}
    )

    roles: Mapped[list[Role]] = relationship(secondary="user_roles", lazy="selectin", overlaps="user,role")


class Permission(Entity):
    """What a role may do with the records of one entity."""

    __tablename__ = "permissions"
    __table_args__ = (UniqueConstraint("role_id", "entity"),)
    resource = Resource(menu=MENU, icon="key", search=("entity",), order_by="entity", history=True)

    role_id: Mapped[int] = reference("roles", comment="Role that has the right.", on_delete="CASCADE")
    entity: Mapped[Code] = mapped_column(comment="Table whose records it concerns.")
    can_read: Mapped[Flag] = mapped_column(server_default="false", comment="May see them, everywhere.")
    can_create: Mapped[Flag] = mapped_column(server_default="false", comment="May create them.")
    can_update: Mapped[Flag] = mapped_column(server_default="false", comment="May change them.")
    can_delete: Mapped[Flag] = mapped_column(server_default="false", comment="May delete or archive them.")
    operate: Mapped[Texts] = mapped_column(server_default="{}", comment="Verbs it may do with them; * for all.")
    reach: Mapped[str] = choice("all", "own", default="all", comment="Every record, or only the caller's own.")
    hidden_fields: Mapped[Texts] = mapped_column(
        server_default="{}", comment="Fields that it neither tells nor lets be given, such as list_price."
    )


class ApiToken(Entity):
    """A program's key to the API; only its hash is kept."""

    __tablename__ = "api_tokens"
    resource = Resource(menu=MENU, icon="id-badge", search=("name",), order_by="name", owners=("user_id",), history=True)

    name: Mapped[Name] = mapped_column(comment="What the token is for.")
    token_hash: Mapped[bytes] = mapped_column(
        LargeBinary, unique=True, comment="SHA-256 of the token.", info={**SECRET, **BY_OPERATION}
    )
    role_id: Mapped[int] = reference("roles", comment="Role whose rights the token has.")
    user_id: Mapped[int | None] = reference("users", comment="User the token acts for, if any.", on_delete="CASCADE")
    scopes: Mapped[Texts] = mapped_column(
        server_default="{*}", comment="What of the role's rights it has: *, read, products:read, orders:*."
    )
    expires_at: Mapped[Moment | None] = mapped_column(comment="When it stops working; empty for never.")
    revoked_at: Mapped[Moment | None] = mapped_column(comment="When it was taken back.")


class UserSession(Entity):
    """A place where a user is signed in; deleting it signs the user out there."""

    __tablename__ = "user_sessions"
    resource = Resource(menu=MENU, icon="history", search=("device",), order_by="-created_at", owners=("user_id",),
                        history=True)

    user_id: Mapped[int] = reference("users", comment="User who is signed in.", on_delete="CASCADE", **BY_OPERATION)
    key_hash: Mapped[bytes] = mapped_column(
        LargeBinary, unique=True, comment="SHA-256 of the key that the browser keeps.", info={**SECRET, **BY_OPERATION}
    )
    device: Mapped[Line] = mapped_column(comment="Browser and system, as they call themselves.", info={**BY_OPERATION})
    address: Mapped[Line] = mapped_column(comment="Network address that it began at.", info={**BY_OPERATION})
    expires_at: Mapped[Moment] = mapped_column(comment="When it ends, however much it is used.", info={**BY_OPERATION})
