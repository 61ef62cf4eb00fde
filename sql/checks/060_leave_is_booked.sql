-- A leave request whose ledger rows are not exactly its days while it is approved, or that nobody else approved.
SELECT r.id, r.status, r.days, coalesce(sum(l.days), 0) AS booked
FROM leave_requests r LEFT JOIN leave_ledger l ON l.leave_request_id = r.id
GROUP BY r.id
HAVING coalesce(sum(l.days), 0) <> CASE r.status WHEN 'approved' THEN -r.days ELSE 0 END OR r.status = 'approved' AND r.approver_id IS NULL
