"""Every address of the app is public by name, or asks who is there."""

import re

import pytest

from cogniflow.web.auth import PUBLIC


@pytest.fixture
def stranger(app):
    """A client that nobody has signed in with, on the app as it is served."""
    from dash_apps.shell import mount

    return mount(app).test_client()


def test_every_address_is_public_by_name_or_guarded(stranger):
    opened = []
    for rule in stranger.application.url_map.iter_rules():
        if rule.endpoint in PUBLIC:
            continue
        path = re.sub(r"<[^>]*>", "1", rule.rule)
        for method in rule.methods - {"OPTIONS", "HEAD"}:
            answer = stranger.open(path, method=method, json={} if method in ("POST", "PUT", "PATCH") else None)
            signed_out = answer.status_code == 401 or (
                answer.status_code in (302, 308) and "/login" in answer.headers["Location"]
            )
            if not signed_out:
                opened.append((method, rule.rule, rule.endpoint, answer.status_code))
    assert opened == []


def test_every_public_endpoint_exists(stranger):
    endpoints = {rule.endpoint for rule in stranger.application.url_map.iter_rules()}
    assert not PUBLIC - endpoints
