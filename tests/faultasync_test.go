package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// TestMessagesThatNobodyAskedForMayComeAnywhere puts a parameter, a notice and a notification between any two messages of what
// PostgreSQL says to the representative session. What its client hears is the same, and the parameter in its place.
func TestMessagesThatNobodyAskedForMayComeAnywhere(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	g := newGround(t, "faults_asynchronous", s.Addr().String(), nil)
	right, recorded := g.record(t, s)
	want := audibleKinds(right)
	begin := strings.Index(want, "Z") + 1 // what comes before is the login's

	var said []byte
	for _, m := range []pgproto3.BackendMessage{
		&pgproto3.ParameterStatus{Name: "TimeZone", Value: "Asia/Tokyo"},
		&pgproto3.NoticeResponse{Severity: "NOTICE", SeverityUnlocalized: "NOTICE", Code: "00000", Message: "of the server alone"},
		&pgproto3.NotificationResponse{Channel: "nobody listens", Payload: "secret"},
	} {
		var err error
		said, err = m.Encode(said)
		require.NoError(t, err)
	}
	first := slices.IndexFunc(recorded, func(m []byte) bool { return m[0] == 'Z' }) + 1
	for at := first; at <= len(recorded); at++ {
		s.wrongs = append(s.wrongs, wrong{name: fmt.Sprint(at), stream: slices.Insert(recorded.clone(), at, said), seed: 2, patient: true})
	}
	g.each(t, 0, s.wrongs, func(w wrong) ([]byte, error) {
		n := slices.IndexFunc(s.wrongs, func(o wrong) bool { return o.name == w.name })
		heard, err := g.hear(t, fmt.Sprintf("wrong %d", n), true)
		got := audibleKinds(heard)
		switch {
		case err != nil:
			return heard, err
		case strings.Contains(string(heard), "of the server alone") || strings.Contains(string(heard), "secret"):
			return heard, fmt.Errorf("what is not for the client was passed on")
		case n < len(s.wrongs)-1 && strings.Count(string(heard), "Asia/Tokyo") != 1:
			return heard, fmt.Errorf("the parameter was not passed on")
		case strings.ReplaceAll(got[begin:], "S", "") != strings.ReplaceAll(want[begin:], "S", ""):
			return heard, fmt.Errorf("it has heard %s instead of %s", got, want)
		}
		return heard, nil
	})
}
