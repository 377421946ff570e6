// Command client is the checks of GORM, whose driver is pgx.
package main

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	. "wherewall.test/checks"
)

func main() {
	ctx := context.Background()
	db := Get(gorm.Open(postgres.Open(URL()), &gorm.Config{Logger: logger.Discard}))
	d := Database{DB: Get(db.DB()), Of: serverError}
	Run(Common{
		Connect: func() { Same(Value[string](d.DB, "SELECT current_user"), "dana") }, Introspect: func() { introspect(db) },
		Text: func() { text() }, Binary: func() { read(db) }, Write: func() { write(db) }, Transaction: func() { transaction(db) }, Savepoint: func() { savepoint(db) },
		Error: Errors(func(sql string) error { return db.Exec(sql).Error }, serverError), Stream: func() { stream(db) }, Cancel: func() { d.Cancel(ctx) },
		Tenant: Tenants(func(table string) (n int64) { Must(db.Raw("SELECT count(*) FROM " + table).Scan(&n).Error); return n }),
	}, More("associations", func() { associations(db) }), More("migration refused", func() { migrate(db) }))
}

func serverError(err error) (state, position string, ok bool) {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return "", "", false
	}
	return e.Code, strconv.Itoa(int(e.Position)), true
}

// Specimen has some of the columns of app.specimen.
type Specimen struct {
	ID     int `gorm:"primaryKey;autoIncrement:false"`
	OrgID  string
	AnInt  *int
	AText  *string
	ABytea []byte
	AUUID  *string `gorm:"column:a_uuid"`
	AJsonb *string `gorm:"type:jsonb"`
}

// TableName is where they lie.
func (Specimen) TableName() string { return "app.specimen" }

// Reading is a row of app.reading.
type Reading struct{ ID int64 }

// TableName is where they lie.
func (Reading) TableName() string { return "app.reading" }

// Project has tasks.
type Project struct {
	ID    int64
	Name  string
	Tasks []Task
}

// TableName is where they lie.
func (Project) TableName() string { return "app.project" }

// Task belongs to a project.
type Task struct {
	ID        int64
	ProjectID int64
	Title     string
}

// TableName is where they lie.
func (Task) TableName() string { return "app.task" }

func introspect(db *gorm.DB) {
	m := db.Migrator()
	Same([]bool{m.HasTable("app.task"), m.HasTable("app.audit_log"), m.HasColumn(&Task{}, "title"), m.HasColumn("app.member", "email")}, []bool{true, false, true, false})
	tables := Get(m.GetTables())
	slices.Sort(tables)
	Same(slices.Contains(tables, "task"), true)
	Same(slices.Contains(tables, "audit_log"), false)
	columns := Get(m.ColumnTypes("app.member"))
	var names []string
	for _, c := range columns {
		names = append(names, c.Name())
	}
	wanted := MemberColumns()
	slices.Sort(names) // They come in no order.
	slices.Sort(wanted)
	Same(names, wanted)
	Same(m.HasIndex("app.task", "task_project_id_idx"), true)
	Same(m.HasConstraint("app.task", "task_project_id_fkey"), true)
}

// read reads rows by a model.
func read(db *gorm.DB) {
	var found []Specimen
	Must(db.Order("id").Find(&found, []int{1, 2, 3}).Error)
	first := Specimen{1, "acme", new(2147483647), new("Grüße, 'world'"), []byte{0, 255, 16}, new("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), new(`{"b": {"c": null}}`)}
	Same(found, []Specimen{first, {ID: 2, OrgID: "acme"}})
}

// text reads the same by the simple protocol, which has text alone.
func text() {
	db := Get(gorm.Open(postgres.New(postgres.Config{DSN: URL(), PreferSimpleProtocol: true}), &gorm.Config{Logger: logger.Discard}))
	read(db)
	Database{DB: Get(db.DB()), Of: serverError}.Texts()
}

func write(db *gorm.DB) {
	made := Specimen{ID: 1001, OrgID: "acme", AnInt: new(5), AJsonb: new(`{"x": 1}`)}
	Must(db.Create(&made).Error)
	Same(db.Model(&made).Update("an_int", gorm.Expr("an_int + ?", 1)).RowsAffected, int64(1))
	made.AText = new("it's")
	made.AnInt = new(6)
	Must(db.Save(&made).Error)
	var again Specimen
	Must(db.First(&again, 1001).Error)
	Same(again, made)
	Must(db.CreateInBatches([]Specimen{{ID: 1100, OrgID: "acme"}, {ID: 1101, OrgID: "acme"}, {ID: 1102, OrgID: "acme"}}, 2).Error)
	Same(db.Delete(&Specimen{}, []int{1001, 1100, 1101, 1102, 3}).RowsAffected, int64(4))
}

func count(db *gorm.DB, id int) (n int64) {
	Must(db.Model(&Specimen{}).Where("id = ?", id).Count(&n).Error)
	return n
}

func transaction(db *gorm.DB) {
	undone := errors.New("on purpose")
	Same(db.Transaction(func(tx *gorm.DB) error {
		Must(tx.Create(&Specimen{ID: 1002, OrgID: "acme"}).Error)
		Same(count(db, 1002), int64(0))
		return undone
	}), undone)
	Same(count(db, 1002), int64(0))
	Must(db.Transaction(func(tx *gorm.DB) error { return tx.Create(&Specimen{ID: 1002, OrgID: "acme"}).Error }))
	Same(db.Delete(&Specimen{}, 1002).RowsAffected, int64(1))
}

// savepoint is what a transaction inside of another one is.
func savepoint(db *gorm.DB) {
	tx := db.Begin()
	Must(tx.Create(&Specimen{ID: 1003, OrgID: "acme"}).Error)
	err := tx.Transaction(func(inner *gorm.DB) error { return inner.Create(&Specimen{ID: 1003, OrgID: "acme"}).Error })
	Fails(err, "23505", serverError)
	Same(count(tx, 1003), int64(1))
	Must(tx.Rollback().Error)
	Same(count(db, 1003), int64(0))
}

func stream(db *gorm.DB) {
	var n, sum, wanted int64
	rows := Get(db.Model(&Reading{}).Rows())
	for rows.Next() {
		var r Reading
		Must(db.ScanRows(rows, &r))
		n, sum = n+1, sum+r.ID
	}
	Must(rows.Close())
	Must(db.Model(&Reading{}).Select("sum(id)").Scan(&wanted).Error)
	Same([]int64{n, sum}, []int64{Env("WANT_READINGS"), wanted})
}

func associations(db *gorm.DB) {
	var projects []Project
	Must(db.Preload("Tasks").Where("name LIKE ?", "Mobile%").Find(&projects).Error)
	Same(len(projects), 1)
	Same(len(projects[0].Tasks) > 10, true)
}

// migrate asks to add a column, which only an owner may.
func migrate(db *gorm.DB) {
	type more struct {
		ID    int
		Fresh string
	}
	Fails(db.Table("app.specimen").AutoMigrate(&more{}), "42501", serverError)
}
