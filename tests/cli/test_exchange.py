"""Exports, backups and their return, as a person does them."""

import json


def test_a_backup_is_made_while_everybody_works_and_returns_when_nobody_does(installation, running, tmp_path):
    file, orders = tmp_path / "company.backup", ("db", "psql", "-Atc", "SELECT count(*), sum(total) FROM orders")
    assert installation.result("backup", file) == ""
    key = installation.result("token", "create", "--role", "viewer", "--name", "after the backup")
    position = json.loads(running.get("/api/products?limit=1", key)[1])["token"]
    in_use = installation.run("restore", "--force", file)
    assert (in_use.returncode, in_use.stdout) == (1, "") and "already runs" in in_use.stderr
    before = installation.result(*orders)
    assert running.stop() == 0
    full = installation.run("restore", file)
    assert (full.returncode, full.stdout) == (1, "") and "not empty; with --force" in full.stderr
    checks = installation.result("restore", "--force", file).splitlines()
    assert all(line.startswith("ok") for line in checks) and {"schema", "data"} <= {line.split()[1] for line in checks}
    assert installation.result(*orders) == before
    again = installation.up()
    assert again.get("/api/products", key)[0] == 401
    key = installation.result("token", "create", "--role", "viewer")
    assert again.socket(key, token=position, topics=["products"]).hear("reset")["why"] == "epoch"
    assert again.stop() == 0


def test_an_export_goes_to_standard_output_or_into_files(installation, running, tmp_path):
    key = installation.result("token", "create", "--role", "administrator")
    told = json.loads(running.get("/api/products?sort=id&archived=all", key)[1])["data"]
    assert json.loads(installation.result("export", "products", "--format", "json"))[:50] == told
    assert installation.result("export", "product-categories", "products", "--out", tmp_path) == ""
    assert (tmp_path / "products.csv").read_text().count("\n") == 78
    for failing in (["export", "unicorns"], ["export", "orders", "--out", "/proc/nowhere/x.csv"]):
        assert installation.run(*failing).returncode == 1
    for misused in (["export"], ["export", "orders", "--format", "exe"], ["restore", tmp_path / "nothing"]):
        assert installation.run(*misused).returncode == 2


def test_an_import_is_rehearsed_then_done_and_refused_whole(installation, running, tmp_path):
    key, file = installation.result("token", "create", "--role", "viewer"), tmp_path / "new.csv"
    file.write_text("name\nImported\n")
    for words, said, count in ((["--dry-run"], "1 created, 0 brought up to date: nothing was written", 0),
                               ([], "1 created, 0 brought up to date", 1)):
        done = installation.run("import", "product-categories", file, *words)
        assert (done.returncode, done.stdout, done.stderr.strip()) == (0, "", said)
        assert json.loads(running.get("/api/product-categories?name=Imported", key)[1])["page"]["total"] == count
    file.write_text("name\nAnother\nImported\n")
    refused = installation.run("import", "product-categories", file)
    assert (refused.returncode, refused.stdout) == (1, "") and "line 3" in refused.stderr
    assert json.loads(running.get("/api/product-categories?name=Another", key)[1])["page"]["total"] == 0
    for misused in (["product-categories"], ["product-categories", tmp_path / "nothing.csv"]):
        assert installation.run("import", *misused).returncode == 2
    assert installation.run("import", "unicorns", file).returncode == 1
