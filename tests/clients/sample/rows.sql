-- Leaves dana's rows alone, for a copy without row-level security: then what she sees there is what she sees through Wherewall.

DELETE FROM app.comment c USING app.task t, app.project p WHERE t.id = c.task_id AND p.id = t.project_id AND p.org_id <> 'acme';
DELETE FROM app.task t USING app.project p WHERE p.id = t.project_id AND p.org_id <> 'acme';
DELETE FROM app.membership m USING app.project p WHERE p.id = m.project_id AND p.org_id <> 'acme';
DELETE FROM app.project WHERE org_id <> 'acme';
DELETE FROM app.member WHERE org_id <> 'acme';
DELETE FROM app.specimen WHERE org_id <> 'acme';
DELETE FROM app.reading WHERE org_id <> 'acme';
DELETE FROM billing.invoice WHERE org_id <> 'acme';
DELETE FROM app.org WHERE id <> 'acme';
