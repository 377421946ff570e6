\set VERBOSITY default
SELECT nonesuch FROM item;
SELECT id,
       'é€😀' || nam
  FROM item
 WHERE id = 1;
SELEC 1;
SELECT * FROM nonesuch;
SELECT 1/0;
INSERT INTO part (label) VALUES (repeat('x', 11));
SELECT id FROM item WHERE id = 'x';
BEGIN;
SELECT 1/0;
SELECT 1;
ROLLBACK;
COMMIT;
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT nonesuch;
SELECT count(*) FROM item;
COMMIT;
