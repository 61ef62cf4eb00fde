"""How posting finds what it needs, whatever the statistics say: an installation that has just grown has none yet."""

POSTED = ("EXPLAIN (FORMAT JSON) SELECT * FROM cogniflow.document_movements m WHERE m.document = 'goods_delivery_notes' "
          "AND m.document_id = ANY(ARRAY(SELECT generate_series(1, 10)))")


def test_a_product_is_found_by_its_line_never_a_line_by_its_product(fresh):
    fresh.packed_notes([fresh.product(500) for _ in range(20)], 300)
    fresh.psql.execute("SET enable_seqscan = off")
    [[plan]] = fresh.psql.execute(POSTED).fetchone()
    [product] = [scan for scan in scans(plan["Plan"]) if scan["Relation Name"] == "products"]
    assert product["Index Cond"].startswith("(id = ")


def scans(plan):
    """Every scan of a table in a plan."""
    if "Relation Name" in plan:
        yield plan
    for part in plan.get("Plans", ()):
        yield from scans(part)
