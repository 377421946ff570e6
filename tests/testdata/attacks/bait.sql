-- Marks every row with whose it is, as bait.TENANT.TABLE.OWNER, so that an answer shows by itself whether it says too much.
SET session_replication_role = replica;
UPDATE app.org SET name = name || ' bait.' || id || '.org.all';
UPDATE app.member SET full_name = full_name || ' bait.' || org_id || '.member.' || username;
UPDATE app.project SET name = name || ' bait.' || org_id || '.project.' || owner_id;
UPDATE app.task t SET title = title || ' bait.' || p.org_id || '.task.' || coalesce(assignee_id, 'all') FROM app.project p WHERE p.id = t.project_id;
UPDATE app.comment c SET body = c.body || ' bait.' || p.org_id || '.comment.' || author_id
FROM app.task t JOIN app.project p ON p.id = t.project_id WHERE t.id = c.task_id;
UPDATE billing.invoice SET customer = customer || ' bait.' || org_id || '.invoice.' || created_by;
UPDATE app."Order Line" SET "select" = "select" || ' bait.' || "org id" || '.order_line.all';
UPDATE app.note SET body = body || ' bait.' || coalesce(org_id, 'nobody') || '.note.all';
INSERT INTO app.audit_log (who, what) SELECT 'system', jsonb_build_object('secret', 'bait.nobody.audit_log.all') FROM generate_series(1, 3);
UPDATE app.hidden SET org_id = 'bait.nobody.hidden.all';

-- Rows whose numbers the cases know: kim's comment on a task of acme, and one of a stranger.
INSERT INTO app.comment (id, task_id, author_id, body) VALUES
    ('00000000-0000-4000-8000-000000000001', 3, 'kim', 'own bait.acme.comment.kim'),
    ('00000000-0000-4000-8000-000000000002', 679, 'kim', 'foreign bait.globex.comment.kim'),
    ('00000000-0000-4000-8000-000000000003', 3, 'lee', 'other bait.acme.comment.lee');
INSERT INTO billing.invoice (id, org_id, number, customer, amount, created_by) VALUES
    (9001, 'acme', 'A-1', 'own bait.acme.invoice.bea', 10, 'bea'), (9002, 'acme', 'A-2', 'other bait.acme.invoice.lee', 10, 'lee'),
    (9003, 'globex', 'G-1', 'foreign bait.globex.invoice.bea', 10, 'bea'), (9004, 'initech', 'I-1', 'own bait.initech.invoice.pat', 10, 'pat');
ANALYZE;
