\copy item (id, name, qty) to stdout
\copy (SELECT id, name, tags FROM item ORDER BY id) to stdout with (format csv, header, force_quote (name))
\copy item (name) to stdout csv header
\copy (SELECT 1 / (id - 3) FROM item ORDER BY id) to stdout
COPY (SELECT id FROM item ORDER BY id) TO STDOUT \; SELECT 'behind it';
\copy nonesuch to stdout
SELECT 'still there';
