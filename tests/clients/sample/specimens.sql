-- The rows of app.specimen, put back before each client: id 1 has a value of every type, id 2 none, id 3 is another tenant's.

DELETE FROM app.specimen;
INSERT INTO app.specimen VALUES
    (1, 'acme', -32768, 2147483647, -9223372036854775808, 12345678901234.567890, 1.5, 2.5e-10, 'Grüße, ''world''', 'varchar', 'char',
     true, '\x00ff10', '2026-02-28', '13:14:15.678901', '2026-02-28 13:14:15.678901', '2026-02-28 13:14:15.678901+00', '1 year 2 mons 3 days 04:05:06',
     'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": [1, 2]}', '{"b": {"c": null}}', '{1,2,NULL,-4}', '{one,"two, three",NULL,""}', 'on_hold',
     '192.168.1.7/24', '[3,9)', '["2026-01-01 00:00:00+00","2026-02-01 00:00:00+00")'),
    (2, 'acme', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO app.specimen
SELECT 3, 'globex', 3, 3, 3, 3, 3, 3, 'theirs', 'theirs', 'theirs', false, bytea '\x03', date '2026-03-03', time '03:03:03', timestamp '2026-03-03 03:03:03', timestamptz '2026-03-03 03:03:03+00', interval '3 days',
     uuid 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', json '{}', jsonb '{}', '{3}'::int[], '{theirs}'::text[], app.project_status 'active', inet '10.0.0.3', int4range '[3,4)', tstzrange 'empty'
WHERE EXISTS (SELECT FROM app.org WHERE id = 'globex');
