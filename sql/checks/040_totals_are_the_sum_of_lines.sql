-- An order whose net total is not the sum of its lines.
SELECT o.id, o.net_total, coalesce(sum(i.line_total), 0) AS lines
FROM orders o LEFT JOIN order_items i ON i.order_id = o.id
GROUP BY o.id HAVING o.net_total <> coalesce(sum(i.line_total), 0)
