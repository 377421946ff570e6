-- +goose Up
-- What holds for every change of a policy's tables, whoever makes it: changes are made one after the other, each transaction is one version, and every
-- row of it lands in the history. Triggers do it, so no writer can forget it.
CREATE TABLE wherewall.policy_version (
  version bigint PRIMARY KEY,
  stamp   uuid NOT NULL,
  at      timestamptz NOT NULL,
  login   text NOT NULL,
  actor   text,
  note    text
);

-- The one row that proxies look at. Two states with the same stamp are the same; a number alone is not enough where a backup was restored.
CREATE TABLE wherewall.state (
  lone           boolean PRIMARY KEY DEFAULT true CHECK (lone),
  version        bigint NOT NULL,
  stamp          uuid NOT NULL,
  model_version  bigint NOT NULL DEFAULT 0,
  complete_since bigint NOT NULL DEFAULT 0,
  xid            xid8
);

CREATE TABLE wherewall.change (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  version    bigint NOT NULL REFERENCES wherewall.policy_version,
  kind       text NOT NULL,
  subject    text NOT NULL,
  table_name text NOT NULL,
  operation  text NOT NULL,
  before     jsonb,
  after      jsonb
);
CREATE INDEX change_version ON wherewall.change (version);
CREATE INDEX change_subject ON wherewall.change (kind, subject, version);

WITH first AS (
  INSERT INTO wherewall.policy_version (version, stamp, at, login, note) VALUES (0, gen_random_uuid(), now(), session_user, 'made') RETURNING version, stamp
)
INSERT INTO wherewall.state (version, stamp) SELECT version, stamp FROM first;

-- +goose StatementBegin
CREATE FUNCTION wherewall.before_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    RAISE EXCEPTION 'the rows of wherewall.% are not for TRUNCATE', TG_TABLE_NAME USING ERRCODE = 'feature_not_supported', HINT = 'DELETE writes the history, and TRUNCATE cannot.';
  END IF;
  PERFORM 1 FROM wherewall.state FOR UPDATE;
  RETURN NULL;
END $$;

-- No secret is kept beyond its use: the history says that a verifier has changed, and not what it was.
CREATE FUNCTION wherewall.told(r jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN r ? 'verifier' THEN r || '{"verifier": "***"}' ELSE r END
$$;

-- A transaction of another server, from which this one was restored, may have had the same number: its version is older than this transaction.
CREATE FUNCTION wherewall.bump() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s wherewall.state;
BEGIN
  UPDATE wherewall.state SET version = version + 1, stamp = gen_random_uuid(), xid = pg_current_xact_id()
    WHERE xid IS DISTINCT FROM pg_current_xact_id() OR NOT EXISTS (SELECT FROM wherewall.policy_version p WHERE p.version = state.version AND p.at >= now())
    RETURNING * INTO s;
  IF FOUND THEN
    INSERT INTO wherewall.policy_version (version, stamp, at, login, actor, note)
      VALUES (s.version, s.stamp, clock_timestamp(), session_user, nullif(current_setting('wherewall.actor', true), ''), nullif(current_setting('wherewall.note', true), ''));
    PERFORM pg_notify('wherewall_policy', s.version::text);
  ELSE
    SELECT * INTO s FROM wherewall.state;
  END IF;
  RETURN s.version;
END $$;

-- What a row is about: a kind of thing and its name. Roles are their tenant's, or the model's. A grant whose role is gone says nothing that the role's own
-- row does not.
CREATE FUNCTION wherewall.about(kind text, naming text, r jsonb, OUT thing text, OUT subject text) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  thing := kind;
  subject := r ->> naming;
  IF kind <> 'role' THEN RETURN; END IF;
  IF r ? 'role_id' THEN
    SELECT to_jsonb(x) INTO r FROM wherewall.role x WHERE x.id = (r ->> 'role_id')::bigint;
    IF NOT FOUND THEN RETURN; END IF;
  END IF;
  thing := CASE WHEN r ->> 'tenant_id' IS NULL THEN 'model' ELSE 'tenant' END;
  subject := coalesce(r ->> 'tenant_id', r ->> 'name');
END $$;

-- The arguments are the kind of thing that the table is about, the column that names it, and the columns of the table's key.
CREATE FUNCTION wherewall.after_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  keys text[] := TG_ARGV[2:];
  v bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;
    v := wherewall.bump();
    INSERT INTO wherewall.change (version, kind, subject, table_name, operation, after)
      SELECT v, a.thing, a.subject, TG_TABLE_NAME, 'insert', wherewall.told(to_jsonb(n)) FROM new_rows n, wherewall.about(TG_ARGV[0], TG_ARGV[1], to_jsonb(n)) a;
  ELSIF TG_OP = 'DELETE' THEN
    IF NOT EXISTS (SELECT FROM old_rows) THEN RETURN NULL; END IF;
    v := wherewall.bump();
    INSERT INTO wherewall.change (version, kind, subject, table_name, operation, before)
      SELECT v, a.thing, a.subject, TG_TABLE_NAME, 'delete', wherewall.told(to_jsonb(o)) FROM old_rows o, wherewall.about(TG_ARGV[0], TG_ARGV[1], to_jsonb(o)) a;
  ELSE
    IF NOT EXISTS (SELECT to_jsonb(n) FROM new_rows n EXCEPT ALL SELECT to_jsonb(o) FROM old_rows o) THEN RETURN NULL; END IF;
    v := wherewall.bump();
    INSERT INTO wherewall.change (version, kind, subject, table_name, operation, before, after)
      SELECT v, a.thing, a.subject, TG_TABLE_NAME, 'update', wherewall.told(o.r), wherewall.told(n.r)
      FROM (SELECT r, (SELECT jsonb_agg(r -> k) FROM unnest(keys) k) AS key FROM (SELECT to_jsonb(o) AS r FROM old_rows o) AS o) AS o
      FULL JOIN (SELECT r, (SELECT jsonb_agg(r -> k) FROM unnest(keys) k) AS key FROM (SELECT to_jsonb(n) AS r FROM new_rows n) AS n) AS n USING (key)
      CROSS JOIN LATERAL wherewall.about(TG_ARGV[0], TG_ARGV[1], coalesce(n.r, o.r)) a
      WHERE o.r IS DISTINCT FROM n.r;
  END IF;
  IF TG_ARGV[0] IN ('model', 'role') AND EXISTS (SELECT FROM wherewall.change c WHERE c.version = v AND c.kind = 'model') THEN
    UPDATE wherewall.state SET model_version = v;
  END IF;
  RETURN NULL;
END $$;

-- A role that is gone is held by nobody, so that one that is made again under its name has nobody either. Where it stood in the place of the model's role of the
-- same name, that one is what its holders have.
CREATE FUNCTION wherewall.role_gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF OLD.tenant_id IS NOT NULL THEN
    IF OLD.replaces IS NOT DISTINCT FROM OLD.name THEN RETURN NULL; END IF;
    DELETE FROM wherewall.member_role m WHERE m.tenant_id = OLD.tenant_id AND m.role = OLD.name;
    DELETE FROM wherewall.grp_role r USING wherewall.grp g WHERE g.id = r.grp_id AND g.tenant_id = OLD.tenant_id AND r.role = OLD.name;
    DELETE FROM wherewall.resource_grant g WHERE g.tenant_id = OLD.tenant_id AND g.role = OLD.name;
    RETURN NULL;
  END IF;
  DELETE FROM wherewall.member_role m WHERE m.role = OLD.name AND NOT EXISTS (SELECT FROM wherewall.role r WHERE r.tenant_id = m.tenant_id AND r.name = OLD.name);
  DELETE FROM wherewall.grp_role h USING wherewall.grp g WHERE g.id = h.grp_id AND h.role = OLD.name
    AND NOT EXISTS (SELECT FROM wherewall.role r WHERE r.tenant_id = g.tenant_id AND r.name = OLD.name);
  DELETE FROM wherewall.resource_grant g WHERE g.role = OLD.name AND NOT EXISTS (SELECT FROM wherewall.role r WHERE r.tenant_id = g.tenant_id AND r.name = OLD.name);
  DELETE FROM wherewall.user_role WHERE role = OLD.name;
  DELETE FROM wherewall.platform_role WHERE role = OLD.name;
  RETURN NULL;
END $$;

-- What others refer to by name keeps its name.
CREATE FUNCTION wherewall.named_for_good() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'a % keeps its name and its tenant', TG_TABLE_NAME USING ERRCODE = 'feature_not_supported', HINT = 'Make another one, and delete this one.';
END $$;

-- Whoever is behind what was taken out of the history reads everything anew.
CREATE FUNCTION wherewall.history_cut() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE wherewall.state SET complete_since = greatest(complete_since, (SELECT max(version) FROM old_rows)) WHERE EXISTS (SELECT FROM old_rows);
  RETURN NULL;
END $$;

CREATE FUNCTION wherewall.watch(of regclass, kind text, subject text, VARIADIC key text[]) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  arguments text := quote_literal(kind) || ', ' || quote_literal(subject) || (SELECT string_agg(', ' || quote_literal(k), '') FROM unnest(key) k);
BEGIN
  EXECUTE format('CREATE TRIGGER a_before BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION wherewall.before_change()', of);
  EXECUTE format('CREATE TRIGGER a_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION wherewall.before_change()', of);
  EXECUTE format('CREATE TRIGGER z_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION wherewall.after_change(%s)', of, arguments);
  EXECUTE format('CREATE TRIGGER z_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION wherewall.after_change(%s)', of, arguments);
  EXECUTE format('CREATE TRIGGER z_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION wherewall.after_change(%s)', of, arguments);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER a_before, ENABLE ALWAYS TRIGGER a_truncate, ENABLE ALWAYS TRIGGER z_insert, ENABLE ALWAYS TRIGGER z_update, ENABLE ALWAYS TRIGGER z_delete', of);
END $$;
-- +goose StatementEnd

SELECT wherewall.watch('wherewall.tenant', 'tenant', 'id', 'id');
SELECT wherewall.watch('wherewall.app_user', 'user', 'id', 'id');
SELECT wherewall.watch('wherewall.credential', 'user', 'user_id', 'user_id');
SELECT wherewall.watch('wherewall.membership', 'user', 'user_id', 'user_id', 'tenant_id');
SELECT wherewall.watch('wherewall.member_role', 'user', 'user_id', 'user_id', 'tenant_id', 'role');
SELECT wherewall.watch('wherewall.user_role', 'user', 'user_id', 'user_id', 'role');
SELECT wherewall.watch('wherewall.platform_role', 'user', 'user_id', 'user_id', 'role');
SELECT wherewall.watch('wherewall.user_attr', 'user', 'user_id', 'user_id', 'name');
SELECT wherewall.watch('wherewall.grp', 'group', 'id', 'id');
SELECT wherewall.watch('wherewall.grp_member', 'group', 'grp_id', 'grp_id', 'user_id');
SELECT wherewall.watch('wherewall.grp_role', 'group', 'grp_id', 'grp_id', 'role');
SELECT wherewall.watch('wherewall.grp_resource', 'group', 'grp_id', 'grp_id', 'entity');
SELECT wherewall.watch('wherewall.resource_grant', 'grant', 'id', 'id');
SELECT wherewall.watch('wherewall.role', 'role', 'id', 'id');
SELECT wherewall.watch('wherewall.role_grant', 'role', 'role_id', 'role_id', 'id');
SELECT wherewall.watch('wherewall.setting', 'model', 'name', 'name');
SELECT wherewall.watch('wherewall.attribute', 'model', 'name', 'name');
SELECT wherewall.watch('wherewall.entity', 'model', 'name', 'name');
SELECT wherewall.watch('wherewall.entity_relation', 'model', 'entity', 'entity', 'name');
SELECT wherewall.watch('wherewall.permission', 'model', 'name', 'name');
SELECT wherewall.watch('wherewall.permission_op', 'model', 'permission', 'id');
SELECT wherewall.watch('wherewall.function', 'model', 'name', 'name');

CREATE TRIGGER m_role_gone AFTER DELETE ON wherewall.role FOR EACH ROW EXECUTE FUNCTION wherewall.role_gone();
CREATE TRIGGER b_named BEFORE UPDATE OF name, tenant_id ON wherewall.role FOR EACH ROW
  WHEN (old.name IS DISTINCT FROM new.name OR old.tenant_id IS DISTINCT FROM new.tenant_id) EXECUTE FUNCTION wherewall.named_for_good();
CREATE TRIGGER b_named BEFORE UPDATE OF id ON wherewall.tenant FOR EACH ROW WHEN (old.id IS DISTINCT FROM new.id) EXECUTE FUNCTION wherewall.named_for_good();
CREATE TRIGGER b_named BEFORE UPDATE OF tenant_id ON wherewall.grp FOR EACH ROW
  WHEN (old.tenant_id IS DISTINCT FROM new.tenant_id) EXECUTE FUNCTION wherewall.named_for_good();
ALTER TABLE wherewall.role ENABLE ALWAYS TRIGGER m_role_gone, ENABLE ALWAYS TRIGGER b_named;
ALTER TABLE wherewall.tenant ENABLE ALWAYS TRIGGER b_named;
ALTER TABLE wherewall.grp ENABLE ALWAYS TRIGGER b_named;
CREATE TRIGGER z_cut AFTER DELETE ON wherewall.change REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION wherewall.history_cut();
CREATE TRIGGER a_truncate BEFORE TRUNCATE ON wherewall.change FOR EACH STATEMENT EXECUTE FUNCTION wherewall.before_change();
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA wherewall FROM PUBLIC;

-- +goose Down
-- +goose StatementBegin
DO $$
DECLARE
  t record;
BEGIN
  FOR t IN SELECT tgrelid::regclass AS of, tgname AS name FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
      WHERE NOT tgisinternal AND c.relnamespace = 'wherewall'::regnamespace LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', t.name, t.of);
  END LOOP;
END $$;
-- +goose StatementEnd
DROP FUNCTION wherewall.before_change(), wherewall.after_change(), wherewall.told(jsonb), wherewall.about(text, text, jsonb), wherewall.bump(), wherewall.role_gone(), wherewall.named_for_good(),
  wherewall.history_cut(), wherewall.watch(regclass, text, text, text[]);
DROP TABLE wherewall.change, wherewall.state, wherewall.policy_version;
