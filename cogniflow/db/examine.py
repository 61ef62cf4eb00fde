"""Questions about the database's own state, for health checks and the doctor."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from cogniflow.db.migrate import sql_folder

SLEEPING = text("SELECT tgrelid::regclass || '.' || tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'A'")

STRAIN = text("SELECT pg_notification_queue_usage(), coalesce((SELECT extract(epoch FROM max(clock_timestamp() - xact_start)) "
              "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()), 0)::float")


def answer(session: Session) -> None:
    """Ask for the least there is; raises what keeps the database from answering."""
    session.execute(text("SELECT 1"))


def connections_allowed(session: Session) -> int:
    """How many connections the server allows to whoever is no superuser."""
    return int(session.scalar(text("SELECT current_setting('max_connections')::int - "
                                   "current_setting('superuser_reserved_connections')::int")))


def strain(session: Session) -> dict[str, float]:
    """What slows the feed down: the notification queue's used part (0 to 1), and the seconds the oldest transaction is open,
    in any database, for positions name all that are open.

    Of other roles' transactions PostgreSQL tells only those who may know (`pg_read_all_stats`), as our roles of our own server.
    """
    queue, oldest = session.execute(STRAIN).one()
    return {"notification_queue": queue, "oldest_transaction": oldest}


def sleeping_guards(session: Session) -> Sequence[str]:
    """The triggers that somebody switched off, as table.trigger."""
    return session.scalars(SLEEPING).all()


def broken_rules(session: Session) -> dict[str, list[tuple]]:
    """By the name of each query of `sql/checks` that found any: the rows that break its rule."""
    found = {file.stem: session.connection().exec_driver_sql(file.read_text("utf-8")).all()
             for file in sorted((sql_folder() / "checks").glob("*.sql"))}
    return {rule: [tuple(row) for row in rows] for rule, rows in found.items() if rows}
