"""Routes whose addresses are made late, and no differently."""

import builtins

import pytest
from werkzeug.routing import Map, MapAdapter, Rule, rules

from cogniflow.web.routes import LateRule

ADDRESSES = [("plain", {}), ("one", {"n": 3}), ("one", {"n": 3, "q": "a b"}), ("page", {"n": 1}), ("page", {"n": 2}),
             ("deep", {"p": "x/ü"}), ("deep", {"p": "x", "self": 1, "rule": 2})]


def bound(kind: type[Rule]) -> MapAdapter:
    return Map([kind("/", endpoint="plain"), kind("/one/<int:n>", endpoint="one"), kind("/deep/<path:p>", endpoint="deep"),
                kind("/page", endpoint="page", defaults={"n": 1}), kind("/page/<int:n>", endpoint="page")]).bind("host")


@pytest.mark.parametrize(("endpoint", "values"), ADDRESSES)
@pytest.mark.parametrize("append_unknown", [True, False])
def test_an_address_is_what_werkzeug_makes_it_the_first_time_and_later(endpoint, values, append_unknown):
    late = bound(LateRule)
    made = [late.build(endpoint, values, append_unknown=append_unknown) for _ in range(2)]
    assert made == [bound(Rule).build(endpoint, values, append_unknown=append_unknown)] * 2


def test_only_a_route_whose_address_is_wanted_is_compiled(monkeypatch):
    compiled = []
    monkeypatch.setattr(rules, "compile", lambda *given: compiled.append(given) or builtins.compile(*given), raising=False)
    late = bound(LateRule)
    assert not compiled
    late.build("one", {"n": 1})
    late.build("one", {"n": 2})
    assert len(compiled) == 1


def test_the_routes_of_the_app_are_late_ones(app):
    assert {type(each) for each in app.url_map.iter_rules()} == {LateRule}
