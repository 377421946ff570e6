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
