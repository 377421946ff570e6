package wire

import (
	"strconv"
	"strings"

	"github.com/wherewall/wherewall/rewrite"
)

// loadContext finds in an error's context which row of a COPY from the client it is about, and takes that line out of what is looked at for
// functions. PostgreSQL names the table, the line, and what the client sent there; nothing of it is anybody else's.
func loadContext(f *errorFields, said *rewrite.Statement) {
	if said == nil || said.Load == nil || !said.Kind.Loads() {
		return
	}
	server := said.Load.Table
	if said.Kind == rewrite.CopyFill {
		server = rewrite.StagingTable
	}
	begin := "COPY " + server + ", "
	client := "COPY " + said.Load.Table + ", "
	if rest, ok := strings.CutPrefix(f.context, begin); ok {
		f.where, f.context = client+rest, ""
		return
	}
	// Of a row that met a function, the number alone is told: the text behind it is the server's last word, but not surely.
	if at := strings.LastIndex(f.context, "\n"+begin+"line "); at >= 0 {
		rest := f.context[at+len(begin)+len("\nline "):]
		f.where = client + "line " + rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
		f.context = f.context[:at]
	}
}

// refusedRow tells which row of a COPY a refusal is about, by the number behind the mark; 0 is none.
func refusedRow(said *rewrite.Statement, number int) string {
	if said == nil || said.Load == nil || said.Kind != rewrite.CopyStore || number == 0 {
		return ""
	}
	load := said.Load
	switch {
	case load.Skips:
		return "COPY " + load.Table
	case load.Lines:
		return "COPY " + load.Table + ", line " + strconv.Itoa(number+load.Before)
	default:
		return "COPY " + load.Table + ", row " + strconv.Itoa(number)
	}
}

// scrubLoad words an error of the statements behind a COPY as one of the COPY.
func scrubLoad(f *errorFields, said *rewrite.Statement) {
	if said == nil || said.Load == nil {
		return
	}
	if said.Kind == rewrite.CopyPrepare && f.code == stateDenied {
		f.message = "permission denied to COPY to table \"" + said.Load.Table + "\""
		f.hint = "Its rows are checked in a temporary table, which the service login may not make. Use INSERT, or ask the operator to GRANT TEMPORARY ON DATABASE to that login."
	}
	if f.code != stateReadOnly {
		return
	}
	for _, command := range []string{"INSERT", "CREATE TABLE", "DROP TABLE"} {
		f.message = strings.Replace(f.message, "cannot execute "+command+" ", "cannot execute COPY FROM ", 1)
	}
}
