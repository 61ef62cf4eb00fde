"""Files on any record: given back as they were sent, to whom may read the record, and never run by a browser."""

import hashlib
import io

import psycopg
import pytest

from tests.domain.trade import INVALID, refusal

CONTENT = b"<script>alert(1)</script>" + bytes(range(256))


@pytest.fixture
def send(api):
    """Sends a file of a record."""
    def sent(name: str = "plan.html", content: bytes = CONTENT, by=None, headers=None, **record):
        parts = {"file": (io.BytesIO(content), name), "entity": "products"} | {key: str(value) for key, value in record.items()}
        return (by or api).ask("POST", "attachments", data=parts, content_type="multipart/form-data", headers=headers or {})
    return sent


@pytest.fixture
def product(api):
    """A product with files."""
    return api.new("products")["id"]


def test_a_file_is_given_back_as_it_was_sent_to_be_kept_and_not_shown(api, send, product):
    made = send("../Plän ü.html", record_id=product)
    assert made.status_code == 201 and made.headers["Location"] == f"/api/attachments/{made.json['id']}"
    told = {name: made.json[name] for name in ("file_name", "media_type", "size", "sha256")}
    assert told == {"file_name": "Plän ü.html", "media_type": "text/html", "size": len(CONTENT),
                    "sha256": hashlib.sha256(CONTENT).hexdigest()}
    assert "content" not in made.json
    answer = api.get(f"attachments/{made.json['id']}/content")
    assert answer.data == CONTENT and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment; ") and "filename*=UTF-8''Pl%C3%A4n" in answer.headers[
        "Content-Disposition"]
    seen = api.get(f"attachments/{made.json['id']}/content", headers={"If-None-Match": answer.headers["ETag"]})
    assert seen.status_code == 304
    assert api.get(f"attachments?entity=products&record_id={product}").json["page"]["total"] == 1


def test_only_who_reads_the_record_gets_the_file(api, api_as, send, product):
    made = send(record_id=product).json["id"]
    user = api.get("users?limit=1").json["data"][0]["id"]
    secret = send(entity="users", record_id=user).json["id"]
    viewer = api_as("viewer")
    assert viewer.get(f"attachments/{made}/content").status_code == 200
    assert viewer.get(f"attachments/{secret}/content").status_code == 404
    assert viewer.get("attachments").json["page"]["total"] == 1
    assert send(by=viewer, entity="users", record_id=user).status_code == 422
    assert viewer.delete(f"attachments/{made}").status_code == 403


def test_what_is_no_file_is_refused(api, send, product):
    assert send(content=b"", record_id=product).status_code == 422
    assert send(record_id=10**9).status_code == 422
    assert send(record_id="x").json["errors"][0]["field"] == "record_id"
    assert api.post("attachments", {"entity": "products", "record_id": product}).status_code == 415
    missing = api.ask("POST", "attachments", data={"entity": "products"}, content_type="multipart/form-data")
    assert [each["field"] for each in missing.json["errors"]] == ["file"]


def test_a_file_is_no_larger_than_the_company_wants(api, send, product):
    api.patch("system/settings/attachments.most_bytes", {"value": 10})
    assert send(content=b"x" * 10, record_id=product).status_code == 201
    refused = send(content=b"x" * 11, record_id=product)
    assert (refused.status_code, refused.json["detail"]) == (422, "A file has at most 10 bytes.")


def test_the_same_request_again_adds_no_second_file(api, send, product):
    parts = [b'Content-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % part for part in (
        (b"entity", b"products"), (b"record_id", str(product).encode()), (b'file"; filename="a.txt', b"hello"))]
    body = b"--x\r\n" + b"--x\r\n".join(parts) + b"--x--\r\n"
    first, again = (api.ask("POST", "attachments", data=body, content_type="multipart/form-data; boundary=x",
                            headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert first.status_code == 201 and again.json == first.json and again.headers["Idempotency-Replayed"] == "true"


def test_the_database_itself_measures_and_names_files(database_url, product):
    insert = "INSERT INTO attachments (entity, record_id, file_name, content) VALUES ('products', {}, '{}', '{}')"
    for name, content in (("a/b", "x"), ("a\\b", "x"), ("a\nb", "x"), ("a", "")):
        assert refusal(database_url, insert.format(product, name, content)) == "23514", name
    assert refusal(database_url, insert.format(10**9, "a", "x")) == INVALID
    assert refusal(database_url, "INSERT INTO attachments (entity, record_id, file_name, content, size) "
                                 f"VALUES ('products', {product}, 'a', 'x', 7)") == "42501"
    with psycopg.connect(database_url) as psql:
        psql.execute(insert.format(product, "a", "hello"))
        assert psql.execute("SELECT size, sha256 FROM attachments").fetchone() == (5, hashlib.sha256(b"hello").hexdigest())


def test_the_page_of_a_record_shows_its_files(client, send, product):
    made = send(record_id=product).json["id"]
    page = client.get(f"/admin/products/details/?id={product}").text
    assert f'href="/api/attachments/{made}/content"' in page and "plan.html" in page and "281 bytes" in page
