"""Rights to the declared operations; an administrator's later word stands."""

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from cogniflow.db.tables import record_history
from cogniflow.domain.accounts.models import Permission, Role
from cogniflow.kernel.entity import entities
from cogniflow.kernel.operation import operations


def list_missing_permissions(session: Session) -> None:
    """Let each operation's role see its entity and do its verbs, where the role has no word on the entity and never had."""
    roles = dict(session.execute(select(Role.name, Role.id).where(Role.archived_at.is_(None))).all())
    known = set(session.execute(select(Permission.role_id, Permission.entity)).all()) | _taken_back(session)
    for entity in entities():
        verbs = defaultdict(list)
        for each in operations(entity).values():
            verbs[roles.get(each.role)].append(each.verb)
        session.add_all(Permission(role_id=role_id, entity=entity.__tablename__, can_read=True, operate=names)
                        for role_id, names in verbs.items() if role_id and (role_id, entity.__tablename__) not in known)


def _taken_back(session: Session) -> set[tuple[int, str]]:
    old = record_history.c.old
    gone = session.execute(select(old["role_id"].as_integer(), old["entity"].as_string()).where(
        record_history.c.tbl == Permission.__tablename__, record_history.c.op == "D"))
    return {(role_id, entity) for role_id, entity in gone}
