package rewrite

// rlsHelpers are the script's functions that do not depend on the policy. They read settings and nothing else, so that every user may
// call them. What an earlier script made is taken away first; policies of others are an error, since they would let rows
// through beside ours.
const rlsHelpers = `
CREATE SCHEMA IF NOT EXISTS wherewall;
GRANT USAGE ON SCHEMA wherewall TO PUBLIC;

DO $ww$
DECLARE old record;
BEGIN
    FOR old IN SELECT p.polname, p.polrelid::regclass AS relation FROM pg_policy p WHERE p.polname LIKE 'wherewall\_%' LOOP
        EXECUTE format('DROP POLICY %I ON %s', old.polname, old.relation);
    END LOOP;
    FOR old IN SELECT p.oid::regprocedure AS path FROM pg_proc p WHERE p.pronamespace = 'wherewall'::regnamespace AND p.proname LIKE 'path\_%' LOOP
        EXECUTE format('DROP FUNCTION %s', old.path);
    END LOOP;
END $ww$;

CREATE OR REPLACE PROCEDURE wherewall.only_ours(relation regclass) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $ww$
BEGIN
    IF EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND polpermissive AND polname NOT LIKE 'wherewall\_%') THEN
        RAISE EXCEPTION '% has policies of its own, which would let rows through beside the policy''s', relation;
    END IF;
    IF EXISTS (SELECT FROM pg_class WHERE oid = relation AND relforcerowsecurity) THEN
        RAISE EXCEPTION '% has FORCE ROW LEVEL SECURITY, under which its policies could not look parents up', relation;
    END IF;
END $ww$;
REVOKE EXECUTE ON PROCEDURE wherewall.only_ours(regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION wherewall.setting(name text) RETURNS text STABLE PARALLEL SAFE LANGUAGE sql
    RETURN nullif(current_setting('wherewall.' || name, true), '');
CREATE OR REPLACE FUNCTION wherewall.me() RETURNS text STABLE PARALLEL SAFE LANGUAGE sql RETURN wherewall.setting('user');
CREATE OR REPLACE FUNCTION wherewall.tenant() RETURNS text STABLE PARALLEL SAFE LANGUAGE sql RETURN wherewall.setting('tenant');
CREATE OR REPLACE FUNCTION wherewall.tenants() RETURNS text[] STABLE PARALLEL SAFE LANGUAGE sql
    RETURN coalesce(wherewall.setting('tenants'), '{}')::text[];
CREATE OR REPLACE FUNCTION wherewall.roles() RETURNS text[] STABLE PARALLEL SAFE LANGUAGE sql
    RETURN coalesce(wherewall.setting('roles'), '{}')::text[];
CREATE OR REPLACE FUNCTION wherewall.groups() RETURNS text[] STABLE PARALLEL SAFE LANGUAGE sql
    RETURN coalesce(wherewall.setting('groups'), '{}')::text[];
CREATE OR REPLACE FUNCTION wherewall.attribute(name text) RETURNS text STABLE PARALLEL SAFE LANGUAGE sql
    RETURN wherewall.setting('attr.' || name);
CREATE OR REPLACE FUNCTION wherewall.resources() RETURNS jsonb STABLE PARALLEL SAFE LANGUAGE sql
    RETURN coalesce(wherewall.setting('resources'), '{}')::jsonb;

-- Whether the user holds any of some roles in the whole tenant.
CREATE OR REPLACE FUNCTION wherewall.holds(VARIADIC roles text[]) RETURNS boolean STABLE PARALLEL SAFE LANGUAGE sql
    RETURN roles && wherewall.roles();
-- All roles that the user holds, those for some resources alone included.
CREATE OR REPLACE FUNCTION wherewall.all_roles() RETURNS text[] STABLE PARALLEL SAFE LANGUAGE sql
    RETURN wherewall.roles() || ARRAY(SELECT jsonb_object_keys(wherewall.resources()));
-- The keys of an entity for which the user holds any of some roles; a key of several columns is a JSON array.
CREATE OR REPLACE FUNCTION wherewall.keys(entity text, VARIADIC roles text[]) RETURNS text[] STABLE PARALLEL SAFE LANGUAGE sql
    RETURN ARRAY(SELECT k FROM unnest(roles) AS r, jsonb_array_elements_text(wherewall.resources() -> r -> entity) AS k);
-- Whether a text is the one way to write a value of a type, which tells users apart.
CREATE OR REPLACE FUNCTION wherewall.plain(value text, type text) RETURNS boolean IMMUTABLE PARALLEL SAFE LANGUAGE sql
    RETURN CASE
        WHEN type IN ('int2', 'int4', 'int8', 'oid') AND value ~ '^(0|-?[1-9][0-9]{0,18})$' THEN CASE type
            WHEN 'int2' THEN value::numeric BETWEEN -32768 AND 32767
            WHEN 'int4' THEN value::numeric BETWEEN -2147483648 AND 2147483647
            WHEN 'int8' THEN value::numeric BETWEEN -9223372036854775808 AND 9223372036854775807
            ELSE value::numeric BETWEEN 0 AND 4294967295 END
        WHEN type = 'numeric' THEN value ~ '^(0|-?[1-9][0-9]{0,1000})$'
        WHEN type = 'uuid' THEN value ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
        WHEN type = 'bpchar' THEN value !~ ' $'
        WHEN type = 'name' THEN octet_length(value) < 64
        ELSE false END;
`
