package store_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/wherewall/wherewall/catalog/store"
	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

const objects = `SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'wherewall'::regnamespace AND relkind = 'r' AND relname <> 'migration')
	|| ' ' || (SELECT count(*) FROM pg_proc WHERE pronamespace = 'wherewall'::regnamespace)
	|| ' ' || (SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE relnamespace = 'wherewall'::regnamespace AND NOT tgisinternal)`

func TestMigrationsGoUpAndDownAndUpAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	m := s.migrator(t)
	made := s.says(t, objects)
	status, err := m.Status(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, status)
	for _, step := range status {
		require.False(t, step.Applied.IsZero(), step.File)
	}
	for to := int64(len(status)) - 1; to >= 0; to-- {
		_, err = m.Down(t.Context(), to)
		require.NoError(t, err)
		require.NotEqual(t, made, s.says(t, objects))
	}
	require.Equal(t, "0 0 0", s.says(t, objects), "nothing is left")
	_, err = store.Current(t.Context(), s.admin)
	require.ErrorIs(t, err, store.ErrNotMigrated)
	done, err := m.Up(t.Context())
	require.NoError(t, err)
	require.Len(t, done, len(status))
	require.Equal(t, made, s.says(t, objects))
	done, err = m.Up(t.Context())
	require.NoError(t, err)
	require.Empty(t, done, "what is there is not made again")
}

func TestMigrationsThatRunAtOnceWaitForEachOther(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	config, err := pgx.ParseConfig(server.AdminDSN("postgres"))
	require.NoError(t, err)
	var all errgroup.Group
	made := make(chan int, 4)
	for range 4 {
		all.Go(func() error {
			m, err := store.NewMigrator(t.Context(), config, true)
			if err != nil {
				return err
			}
			done, err := m.Up(t.Context())
			made <- len(done)
			return errors.Join(err, m.Close())
		})
	}
	require.NoError(t, all.Wait())
	sum := 0
	for range 4 {
		sum += <-made
	}
	require.Equal(t, 2, sum, "each step was made once")
}

func TestAStoreWithoutTablesSaysSo(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	conn := connect(t.Context(), t, server.AdminDSN("postgres"))
	_, _, err := store.Read(t.Context(), conn, store.Population)
	require.ErrorIs(t, err, store.ErrNotMigrated)
}

func TestReadersReadAndWritersWriteWhatIsForThem(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.does(t, "CREATE ROLE reader LOGIN; CREATE ROLE writer LOGIN")
	s.does(t, store.GrantReader("reader"))
	s.does(t, store.GrantWriter("writer"))
	s.peopled(t)
	as := func(role, sql string) error {
		tx, err := s.admin.Begin(t.Context())
		require.NoError(t, err)
		defer func() { require.NoError(t, tx.Rollback(t.Context())) }()
		_, err = tx.Exec(t.Context(), "SET LOCAL ROLE "+role)
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), sql)
		return err
	}
	require.NoError(t, as("reader", "SELECT * FROM wherewall.credential"))
	require.ErrorContains(t, as("reader", "DELETE FROM wherewall.tenant"), "permission denied")
	require.ErrorContains(t, as("reader", "SELECT wherewall.bump()"), "permission denied")
	require.NoError(t, as("writer", "DELETE FROM wherewall.app_user"))
	require.ErrorContains(t, as("writer", "DELETE FROM wherewall.change"), "permission denied")
	require.ErrorContains(t, as("writer", "UPDATE wherewall.state SET version = 1"), "permission denied")
	require.ErrorContains(t, as("writer", "TRUNCATE wherewall.tenant CASCADE"), "permission denied")
	require.ErrorContains(t, as("writer", "ALTER TABLE wherewall.tenant DISABLE TRIGGER ALL"), "must be owner")
}
