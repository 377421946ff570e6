\copy item (id, name, qty) to stdout
\copy (SELECT id, name, tags FROM item ORDER BY id) to stdout with (format csv, header, force_quote (name))
\copy item (name) to stdout csv header
\copy (SELECT 1 / (id - 3) FROM item ORDER BY id) to stdout
COPY (SELECT id FROM item ORDER BY id) TO STDOUT \; SELECT 'behind it';
\copy nonesuch to stdout
SELECT 'still there';
\copy part (id, label) from stdin
50	fifty
51	\N
\.
\copy part (label, item_id) from pstdin with (format csv, header)
label,item_id
"a, b",1
\.
\copy item (id, name) from stdin
60	sixty
x	bad
61	more
\.
\copy part (id, nonesuch) from stdin
\copy part to stdout
BEGIN;
COPY part (label) FROM STDIN;
in a block
\.
ROLLBACK;
SELECT count(*) FROM part;
