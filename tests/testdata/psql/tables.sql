SELECT * FROM item ORDER BY id;
\x on
SELECT id, name, doc FROM item ORDER BY id LIMIT 2;
\x off
\pset null '(none)'
SELECT i.name, p.label FROM item i LEFT JOIN part p ON p.item_id = i.id ORDER BY i.id, p.id;
\pset format csv
TABLE part ORDER BY id;
\pset format aligned
SELECT id, name FROM item ORDER BY id LIMIT 1 \gset first_
\echo :first_id
\set AUTOCOMMIT off
UPDATE item SET qty = qty + 1 WHERE id < 3 RETURNING id, qty;
ROLLBACK;
\set AUTOCOMMIT on
SELECT id, qty FROM item WHERE id < 3 ORDER BY id;
\timing off
SELECT mood, count(*) FROM item GROUP BY mood ORDER BY mood;
INSERT INTO part (item_id, label) VALUES (3, 'ring'), (3, 'bell') RETURNING *;
DELETE FROM part WHERE item_id = 3;
\crosstabview
SELECT i.id, m.mood, count(*) FROM item i CROSS JOIN (SELECT DISTINCT mood FROM item WHERE mood IS NOT NULL) m GROUP BY 1, 2 ORDER BY 1, 2 \crosstabview
