"""Exactly one branding is published, and what is published stays to be found, whoever tries."""

import psycopg
import pytest

from tests.domain.trade import CONFLICT, INVALID, SERIALIZATION, at_once, raised, refusal

VERSIONS = "branding_template_versions"
PUBLISH = f"UPDATE {VERSIONS} SET status = 'published' WHERE id = "
CONTENT = {
    "testimonials": "INSERT INTO testimonials (author, quote) VALUES ('Ada', 'Good') RETURNING id",
    "blog_posts": "INSERT INTO blog_posts (title, slug, body) VALUES ('Post', md5(random()::text), 'Body') RETURNING id",
    "features": "INSERT INTO features (title, slug, text) VALUES ('Fast', md5(random()::text), 'Very') RETURNING id",
}


@pytest.fixture
def draft(trade):
    """Makes a draft of a branding."""
    template = trade.one("SELECT id FROM branding_templates LIMIT 1")
    return lambda: trade.insert(VERSIONS, branding_template_id=template, title=trade.name("V"))


def published(trade):
    return [row[0] for row in trade.psql.execute(f"SELECT id FROM {VERSIONS} WHERE status = 'published'")]


def test_the_next_published_branding_takes_the_place_of_the_one_before(trade, draft):
    first, second = draft(), draft()
    trade.do(VERSIONS, first, "publish")
    trade.psql.execute(PUBLISH + str(second))
    assert (published(trade), trade.status(VERSIONS, first)) == ([second], "retired")
    assert trade.one(f"SELECT published_at IS NOT NULL FROM {VERSIONS} WHERE id = %s", second)


def test_of_sixteen_published_at_once_one_is(trade, draft):
    drafts = [draft() for _ in range(16)]
    assert raised(at_once(lambda number: trade.do(VERSIONS, drafts[number], "publish"))) == []
    assert len(published(trade)) == 1


def test_an_old_snapshot_does_not_publish_beside_a_newer_one(trade, draft):
    one, two = draft(), draft()
    with psycopg.connect(trade.url) as late:
        late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        late.execute("SELECT 1")
        trade.do(VERSIONS, one, "publish")
        with pytest.raises(psycopg.Error) as refused:
            late.execute(PUBLISH + str(two))
        late.rollback()
    assert refused.value.sqlstate == SERIALIZATION
    assert published(trade) == [one]


def test_there_is_always_a_published_branding_and_it_stays_as_it_is(trade, draft):
    one = draft()
    trade.do(VERSIONS, one, "publish")
    for statement in (f"UPDATE {VERSIONS} SET status = 'retired' WHERE id = {one}", f"DELETE FROM {VERSIONS} WHERE id = {one}",
                      f"UPDATE {VERSIONS} SET colour = '#000000' WHERE id = {one}",
                      f"INSERT INTO {VERSIONS} (branding_template_id, title, status) "
                      f"SELECT branding_template_id, 'X', 'published' FROM {VERSIONS} WHERE id = {one}"):
        assert refusal(trade.url, statement) == CONFLICT, statement
    trade.do(VERSIONS, one, "revise")
    assert trade.one(f"SELECT status FROM {VERSIONS} ORDER BY id DESC LIMIT 1") == "draft"


@pytest.mark.parametrize("colours", ["colour = '#ffffff'", "text_colour = '#888888'", "dark_colour = '#222222'",
                                     "dark_text_colour = '#777777'"])
def test_colours_that_cannot_be_read_are_refused_in_psql_too(trade, draft, colours):
    assert refusal(trade.url, f"UPDATE {VERSIONS} SET {colours} WHERE id = {draft()}") == INVALID


def test_what_is_no_colour_or_picture_is_refused_in_psql_too(trade, draft):
    for value in ("colour = 'red'", "text_colour = '#FFF'", "logo = 'data:image/svg+xml;base64,AAAA'"):
        assert refusal(trade.url, f"UPDATE {VERSIONS} SET {value} WHERE id = {draft()}") == "23514", value


@pytest.mark.parametrize("table", CONTENT)
def test_published_content_keeps_its_moment_and_is_archived_not_deleted(trade, table):
    key = trade.one(CONTENT[table])
    trade.psql.execute(f"UPDATE {table} SET status = 'published' WHERE id = {key}")
    trade.psql.execute(f"UPDATE {table} SET published_at = NULL WHERE id = {key}")
    assert trade.one(f"SELECT published_at <= now() FROM {table} WHERE id = {key}")
    assert refusal(trade.url, f"DELETE FROM {table} WHERE id = {key}") == CONFLICT
    assert refusal(trade.url, f"UPDATE {table} SET status = 'draft' WHERE id = {key}") == CONFLICT
    trade.do(table, key, "archive")
    assert refusal(trade.url, f"UPDATE {table} SET status = 'published' WHERE id = {key}") == CONFLICT
    if table != "testimonials":
        assert refusal(trade.url, f"UPDATE {table} SET slug = 'other' WHERE id = {key}") == CONFLICT
