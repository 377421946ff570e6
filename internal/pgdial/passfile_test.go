package pgdial

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEachHostHasItsOwnEntryInAPasswordFile(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "pgpass")
	require.NoError(t, os.WriteFile(file, []byte("a:5432:app:svc:of a\nb:5433:app:svc:of b\nlocalhost:5434:app:svc:of the socket\nit's.example:5435:app:svc:quoted\n*:5436:*:*:of any\n"), 0o600))
	t.Setenv("PGPASSFILE", file)
	passwords := func(dsn string) (all []string) {
		s, err := read(dsn, Options{})
		require.NoError(t, err, dsn)
		for _, at := range s.servers {
			all = append(all, at.config.Password)
		}
		return all
	}
	require.Equal(t, []string{"of a", "of b", "of any"}, passwords("host=a,b,c port=5432,5433,5436 dbname=app user=svc sslmode=disable"))
	require.Equal(t, []string{"of b", "of a"}, passwords("postgres://svc@b:5433,a:5432/app?sslmode=disable"))
	require.Equal(t, []string{"of a", "of b"}, passwords("postgresql://svc@/app?host=a,b&port=5432,5433"))
	require.Equal(t, []string{"of the socket", "quoted"}, passwords("host='"+folder+`,it\'s.example' port=5434,5435 dbname=app user=svc sslmode=disable`))
	require.Equal(t, []string{"", "of b"}, passwords("host=nobody,b port=5432,5433 dbname=app user=svc"))
	require.Equal(t, []string{"said", "said"}, passwords("host=a,b port=5432,5433 dbname=app user=svc password=said"))
	require.Equal(t, []string{"said", "said"}, passwords("postgres://svc:said@a:5432,b:5433/app"))
	t.Setenv("PGHOST", "a,b")
	t.Setenv("PGPORT", "5432,5433")
	require.Equal(t, []string{"of a", "of b"}, passwords("dbname=app user=svc"))
	require.Equal(t, []string{"of a", "of b"}, passwords("postgres://svc@/app"))
}
