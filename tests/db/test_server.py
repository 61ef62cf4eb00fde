"""Which database is used, as whom, and that a given server's role is kept by everything that connects."""

import psycopg
import pytest
from sqlalchemy import text

from cogniflow.config import ConfigurationError, load_settings
from cogniflow.db.server import Addresses, acting_as, addresses, connections_needed, prepare_given
from cogniflow.db.session import Database
from cogniflow.realtime.changes import conninfo
from tests.db.supervised import ask


def settings(**given):
    return load_settings(_env_file=None, **given)


@pytest.mark.parametrize("form", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_given_url_may_have_any_usual_form(form):
    found = addresses(settings(database_url=f"{form}://anna@db.example/company?sslmode=require"))
    assert found.owner == "postgresql://anna@db.example/company?sslmode=require" and found.server is None and found.guarded


@pytest.mark.parametrize("wrong", ["mysql://anna@db/x", "company", "", "host=db dbname=x", "postgresql://db/x?nonsense=1"])
def test_a_url_of_nothing_that_we_know_is_refused_without_repeating_it(wrong):
    with pytest.raises(ConfigurationError) as refused:
        addresses(settings(database_url=f"{wrong}#secret" if wrong else " "))
    assert "secret" not in refused.value.detail


def test_acting_in_a_role_keeps_what_the_url_says():
    url = "postgresql://anna@db/company?options=-c%20work_mem%3D1MB&sslmode=require"
    asked = psycopg.conninfo.conninfo_to_dict(acting_as(url, "clerk"))
    assert (asked["options"], asked["sslmode"], asked["dbname"]) == ("-c work_mem=1MB -c role=clerk", "require", "company")


def test_every_connection_of_the_application_acts_in_its_role(server, database_name):
    url = acting_as(server.superuser_url(database_name), "cogniflow_app")
    database = Database(url, pool_size=1)
    with database.reading() as session:
        assert session.scalar(text("SELECT current_user || ' ' || current_setting('timezone')")) == "cogniflow_app UTC"
    database.close()
    assert ask(conninfo(url), "SELECT current_user") == ("cogniflow_app",)
    panels = conninfo(url, options="-c statement_timeout=30s")
    assert ask(panels, "SELECT current_user, current_setting('statement_timeout')") == ("cogniflow_app", "30s")


def test_a_role_that_may_not_be_taken_is_not_counted_on(server, database_name):
    with psycopg.connect(server.superuser_url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE landlord LOGIN CREATEROLE IN ROLE cogniflow_owner")
        try:
            given = server.superuser_url(database_name).replace("postgres@", "landlord@")
            assert not prepare_given(Addresses(given, acting_as(given, "cogniflow_app"))).guarded, (
                "it may make roles, not take this one"
            )
            connection.execute("GRANT cogniflow_app TO landlord")
            found = prepare_given(Addresses(given, acting_as(given, "cogniflow_app")))
            assert found.guarded and ask(found.app, "SELECT current_user") == ("cogniflow_app",)
        finally:
            connection.execute("DROP ROLE landlord")


def test_the_embedded_server_allows_what_the_workers_may_open():
    asked = settings(database_url=None, workers=10, pool_size=30, sockets="loop")
    assert connections_needed(asked) == 10 * (30 + 12) + 12
    assert connections_needed(settings(database_url=None, workers=10, pool_size=30)) == 10 * 30 + 12 + 12
    assert addresses(asked).server._max_connections == connections_needed(asked) + 3
