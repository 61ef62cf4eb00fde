"""Failures as each reader understands them."""


def test_a_person_is_shown_a_page_and_a_program_a_problem(client, api):
    page = client.get("/nowhere", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert 'class="cf-side"' in page.text and f"request {page.headers['X-Request-Id']}" in page.text
    for path, accept in (("/nowhere", "application/json"), ("/api/nowhere", "text/html")):
        told = client.get(path, headers={"Accept": accept})
        assert (told.status_code, told.mimetype) == (404, "application/problem+json")


def test_whoever_sends_a_token_is_a_program_and_every_title_is_a_sentence(api):
    told = api.client.get("/nowhere", headers={"Authorization": f"Bearer {api.token}", "Accept": "text/html"})
    assert (told.status_code, told.mimetype, told.json["title"]) == (404, "application/problem+json", "Not found")
    assert api.get("products/0").json["title"] == "Not found"
    assert api.ask("PUT", "products", json={}).json["title"] == "Method not allowed"
    assert api.get("products?q=%00").json["errors"] == [{"field": "q", "message": "must not hold a NUL character"}]


def test_a_page_that_cannot_be_shown_is_told_without_the_shell(client, copies, database_name):
    copies.drop(database_name)
    page = client.get("/admin/", headers={"Accept": "text/html"})
    assert page.status_code == 503 and page.headers["Retry-After"]
    assert "Traceback" not in page.text and "The database cannot be reached." in page.text
