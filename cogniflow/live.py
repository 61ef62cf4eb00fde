"""The live side of the installation, put together: the feed of its database, told of entities, dashboards and rights."""

from cogniflow.analytics.registry import panels
from cogniflow.config import Settings
from cogniflow.db.server import addresses
from cogniflow.db.session import Database
from cogniflow.domain.registry import load
from cogniflow.realtime.feed import Feed
from cogniflow.records.subscriptions import RecordAuthoriser, event_map


def app_url(settings: Settings) -> str:
    """Where the application finds its database: a libpq URL."""
    return settings.app_url.get_secret_value() if settings.app_url else addresses(settings).app


def create_feed(settings: Settings, url: str, database: Database) -> Feed:
    """The feed of a database, told of the entities, the dashboards and the rights."""
    load()
    return Feed(url, event_map(panels()), RecordAuthoriser(database, panels()), panels(), bell=settings.bell)
