"""What the clock brings: retention that has passed, offers that were valid, suggestions whose dismissal has ended."""

import threading

import psycopg
import structlog

from cogniflow.config import Settings

HOUR = 3600
BATCH = 10_000
HOURLY = (
    "UPDATE public.quotations SET status = 'expired' WHERE status = 'sent' AND valid_until < cogniflow.company_today()",
    "DELETE FROM cogniflow.idempotency_keys WHERE at < now() - interval '1 day'",
    "DELETE FROM cogniflow.sign_in_failures WHERE last_at < now() - interval '1 day'",
    "DELETE FROM public.user_sessions s USING cogniflow.session_uses u WHERE u.session_id = s.id "
    "AND least(s.expires_at, u.idle_at) < now()",
    "DELETE FROM public.analytics_cache WHERE computed_at < now() - interval '1 day'",
    "DELETE FROM cogniflow.record_history "
    "WHERE at < now() - make_interval(days => cogniflow.setting('history.keep_days')::integer)",
    "DELETE FROM public.webhook_deliveries "
    "WHERE created_at < now() - make_interval(days => cogniflow.setting('webhooks.keep_days')::integer)",
    "SELECT cogniflow.refresh_suggestions(array_agg(DISTINCT reorder_rule_id)) FROM public.replenishment_suggestions "
    "WHERE status = 'dismissed' AND dismissed_until BETWEEN cogniflow.company_today() - 7 AND cogniflow.company_today() "
    "HAVING count(*) > 0",
)


def keep_house(owner_url: str, settings: Settings, stop: threading.Event) -> None:
    """Every hour, until `stop` is set, do what the clock brings; a failure is logged and tried again."""
    log = structlog.get_logger("housekeeping")
    while not stop.is_set():
        try:
            log.debug("kept_house", forgotten_changes=do_hourly_work(owner_url, settings.feed_retention_days))
        except psycopg.Error as error:
            log.warning("housekeeping_failed", problem=str(error))
        stop.wait(HOUR)


def do_hourly_work(owner_url: str, feed_retention_days: int, batch: int = BATCH) -> int:
    """Do it once, forgetting `batch` rows of the change log a transaction; the number of those rows that are gone."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        for statement in HOURLY:
            connection.execute(statement)
        gone = 0
        while True:
            done = connection.execute("SELECT cogniflow.forget_changes(%s, %s)", (feed_retention_days, batch)).fetchone()[0]
            gone += done
            if done < batch:
                return gone
