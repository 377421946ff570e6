-- More rows than a client likes to hold at once, half of them dana's.

INSERT INTO app.reading (org_id, sensor, taken_at, value)
SELECT CASE WHEN n % 2 = 0 THEN 'acme' ELSE 'globex' END, n % 40, timestamptz '2026-01-01 00:00+00' + n * interval '1 minute', n % 1000 / 8.0
FROM generate_series(1, 120000) AS n;
