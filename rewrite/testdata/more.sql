-- Tables of kinds that the sample lacks.
CREATE SCHEMA lab;

CREATE TABLE lab.doc (
    id       int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id   text NOT NULL DEFAULT 'nobody',
    kind     varchar(10) DEFAULT 'memo',
    code     char(3),
    size     int,
    weight   numeric(6,2),
    flag     bool DEFAULT false,
    owner_id text DEFAULT current_user,
    day      date DEFAULT current_date,
    upper_kind text GENERATED ALWAYS AS (upper(kind)) STORED
);

-- A trigger may decide the tenant after everybody else.
CREATE TABLE lab.note (id int PRIMARY KEY, org_id text, body text);
CREATE FUNCTION lab.note_org() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.org_id := coalesce(NEW.org_id, 'acme'); RETURN NEW; END $$;
CREATE TRIGGER note_org BEFORE INSERT ON lab.note FOR EACH ROW EXECUTE FUNCTION lab.note_org();

CREATE TABLE lab.unmapped (id int PRIMARY KEY, secret text);
CREATE FUNCTION lab.peek() RETURNS text LANGUAGE sql AS 'SELECT max(secret) FROM lab.unmapped';

-- A tenant over a path, and no trigger that would make the final row decide.
CREATE TABLE lab.item (id int PRIMARY KEY, project_id bigint NOT NULL, name text);

-- An update that moves a row to another partition inserts it there.
CREATE TABLE lab.part (id int, org_id text, kind text) PARTITION BY LIST (kind);
CREATE TABLE lab.part_a PARTITION OF lab.part FOR VALUES IN ('a');
CREATE TABLE lab.part_b PARTITION OF lab.part FOR VALUES IN ('b');
CREATE FUNCTION lab.part_org() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.org_id := 'globex'; RETURN NEW; END $$;
CREATE TRIGGER part_org BEFORE INSERT ON lab.part_b FOR EACH ROW EXECUTE FUNCTION lab.part_org();

-- A trigger, and a key that tells whether another tenant has a number.
CREATE TABLE lab.receipt (org_id text, number text, body text, UNIQUE (org_id, number));
CREATE TRIGGER receipt_org BEFORE INSERT ON lab.receipt FOR EACH ROW EXECUTE FUNCTION lab.note_org();

-- Functions that take rows.
CREATE FUNCTION public.leak(app.project) RETURNS text LANGUAGE sql AS 'SELECT max(secret) FROM lab.unmapped';
CREATE FUNCTION public.pour(anyelement) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT max(secret) FROM lab.unmapped); END $$;

-- Columns that not everybody sees.
CREATE TABLE lab.person (
    id int PRIMARY KEY, org_id text NOT NULL, name text NOT NULL, email varchar(80), salary numeric(10,2), born date, boss text, created_by text
);

-- Functions that the policy lists.
CREATE FUNCTION lab.twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 * 2';
CREATE FUNCTION lab.half(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 / 2';
CREATE FUNCTION lab.half(text) RETURNS text LANGUAGE sql AS 'SELECT max(secret) FROM lab.unmapped';
CREATE FUNCTION lab.paid() RETURNS numeric STABLE LANGUAGE sql AS 'SELECT sum(amount) FROM billing.invoice';
CREATE FUNCTION public.cheer(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT $1 || '!'$$;

-- Views.
CREATE VIEW lab.open_tasks AS
    SELECT t.id, t.title, upper(p.name) AS project, p.org_id FROM app.task t JOIN app.project p ON p.id = t.project_id WHERE t.status <> 'done';
CREATE VIEW lab.totals AS SELECT count(*) AS tasks, max(p.budget) AS budget FROM app.project p LEFT JOIN app.task t ON t.project_id = p.id;
CREATE VIEW lab.secrets AS SELECT * FROM lab.unmapped;
CREATE VIEW lab.invoices AS SELECT id, org_id, number FROM billing.invoice;
