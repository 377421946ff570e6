-- The policies of more.from17.sql's tables.
DO $$ DECLARE t text; r text; BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'r_recent') THEN CREATE ROLE r_recent; END IF;
    FOREACH r IN ARRAY ARRAY['ina@acme', 'ina@globex'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I LOGIN PASSWORD ''native''', r); END IF;
        EXECUTE format('ALTER ROLE %I SET search_path = app, billing', r);
        EXECUTE format('GRANT r_everyone, r_recent TO %I', r);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['app.tally', 'app.tally_a', 'app.tally_other', 'app.badge'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO r_recent', t);
        EXECUTE format('CREATE POLICY see ON %s FOR SELECT TO r_recent USING (org_id = who.tenant())', t);
        EXECUTE format('CREATE POLICY make ON %s FOR INSERT TO r_recent WITH CHECK (org_id = who.tenant())', t);
        EXECUTE format('CREATE POLICY change ON %s FOR UPDATE TO r_recent USING (org_id = who.tenant()) WITH CHECK (org_id = who.tenant())', t);
        EXECUTE format('CREATE POLICY drop_it ON %s FOR DELETE TO r_recent USING (org_id = who.tenant())', t);
    END LOOP;
END $$;
