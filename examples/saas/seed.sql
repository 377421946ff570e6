-- A few thousand believable rows. Nothing is random: every run makes the same ones, so that tests may count them.

SET timezone TO 'UTC';

INSERT INTO app.country (code, name, currency, eu) VALUES
    ('AT', 'Austria', 'EUR', true), ('AU', 'Australia', 'AUD', false), ('BE', 'Belgium', 'EUR', true),
    ('BR', 'Brazil', 'BRL', false), ('CA', 'Canada', 'CAD', false), ('CH', 'Switzerland', 'CHF', false),
    ('CZ', 'Czechia', 'CZK', true), ('DE', 'Germany', 'EUR', true), ('DK', 'Denmark', 'DKK', true),
    ('EE', 'Estonia', 'EUR', true), ('ES', 'Spain', 'EUR', true), ('FI', 'Finland', 'EUR', true),
    ('FR', 'France', 'EUR', true), ('GB', 'United Kingdom', 'GBP', false), ('GR', 'Greece', 'EUR', true),
    ('IE', 'Ireland', 'EUR', true), ('IN', 'India', 'INR', false), ('IS', 'Iceland', 'ISK', false),
    ('IT', 'Italy', 'EUR', true), ('JP', 'Japan', 'JPY', false), ('KR', 'South Korea', 'KRW', false),
    ('LT', 'Lithuania', 'EUR', true), ('LV', 'Latvia', 'EUR', true), ('MX', 'Mexico', 'MXN', false),
    ('NL', 'Netherlands', 'EUR', true), ('NO', 'Norway', 'NOK', false), ('NZ', 'New Zealand', 'NZD', false),
    ('PL', 'Poland', 'PLN', true), ('PT', 'Portugal', 'EUR', true), ('RO', 'Romania', 'RON', true),
    ('SE', 'Sweden', 'SEK', true), ('SG', 'Singapore', 'SGD', false), ('SI', 'Slovenia', 'EUR', true),
    ('SK', 'Slovakia', 'EUR', true), ('UA', 'Ukraine', 'UAH', false), ('US', 'United States', 'USD', false);

INSERT INTO app.org (id, name, country, seats, settings, created_at) VALUES
    ('acme',    'Acme Corporation',  'US', 60, '{"plan": "business", "sso": true}',    '2021-03-01 09:00+00'),
    ('globex',  'Globex Industries', 'DE', 35, '{"plan": "team", "sso": false}',       '2022-06-15 08:30+00'),
    ('initech', 'Initech',           'GB', 20, '{"plan": "team", "trial_days": 14}',   '2023-01-09 10:15+00');

INSERT INTO app.member (org_id, username, full_name, email, joined_on, active)
SELECT o, u, n, u || '@' || o || '.example', date '2023-01-09' + (row_number() OVER () * 17)::int, u <> 'quinn'
FROM (VALUES
    ('acme', 'kim', 'Kim Andersson'), ('acme', 'lee', 'Lee Park'), ('acme', 'bea', 'Bea Lindqvist'),
    ('acme', 'ana', 'Ana Duarte'), ('acme', 'omar', 'Omar Haddad'), ('acme', 'june', 'June Whitfield'),
    ('acme', 'ravi', 'Ravi Menon'), ('acme', 'sofia', 'Sofia Rossi'), ('acme', 'tom', 'Tom Becker'),
    ('acme', 'quinn', 'Quinn O''Hara'),
    ('globex', 'lee', 'Lee Park'), ('globex', 'hank', 'Hank Scorpio'), ('globex', 'mia', 'Mia Vogel'),
    ('globex', 'jan', 'Jan Kowalski'), ('globex', 'nora', 'Nora Eriksen'), ('globex', 'felix', 'Felix Brandt'),
    ('globex', 'ines', 'Inês Carvalho'),
    ('initech', 'pat', 'Pat Waddams'), ('initech', 'bill', 'Bill Lumbergh'), ('initech', 'peter', 'Peter Gibbons'),
    ('initech', 'joanna', 'Joanna Reyes'), ('initech', 'milton', 'Milton Reid')) AS m (o, u, n);

-- Every project has a leader, taken from its organisation's members in turn.
INSERT INTO app.project (org_id, name, status, owner_id, budget, starts_on, tags, created_at)
SELECT org, name, status::app.project_status,
       (SELECT username FROM app.member m WHERE m.org_id = p.org
        ORDER BY id OFFSET i % (SELECT count(*) FROM app.member m WHERE m.org_id = p.org) LIMIT 1),
       CASE WHEN i % 5 = 4 THEN NULL ELSE 4000 + i * 1375.50 END,
       date '2026-01-05' + i * 9, tags::text[], timestamptz '2025-11-03 09:00+00' + i * interval '6 days 3 hours'
FROM (VALUES
    (0, 'acme', 'Website relaunch', 'active', '{web,design}'), (1, 'acme', 'Mobile app', 'active', '{mobile}'),
    (2, 'acme', 'Warehouse scanner', 'active', '{hardware,logistics}'), (3, 'acme', 'Rocket skates', 'on_hold', '{hardware}'),
    (4, 'acme', 'Customer portal', 'active', '{web,support}'), (5, 'acme', 'Payroll move', 'planned', '{finance}'),
    (6, 'acme', 'Office in Lisbon', 'planned', '{}'), (7, 'acme', 'Spring campaign', 'finished', '{marketing}'),
    (8, 'acme', 'Data warehouse', 'active', '{data}'), (9, 'acme', 'Security audit', 'active', '{security}'),
    (10, 'acme', 'Dealer training', 'finished', '{people}'), (11, 'acme', 'Catalogue 2027', 'planned', '{marketing,print}'),
    (12, 'globex', 'Turbine control', 'active', '{hardware}'), (13, 'globex', 'Harbour sensors', 'active', '{iot}'),
    (14, 'globex', 'ERP upgrade', 'active', '{finance,it}'), (15, 'globex', 'Plant in Gdańsk', 'planned', '{}'),
    (16, 'globex', 'ISO 27001', 'active', '{security}'), (17, 'globex', 'Field service app', 'on_hold', '{mobile}'),
    (18, 'globex', 'Recruiting drive', 'finished', '{people}'), (19, 'globex', 'Energy report', 'active', '{data}'),
    (20, 'initech', 'TPS reports', 'active', '{it}'), (21, 'initech', 'Bank software', 'active', '{finance}'),
    (22, 'initech', 'Printer fleet', 'on_hold', '{hardware}'), (23, 'initech', 'Basement move', 'finished', '{}'),
    (24, 'initech', 'Year 2038', 'planned', '{it,risk}')) AS p (i, org, name, status, tags);

INSERT INTO app.membership (project_id, member_id, lead, since)
SELECT p.id, m.id, m.username = p.owner_id, greatest(p.created_at::date, m.joined_on)
FROM app.project p JOIN app.member m USING (org_id)
WHERE m.username = p.owner_id OR (p.id * 7 + m.id * 3) % 4 = 0;

-- 30 to 74 tasks a project; every third is its leader's, some are nobody's yet.
INSERT INTO app.task (project_id, title, body, status, priority, assignee_id, estimate, due_on, labels, details, created_at, updated_at)
SELECT p.id,
       (ARRAY['Draft', 'Review', 'Fix', 'Plan', 'Test', 'Order', 'Document', 'Measure', 'Clean up', 'Translate', 'Approve'])[1 + h % 11]
           || ' ' ||
       (ARRAY['the start page', 'the price list', 'the login form', 'supplier contracts', 'the search index', 'meeting notes',
              'the spare parts', 'the test bench', 'the export to CSV', 'the onboarding guide', 'release notes', 'the backup plan',
              'error messages'])[1 + h / 11 % 13],
       CASE WHEN h % 4 = 0 THEN NULL ELSE 'See the notes of week ' || 1 + h % 52 || '.' END,
       (ARRAY['open', 'open', 'in_progress', 'review', 'blocked', 'done', 'done', 'done'])[1 + h / 7 % 8]::app.task_status,
       1 + h / 13 % 5,
       CASE WHEN n % 3 = 0 THEN p.owner_id
            WHEN h % 9 = 0 THEN NULL
            ELSE w.usernames[1 + h % cardinality(w.usernames)] END,
       CASE WHEN h % 6 = 0 THEN NULL ELSE (1 + h % 80) / 2.0 END,
       CASE WHEN h % 5 = 0 THEN NULL ELSE p.starts_on + h % 200 END,
       CASE h % 7 WHEN 0 THEN '{urgent}' WHEN 1 THEN '{customer,bug}' WHEN 2 THEN '{idea}' ELSE '{}' END::text[],
       CASE WHEN h % 3 = 0 THEN jsonb_build_object('votes', h % 12, 'source', (ARRAY['mail', 'call', 'board'])[1 + h % 3]) ELSE '{}' END,
       p.created_at + n * interval '11 hours', p.created_at + n * interval '13 hours'
FROM app.project p
CROSS JOIN LATERAL (SELECT array_agg(m.username ORDER BY m.id) AS usernames
                    FROM app.membership s JOIN app.member m ON m.id = s.member_id WHERE s.project_id = p.id) w
CROSS JOIN LATERAL generate_series(1, 30 + (p.id * 11 % 45)::int) n
CROSS JOIN LATERAL (SELECT ((p.id * 7919 + n * 104729) % 9973)::int AS h) x
ORDER BY p.id, n;

-- None to four comments a task, each by somebody of the project.
INSERT INTO app.comment (id, task_id, author_id, body, edited, created_at)
SELECT md5('comment ' || t.id || ' ' || n)::uuid, t.id, w.usernames[1 + (t.id * 5 + n * 3) % cardinality(w.usernames)],
       (ARRAY['Done on my side.', 'Can we talk about this tomorrow?', 'The numbers look off to me.', 'Thanks, that helps a lot!',
              'Waiting for an answer from the supplier.', 'Moved to next week.', 'I would keep it simple.',
              'Who can take this over?', 'Tested on staging, works.'])[1 + (t.id * 3 + n * 5) % 9],
       (t.id + n) % 8 = 0, t.created_at + n * interval '5 hours 20 minutes'
FROM app.task t
CROSS JOIN LATERAL (SELECT array_agg(m.username ORDER BY m.id) AS usernames
                    FROM app.membership s JOIN app.member m ON m.id = s.member_id WHERE s.project_id = t.project_id) w
CROSS JOIN LATERAL generate_series(1, (t.id * 7 % 5)::int) n
ORDER BY t.id, n;

INSERT INTO billing.invoice (org_id, number, status, customer, amount, currency, created_by, issued_on, paid_at, lines)
SELECT o.org, '2026-' || lpad(n::text, 4, '0'), s.status,
       (ARRAY['Nakatomi Trading', 'Stark Fabrication', 'Wonka Sweets', 'Tyrell Optics', 'Hooli Cloud', 'Duff Brewing',
              'Vandelay Imports', 'Pied Piper', 'Sirius Cybernetics'])[1 + h % 9],
       a.amount, o.currency, o.clerks[1 + n % cardinality(o.clerks)],
       CASE WHEN s.status <> 'draft' THEN date '2026-01-02' + n * 2 END,
       CASE WHEN s.status = 'paid' THEN timestamptz '2026-01-20 12:00+00' + n * interval '2 days 1 hour' END,
       jsonb_build_array(jsonb_build_object('text', 'Consulting', 'hours', 1 + h % 40), jsonb_build_object('text', 'Travel', 'hours', h % 3))
FROM (VALUES ('acme', 'USD', 150, ARRAY['bea', 'lee', 'ana', 'bea']),
             ('globex', 'EUR', 95, ARRAY['mia', 'hank']),
             ('initech', 'GBP', 60, ARRAY['pat', 'bill', 'milton'])) AS o (org, currency, many, clerks)
CROSS JOIN LATERAL generate_series(1, o.many) n
CROSS JOIN LATERAL (SELECT (n * 7919 + length(o.org) * 104729) % 9973 AS h) x
CROSS JOIN LATERAL (SELECT (ARRAY['draft', 'sent', 'paid', 'paid', 'paid', 'void'])[1 + h % 6] AS status) s
CROSS JOIN LATERAL (SELECT 80 + (h % 400) * 12.25 AS amount) a
ORDER BY o.org, n;

INSERT INTO app.audit_log (at, who, what)
SELECT timestamptz '2026-10-01 06:00+00' + n * interval '3 hours 7 minutes', (ARRAY['kim', 'lee', 'pat', 'hank', 'sam'])[1 + n % 5],
       jsonb_build_object('event', (ARRAY['login', 'export', 'password changed', 'member invited'])[1 + n % 4])
FROM generate_series(1, 200) n;

ANALYZE;
