CREATE TABLE folder (id int PRIMARY KEY, org text NOT NULL, open bool);
CREATE TABLE doc (id int PRIMARY KEY, org text NOT NULL, author text NOT NULL, title text, pay numeric(6,2), folder_id int REFERENCES folder, tags text[]);
CREATE TABLE link (src int, dst int, org text, PRIMARY KEY (src, dst));
CREATE TABLE void (id int PRIMARY KEY, org text);
INSERT INTO folder VALUES (1, 'a', true), (2, 'a', false), (3, 'a', NULL);
INSERT INTO doc VALUES (1, 'a', 'wim', 'one', 5, 1, '{x,y}'), (2, 'a', 'ria', 'two', 6.5, 2, '{}'), (3, 'a', 'ria', 'three', 7, NULL, NULL), (4, 'b', 'bob', 'four', 8, NULL, NULL);
INSERT INTO link VALUES (1, 2, 'a'), (1, 3, 'a'), (9, 9, 'b');
