-- What the sample does not have: a preset, an identity that is always generated, defaults that are drawn, and views.
CREATE SEQUENCE app.draw;
CREATE TABLE app.parcel_note (
    id         int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id     text NOT NULL,
    created_by text NOT NULL,
    number     int NOT NULL DEFAULT nextval('app.draw'),
    body       varchar(10),
    length     int GENERATED ALWAYS AS (length(body)) STORED
);
CREATE VIEW app.plain_view AS SELECT id, org_id, name, owner_id FROM app.project;
CREATE VIEW app.busy_view AS SELECT id, org_id, name, owner_id FROM app.project;
CREATE FUNCTION app.busy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO app.project (org_id, name, owner_id) VALUES (CASE WHEN NEW.name = 'hijack' THEN 'acme' ELSE NEW.org_id END, NEW.name, NEW.owner_id);
    IF NEW.name = 'hijack' THEN NEW.org_id := 'acme'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER busy INSTEAD OF INSERT ON app.busy_view FOR EACH ROW EXECUTE FUNCTION app.busy();
GRANT SELECT, INSERT ON app.parcel_note, app.plain_view, app.busy_view TO wherewall_svc;
GRANT USAGE ON SEQUENCE app.draw TO wherewall_svc;
