package tests

import (
	"path/filepath"
	"sync"
	"testing"
)

// sampleTemplate is a database that every copy of the sample is cloned from, so that they agree even in their OIDs.
const sampleTemplate = "sample_template"

// samples makes the template once, for whichever test asks first.
type samples struct{ once sync.Once }

// newSample makes a copy of the sample, with the tables of testdata/oracle/more.sql and of what goes with it, for one test.
func newSample(t testing.TB, name string) {
	t.Helper()
	pg.samples.once.Do(func() {
		pg.exec(t, "postgres", "DROP DATABASE IF EXISTS "+sampleTemplate)
		pg.exec(t, "postgres", "CREATE DATABASE "+sampleTemplate+" TEMPLATE template0")
		for _, f := range []string{"schema.sql", "seed.sql", "grants.sql"} {
			pg.execFile(t, sampleTemplate, filepath.Join(sample, f))
		}
		for _, f := range ofVersion("testdata/oracle/more.sql") {
			pg.execFile(t, sampleTemplate, f)
		}
		pg.exec(t, "postgres", "ALTER ROLE wherewall_svc PASSWORD '"+servicePassword+"'")
	})
	pg.createDatabase(t, name, sampleTemplate)
}

// newSampleProxy is a copy of the sample with Wherewall before it.
func newSampleProxy(t testing.TB, name string) *proxy {
	t.Helper()
	newSample(t, name)
	return startProxy(t, sampleOptions(name))
}

func sampleOptions(database string) proxyOptions {
	return proxyOptions{
		database: database, role: "wherewall_svc",
		policy: append([]string{filepath.Join(sample, "policy")}, ofVersion("testdata/oracle/more.yaml")...),
	}
}
