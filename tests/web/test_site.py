"""The public page shows what is published, now, to everyone, in the company's look."""

import base64
import re
from decimal import Decimal

import psycopg
import pytest

from cogniflow.domain.branding import models
from cogniflow.web.shell import branding
from cogniflow.web.shell.shell import STATIC

RED = {"colour": "#b00020", "text_colour": "#ffffff", "dark_colour": "#ff8a80", "dark_text_colour": "#000000"}
PICTURE = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture
def visitor(app):
    """A client that nobody has signed in with."""
    return app.test_client()


@pytest.fixture
def publish(api):
    """Makes content of a table and publishes it; its REST path and id."""
    def done(table, options=None, **values):
        made = api.new(table, **values)
        path = f"{table.replace('_', '-')}/{made['id']}"
        answer = api.post(f"{path}/publish", options or {})
        assert answer.status_code == 200, answer.text
        return path
    return done


@pytest.fixture
def version(api):
    """Makes a version of a branding template; its REST path."""
    return lambda **values: f"branding-template-versions/{api.new('branding_template_versions', **RED, **values)['id']}"


def test_visitors_see_what_is_published_and_nothing_else(visitor, api, publish):
    publish("features", title="We are quick", slug="quick")
    publish("testimonials", quote="Never better", author="Ada")
    publish("blog_posts", {"at": "2124-01-01T00:00:00Z"}, title="Tomorrow's news", slug="tomorrow")
    gone = publish("features", title="Of yesterday")
    api.post(f"{gone}/archive")
    api.new("features", title="Not yet")
    page = visitor.get("/site/")
    assert page.status_code == 200
    assert "We are quick" in page.text
    assert "Never better" in page.text
    assert not re.search("Tomorrow|Of yesterday|Not yet", page.text)
    assert visitor.get("/site/blog/tomorrow").status_code == 404


def test_a_post_has_its_page_and_picture(visitor, publish):
    publish("blog_posts", title="News <b>", slug="news", body="One\n\nTwo & three", picture=PICTURE)
    page = visitor.get("/site/blog/news")
    assert "<p>One</p>" in page.text
    assert "<p>Two &amp; three</p>" in page.text
    assert "News &lt;b&gt;" in page.text
    picture = visitor.get("/site/blog/news/picture")
    assert (picture.data, picture.content_type) == (base64.b64decode("iVBORw0KGgo="), "image/png")


def test_an_open_page_is_told_only_what_is_new(visitor, publish):
    seen = visitor.get("/site/").headers["ETag"]
    again = visitor.get("/site/", headers={"If-None-Match": seen.replace('"', ':br"')[3:]})
    assert (again.status_code, again.data) == (304, b"")
    publish("features", title="Brand new")
    assert "Brand new" in visitor.get("/site/", headers={"If-None-Match": seen}).text


@pytest.mark.parametrize("picture", ["data:image/svg+xml;base64,AAAA", "https://elsewhere.example/x.png", f"{PICTURE}\n"])
def test_only_pictures_that_run_nothing_are_taken(api, picture):
    refused = api.post("blog-posts", {"title": "T", "slug": "t", "body": "B", "picture": picture})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "picture")


def test_publishing_a_branding_dresses_every_page_anew_and_retires_the_one_before(visitor, client, api, version):
    new = version(name="Red & Co", logo=PICTURE, heading_font="serif")
    before = api.get("branding-template-versions?status=published").json["data"]
    assert len(before) == 1
    assert api.post(f"{new}/publish").json["published_at"]
    for page in (visitor.get("/site/"), visitor.get("/login"), client.get("/admin/products/")):
        assert "--cf-brand: #b00020; --cf-on-brand: #ffffff" in page.text
        assert "--cf-heading-font: Georgia" in page.text
        assert "Red &amp; Co" in page.text
        logo = re.search(r'cf-logo-picture" src="([^"]+)"', page.text)[1]
        assert visitor.get(logo).content_type == "image/png"
    assert api.get(f"branding-template-versions/{before[0]['id']}").json["status"] == "retired"


def test_every_font_that_can_be_chosen_can_be_drawn():
    assert tuple(branding.FONTS) == models.FONTS


def test_a_logo_that_is_not_published_is_not_shown(visitor, version):
    assert visitor.get(f"/shell/logo/{version(logo=PICTURE).rpartition('/')[2]}").status_code == 404


@pytest.mark.parametrize(("values", "field"), [
    ({"text_colour": "#ff0000"}, "text_colour"), ({"dark_text_colour": "#ffffff"}, "dark_text_colour"),
    ({"colour": "#ffe066", "text_colour": "#000000"}, "colour"),
    ({"dark_colour": "#101010", "dark_text_colour": "#ffffff"}, "dark_colour"),
])
def test_what_is_hard_to_read_is_refused_beside_its_field(api, version, values, field):
    refused = api.patch(version(), values)
    assert (refused.status_code, [each["field"] for each in refused.json["errors"]]) == (422, [field])
    assert "at least 4.5" in refused.json["detail"]


def test_contrast_is_measured_on_the_surfaces_of_the_style_sheet(owner_url):
    light, dark = re.findall(r"--cf-surface: (#\w+)", (STATIC / "shell.css").read_text("utf-8"))
    with psycopg.connect(owner_url) as owner:
        guard, = owner.execute("SELECT prosrc FROM pg_proc WHERE proname = 'guard_branding'").fetchone()
        known = "SELECT cogniflow.contrast('#000000', '#ffffff'), round(cogniflow.contrast('#777777', '#ffffff'), 2)"
        assert owner.execute(known).fetchone() == (21, Decimal("4.48"))
    assert {light.replace("#fff", "#ffffff"), dark} == set(re.findall(r"'(#[0-9a-f]{6})'", guard))
