-- A table for each kind of error. The role msg_native sees the tenant acme by native row security; wherewall_svc sees all, as behind the proxy.
CREATE SCHEMA msg;
CREATE DOMAIN msg.percent AS int CONSTRAINT percent_range CHECK (VALUE BETWEEN 0 AND 100);
CREATE TYPE msg.mood AS ENUM ('good', 'bad');

CREATE TABLE msg.item (
    id int PRIMARY KEY, org text NOT NULL, code text CONSTRAINT item_code_key UNIQUE, n int DEFAULT 1 CONSTRAINT item_n_check CHECK (n >= 0),
    parent int CONSTRAINT item_parent_fkey REFERENCES msg.item, pct msg.percent, mood msg.mood, half int GENERATED ALWAYS AS (100 / (n + 1)) STORED,
    note text NOT NULL DEFAULT '', number int GENERATED ALWAYS AS IDENTITY, secret text DEFAULT 'closed');
CREATE TABLE msg.booking (
    id int PRIMARY KEY, org text NOT NULL, during int4range, CONSTRAINT booking_free EXCLUDE USING gist (during WITH &&));
CREATE TABLE msg.slot (
    id int PRIMARY KEY, org text NOT NULL, pos int CONSTRAINT slot_pos_key UNIQUE DEFERRABLE INITIALLY DEFERRED,
    item int CONSTRAINT slot_item_fkey REFERENCES msg.item DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE msg.part (org text NOT NULL, k int NOT NULL, v int) PARTITION BY LIST (k);
CREATE TABLE msg.part_one PARTITION OF msg.part (v CONSTRAINT part_v_check CHECK (v > 0)) FOR VALUES IN (1);
-- What nobody mapped.
CREATE TABLE msg.hidden_log (id int PRIMARY KEY, item int CONSTRAINT log_item_fkey REFERENCES msg.item, what text NOT NULL);
CREATE TABLE msg.forbidden (x int);

INSERT INTO msg.item (id, org, code, n, note) VALUES (1, 'acme', 'A1', 1, ''), (2, 'acme', 'A2', 2, ''), (9, 'globex', 'SECRET-9', 9, ''), (3, 'acme', 'A3', 3, '');
INSERT INTO msg.booking VALUES (1, 'acme', '[1,5)'), (9, 'globex', '[100,200)');
INSERT INTO msg.slot VALUES (1, 'acme', 1, 1), (9, 'globex', 900, 9);
INSERT INTO msg.part VALUES ('acme', 1, 1), ('globex', 1, 9);
INSERT INTO msg.hidden_log VALUES (1, 3, 'SECRET-LOG');

SET CONSTRAINTS ALL IMMEDIATE;

-- The trigger does what the note says, with its owner's rights where it says so.
CREATE FUNCTION msg.obey() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    CASE NEW.note
    WHEN 'raise' THEN RAISE EXCEPTION 'no "%" here', NEW.code USING DETAIL = 'SECRET detail', HINT = 'SECRET hint';
    WHEN 'raise 42501' THEN RAISE EXCEPTION 'you may not' USING ERRCODE = '42501', DETAIL = 'SECRET detail';
    WHEN 'raise 22023' THEN RAISE EXCEPTION 'that is not it' USING ERRCODE = '22023', DETAIL = 'SECRET detail', HINT = 'SECRET hint';
    WHEN 'raise table' THEN RAISE EXCEPTION 'there is such a row' USING ERRCODE = '23505', TABLE = 'hidden_log', SCHEMA = 'msg', CONSTRAINT = 'x';
    WHEN 'notice' THEN RAISE NOTICE 'SECRET notice'; RAISE WARNING 'SECRET warning'; RAISE WARNING 'SECRET in disguise' USING ERRCODE = '25P01';
        RAISE INFO 'SECRET info'; RAISE LOG 'SECRET log';
    WHEN 'divide' THEN NEW.n := 1 / (NEW.n - NEW.n);
    WHEN 'forbidden' THEN PERFORM x FROM msg.forbidden;
    WHEN 'missing' THEN EXECUTE 'SELECT x FROM msg.gone_log';
    WHEN 'own cast' THEN NEW.n := NEW.code::int;
    ELSE
    END CASE;
    RETURN NEW;
END $$;
CREATE FUNCTION msg.obey_as_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    CASE NEW.note
    WHEN 'cast' THEN NEW.n := (SELECT what FROM msg.hidden_log WHERE id = 1)::int;
    WHEN 'log twice' THEN INSERT INTO msg.hidden_log VALUES (1, NULL, 'x');
    WHEN 'log null' THEN INSERT INTO msg.hidden_log VALUES (2, NULL, NULL);
    WHEN 'log nowhere' THEN INSERT INTO msg.hidden_log VALUES (2, 777, 'x');
    ELSE
    END CASE;
    RETURN NEW;
END $$;
CREATE TRIGGER a_obey BEFORE INSERT OR UPDATE ON msg.item FOR EACH ROW EXECUTE FUNCTION msg.obey();
CREATE TRIGGER b_obey BEFORE INSERT OR UPDATE ON msg.item FOR EACH ROW EXECUTE FUNCTION msg.obey_as_owner();
CREATE FUNCTION msg.late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'too late for %', NEW.id USING DETAIL = 'SECRET detail';
END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON msg.slot DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id = 50) EXECUTE FUNCTION msg.late();

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'msg_native') THEN CREATE ROLE msg_native LOGIN PASSWORD 'service'; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'msg_svc') THEN CREATE ROLE msg_svc LOGIN BYPASSRLS PASSWORD 'service'; END IF;
END $$;
ALTER ROLE msg_native SET search_path = msg;
ALTER ROLE msg_svc SET search_path = msg;
GRANT USAGE ON SCHEMA msg TO msg_native, msg_svc;
GRANT SELECT, INSERT, UPDATE, DELETE ON msg.item, msg.booking, msg.slot, msg.part TO msg_native, msg_svc;

ALTER TABLE msg.item ENABLE ROW LEVEL SECURITY;
ALTER TABLE msg.booking ENABLE ROW LEVEL SECURITY;
ALTER TABLE msg.slot ENABLE ROW LEVEL SECURITY;
ALTER TABLE msg.part ENABLE ROW LEVEL SECURITY;
ALTER TABLE msg.part_one ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON msg.item TO msg_native USING (org = 'acme');
CREATE POLICY own ON msg.booking TO msg_native USING (org = 'acme');
CREATE POLICY own ON msg.slot TO msg_native USING (org = 'acme');
CREATE POLICY own ON msg.part TO msg_native USING (org = 'acme');
