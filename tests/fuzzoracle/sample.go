package main

import (
	"path/filepath"

	"github.com/wherewall/wherewall/plan"
)

// sample is a schema with its rows and policy.
type sample struct {
	name     string
	scripts  []string // for the template, in their order
	policy   []string
	path     string // search path
	schemas  []string
	subjects []plan.Subject
	// thin leaves so many rows that a join of all with all ends.
	thin string
	// shown is, for a subject who sees columns in part, what makes of a table what he sees of it. Native row-level security has no masks, so
	// the judge of such a subject's reads is a database that holds what he sees and nothing else.
	shown map[string]string
}

func samples(root string) []*sample {
	saas, hospital := filepath.Join(root, "examples/saas"), filepath.Join(root, "examples/hospital")
	more := filepath.Join(root, "tests/testdata/oracle")
	return []*sample{{
		name:    "saas",
		scripts: []string{filepath.Join(saas, "schema.sql"), filepath.Join(saas, "seed.sql"), filepath.Join(saas, "grants.sql"), filepath.Join(more, "more.sql")},
		policy:  []string{filepath.Join(saas, "policy"), filepath.Join(more, "more.yaml")},
		path:    "app, billing", schemas: []string{"app", "billing"},
		subjects: []plan.Subject{
			{User: "kim", Tenant: "acme"},
			{User: "lee", Tenant: "acme"},
			{User: "lee", Tenant: "globex"},
			{User: "bea", Tenant: "acme"},
			{User: "pat", Tenant: "initech"},
			{User: "sam"},
			{User: "max", Tenant: "acme"},
			{User: "max", Tenant: "globex"},
		},
		thin: `DELETE FROM app.task WHERE id % 13 <> 0; DELETE FROM app.comment WHERE ctid IN (SELECT ctid FROM app.comment ORDER BY id OFFSET 90);
			DELETE FROM billing.invoice WHERE id % 5 <> 0; DELETE FROM app.country WHERE code > 'GZ' AND code NOT IN ('US', 'IE');
			DELETE FROM app.membership WHERE (project_id + member_id) % 2 = 0; DELETE FROM app.event WHERE id % 2 = 0`,
	}, {
		name:    "hospital",
		scripts: []string{filepath.Join(hospital, "schema.sql"), filepath.Join(hospital, "seed.sql"), filepath.Join(hospital, "grants.sql")},
		policy:  []string{filepath.Join(hospital, "policy")},
		path:    "med", schemas: []string{"med"},
		subjects: []plan.Subject{
			{User: "ada", Tenant: "north"},
			{User: "cleo", Tenant: "north"},
			{User: "dan", Tenant: "north"},
			{User: "eli", Tenant: "north"},
			{User: "fay", Tenant: "south"},
			{User: "fay", Tenant: "north"},
		},
		thin: `DELETE FROM med.note WHERE patient_id % 2 = 0; DELETE FROM med.care_team WHERE patient_id % 2 = 0; DELETE FROM med.patient WHERE id % 2 = 0`,
		shown: map[string]string{
			"ada@north": clinician("ada"), "cleo@north": clinician("cleo"), "fay@south": clinician("fay"),
			"dan@north": reception, "fay@north": reception,
			"eli@north": `ALTER TABLE med.patient DROP COLUMN clinic_id, DROP COLUMN given_name, DROP COLUMN birth_date, DROP COLUMN ward,
				DROP COLUMN allergies, DROP COLUMN diagnosis, DROP COLUMN deleted_at`,
		},
	}}
}

// reception is what find_patient shows.
const reception = `UPDATE med.patient SET birth_date = date_trunc('year', birth_date)::date;
	ALTER TABLE med.patient DROP COLUMN clinic_id, DROP COLUMN allergies, DROP COLUMN insurer_no, DROP COLUMN diagnosis, DROP COLUMN deleted_at`

// clinician is what find_patient and treat_patient show together: whole rows of the patients of the own teams.
func clinician(user string) string {
	return `ALTER TABLE med.patient ALTER clinic_id DROP NOT NULL, ALTER allergies DROP NOT NULL;
		UPDATE med.patient p SET birth_date = date_trunc('year', birth_date)::date, clinic_id = NULL, allergies = NULL, insurer_no = NULL, diagnosis = NULL,
			deleted_at = NULL
		WHERE NOT EXISTS (SELECT FROM med.care_team t WHERE t.patient_id = p.id AND t.user_id = '` + user + `' AND t.ends_on >= current_date)`
}

// login is how a subject logs in.
func login(s plan.Subject) string {
	if s.Tenant == "" {
		return s.User
	}
	return s.User + "@" + s.Tenant
}
