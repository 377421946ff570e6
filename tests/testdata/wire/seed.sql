TRUNCATE item, part, slot RESTART IDENTITY;
INSERT INTO item (id, name, qty, price, tags, data, mood, doc) VALUES
  (1, 'anvil',  3, 19.50, '{iron,heavy}', '\xdeadbeef', 'glum', '{"a": 1}'),
  (2, 'bolt', 500,  0.05, '{}',           NULL,         'even', NULL),
  (3, 'crème',  0,  NULL, NULL,           '\x',         NULL,   '[1, 2]'),
  (4, 'déjà vu', 7, 7.00, '{"a b",NULL}', '\x00ff',     'glad', '{"b": {"c": null}}');
INSERT INTO part (item_id, label) VALUES (1, 'head'), (1, 'base'), (2, 'thread'), (NULL, 'loose');
