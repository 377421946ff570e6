-- The policies of more.from18.sql's tables.
DO $$ DECLARE t text; r text; BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'r_later') THEN CREATE ROLE r_later; END IF;
    FOREACH r IN ARRAY ARRAY['ned@acme', 'ned@globex'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I LOGIN PASSWORD ''native''', r); END IF;
        EXECUTE format('ALTER ROLE %I SET search_path = app, billing', r);
        EXECUTE format('GRANT r_everyone, r_later TO %I', r);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['app.reading', 'app.stay', 'app.visit'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO r_later', t);
        EXECUTE format('CREATE POLICY see ON %s FOR SELECT TO r_later USING (org_id = who.tenant())', t);
        EXECUTE format('CREATE POLICY make ON %s FOR INSERT TO r_later WITH CHECK (org_id = who.tenant())', t);
        EXECUTE format('CREATE POLICY change ON %s FOR UPDATE TO r_later USING (org_id = who.tenant()) WITH CHECK (org_id = who.tenant())', t);
        EXECUTE format('CREATE POLICY drop_it ON %s FOR DELETE TO r_later USING (org_id = who.tenant())', t);
    END LOOP;
END $$;
