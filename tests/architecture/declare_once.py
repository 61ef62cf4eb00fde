"""Run by test_declare_once.py in a process of its own: one class more, and everything that follows from it.

Argument: the libpq URL of the test database's owner; the application's in COGNIFLOW_APP_URL.
"""

import sys
from pathlib import Path

import psycopg
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.app import create_app
from cogniflow.config import load_settings
from cogniflow.db import migrate
from cogniflow.db.session import SYSTEM
from cogniflow.domain.accounts.tokens import create_token
from cogniflow.domain.registry import load
from cogniflow.installation import list_declared
from cogniflow.kernel.entity import Entity, Master, Resource, metadata, unique_living
from cogniflow.kernel.fields import Code, Money, Name


class Vehicle(Master, Entity):
    """A van or lorry that carries goods."""

    __tablename__ = "vehicles"
    __table_args__ = (unique_living("vehicles", "plate"),)
    resource = Resource(menu="Fleet", icon="truck", search=("plate", "name"), order_by="plate")

    plate: Mapped[Code] = mapped_column(comment="Number plate.")
    name: Mapped[Name] = mapped_column(comment="What people call it.")
    value: Mapped[Money] = mapped_column(server_default="0", comment="Worth in base currency.")


def main(owner_url: str, folder: str) -> None:
    """Migrate by a generated file's worth, then look for every door."""
    load()
    with psycopg.connect(owner_url, autocommit=True) as connection:
        from sqlalchemy import create_engine

        metadata.tables["vehicles"].create(create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(owner_url)))
        migrate.upgrade(owner_url)
        app = create_app(load_settings(data_dir=Path(folder), _env_file=None))
        context = app.extensions["cogniflow"]
        list_declared(context.database)
        with context.database.transaction(SYSTEM) as session:
            bearer = {"Authorization": f"Bearer {create_token(session, 'administrator', 'test')}"}
        client = app.test_client()
        made = client.post("/api/vehicles", json={"plate": "B-CF 1", "name": "Van"}, headers=bearer)
        assert (made.status_code, made.json["value"], made.json["version"]) == (201, "0", 1), made.text
        assert client.get("/api/vehicles?q=van", headers=bearer).json["data"][0]["plate"] == "B-CF 1"
        assert "/api/vehicles/{id}" in client.get("/openapi.json", headers=bearer).json["paths"]
        assert "B-CF 1" in client.get("/admin/vehicles/", headers=bearer).text
        assert context.feed.topic("vehicles") == "vehicles"
        log = connection.execute("SELECT op, n FROM cogniflow.change_log WHERE tbl = 'vehicles'").fetchall()
        assert log == [("I", 1)], log
        listed = connection.execute(
            "SELECT m.title, s.title FROM system_sub_modules s JOIN system_modules m ON m.id = s.module_id "
            "WHERE s.entity = 'vehicles'"
        ).fetchall()
        assert listed == [("Fleet", "Vehicles")], listed
        assert connection.execute("SELECT obj_description('vehicles'::regclass)").fetchone() == (
            "A van or lorry that carries goods.",
        )
        context.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
    print("everything follows")
