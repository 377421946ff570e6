-- Large results are read through a cursor of psql's own.
\set FETCH_COUNT 2
SELECT id, name FROM item ORDER BY id;
SELECT id, nothing FROM item;
SELECT 1 / (id - 3) FROM item ORDER BY id;
BEGIN;
SELECT id FROM item ORDER BY id;
UPDATE item SET qty = 5 WHERE id = 1;
SELECT qty FROM item WHERE id = 1;
ROLLBACK;
\unset FETCH_COUNT

-- Prepared statements and cursors in SQL.
PREPARE p(int) AS SELECT id, name FROM item WHERE id = $1;
EXECUTE p(2);
EXECUTE p('x');
EXECUTE p;
EXECUTE q;
PREPARE p AS SELECT 1;
PREPARE e AS SELECT id FROM item WHERE nam = 'x';
DEALLOCATE p;
BEGIN \; DECLARE c SCROLL CURSOR FOR SELECT id FROM item ORDER BY id \; FETCH 2 FROM c \; MOVE LAST IN c \; FETCH PRIOR FROM c;
FETCH FROM d;
ROLLBACK;
DISCARD ALL;
