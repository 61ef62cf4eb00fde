"""Settings: each given by its own control, refused beside it when it cannot be, and effective at once."""

from tests.web.forms import fields


def test_a_setting_is_changed_by_rest_and_no_other_is_made(api):
    assert api.patch("system/settings/history.keep_days", {"value": 90}).json["value"] == 90
    refused = api.patch("system/settings/history.keep_days", {"value": 7})
    assert (refused.status_code, refused.json["detail"]) == (422, "history.keep_days is at least 30.")
    assert [each["field"] for each in refused.json["errors"]] == ["value"]
    assert api.post("system/settings", {"value": 1}).status_code == 405
    assert api.delete("system/settings/history.keep_days").status_code == 409
    assert api.patch("system/settings/history.keep_days", {"key": "history.days"}).status_code == 422


def test_a_setting_is_given_by_the_control_of_its_kind(client, api):
    setting = api.get("system/settings/history.keep_days").json
    path = f"/admin/system-settings/edit/?id={setting['id']}"
    page = client.get(path).text
    assert 'inputmode="numeric"' in page and "At least 30 and at most 36,500" in page
    assert "data-confirm-detail=\"Older changes are forgotten" in page and 'name="key"' not in page
    for typed, status in (("12", 200), ("soon", 200), ("400", 302)):
        assert client.post(path, data=fields(client.get(path).text) | {"value": typed}).status_code == status
    assert api.get("system/settings/history.keep_days").json["value"] == 400


def test_a_text_that_looks_like_a_number_stays_a_text(client, api):
    setting = api.get("system/settings/company.name").json
    path = f"/admin/system-settings/edit/?id={setting['id']}"
    assert client.post(path, data=fields(client.get(path).text) | {"value": "42"}).status_code == 302
    assert api.get("system/settings/company.name").json["value"] == "42"
    assert "42" in client.get("/admin/").text


def test_what_became_of_a_setting_is_kept(api):
    api.patch("system/settings/company.name", {"value": "Ours"})
    assert api.get("system/settings/company.name/history").json["data"][0]["changes"]["value"] == ["My company", "Ours"]
