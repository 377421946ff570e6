package rewrite_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/examples"
	"github.com/wherewall/wherewall/internal/pgtemp"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// sample is the sample SaaS in a real PostgreSQL, and its policy bound to it.
type sample struct {
	conn     *pgx.Conn
	lock     sync.Mutex // of conn
	snapshot *catalog.Snapshot
	rewriter *rewrite.Rewriter
}

var theSample *sample //nolint:gochecknoglobals // made once by TestMain, since a server takes seconds to start

const mark = "0123456789abcdef0123456789abcdef"

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx := context.Background()
	server, err := pgtemp.Start(ctx, pgtemp.Options{})
	if err != nil {
		return 1, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	defer func() { _ = server.Stop() }()
	theSample, err = load(ctx, server)
	if err != nil {
		return 1, err
	}
	defer func() { _ = theSample.conn.Close(ctx) }()
	return m.Run(), nil
}

func load(ctx context.Context, server *pgtemp.Server) (*sample, error) {
	conn, err := pgx.Connect(ctx, server.AdminDSN("postgres"))
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	if err := examples.Load(ctx, conn, "demo"); err != nil {
		return nil, err
	}
	more, err := os.ReadFile(filepath.Join("testdata", "more.sql"))
	if err != nil {
		return nil, fmt.Errorf("reading the tests' own tables: %w", err)
	}
	if _, err := conn.Exec(ctx, string(more)); err != nil {
		return nil, fmt.Errorf("loading the tests' own tables: %w", err)
	}
	dir, err := os.MkdirTemp("", "wherewall-policy")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	policy, err := examples.Policy()
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(dir, policy); err != nil {
		return nil, fmt.Errorf("copying the policy: %w", err)
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "policy"))); err != nil {
		return nil, fmt.Errorf("copying the tests' own policy: %w", err)
	}
	return bind(ctx, conn, dir)
}

func bind(ctx context.Context, conn *pgx.Conn, dir string) (*sample, error) {
	declared, err := catalog.ReadPolicy(dir)
	if err != nil {
		return nil, err
	}
	schema, err := catalog.LoadSchema(ctx, conn)
	if err != nil {
		return nil, err
	}
	// Refused settings are told which others there are. Servers before 17 lack this one, and the files are for all.
	delete(schema.Limits.Timeouts, "transaction_timeout")
	snapshot, problems := catalog.Bind(declared, schema)
	if snapshot == nil {
		return nil, problems
	}
	// WHEREWALL_STATEMENT_CACHE=off or verify runs the tests without the cache, or with one that is proven again at every hit.
	of, err := rewrite.ParseRemembering(cmp.Or(os.Getenv("WHEREWALL_STATEMENT_CACHE"), "shapes"))
	return &sample{conn: conn, snapshot: snapshot, rewriter: rewrite.New(snapshot, rewrite.WithMemory(rewrite.Memory{Of: of}))}, err
}

// values resolves kim@acme, or a name alone.
func (s *sample) values(t testing.TB, who string) *rewrite.Values {
	t.Helper()
	user, tenant, _ := strings.Cut(who, "@")
	subject, err := plan.Resolve(s.snapshot, user, tenant)
	require.NoError(t, err)
	p, err := plan.Build(s.snapshot, subject)
	require.NoError(t, err)
	return rewrite.NewValues(p, mark)
}

// prepare asks PostgreSQL whether a text that we would send is one that it understands.
func (s *sample) prepare(t testing.TB, sql string) error {
	t.Helper()
	s.lock.Lock()
	defer s.lock.Unlock()
	_, err := s.conn.PgConn().Prepare(t.Context(), "", sql, nil)
	return err
}

func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			datadriven.RunTest(t, file, func(t *testing.T, d *datadriven.TestData) string {
				return theSample.golden(t, d)
			})
		})
	}
}

func (s *sample) golden(t *testing.T, d *datadriven.TestData) string {
	v := s.values(t, d.Cmd)
	template := s.rewriter.Rewrite(d.Input, v.Plan())
	if r := template.Refused; r != nil {
		out := fmt.Sprintf("%s %s at %d: %s\n", r.SQLState, r.Code, r.Position, r.Message)
		if r.Hint != "" {
			out += "hint: " + r.Hint + "\n"
		}
		if r.SQLState == "0A000" && template.Cause != nil && template.Cause.Error() != r.Message {
			out += "cause: " + template.Cause.Error() + "\n"
		}
		return out
	}
	sent := string(template.AppendSQL(nil, v))
	out := strings.ReplaceAll(sent, mark, "MARK")
	for i, statement := range template.Statements {
		if statement.Hidden != rewrite.HiddenNothing {
			out += fmt.Sprintf("\nhidden %d: %d", i, statement.Hidden)
		}
	}
	if len(template.Statements) == 1 {
		if err := s.prepare(t, sent); err != nil {
			out += "\nPostgreSQL: " + err.Error()
		}
	}
	return out + "\n"
}
