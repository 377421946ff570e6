package rewrite

import pg "github.com/pganalyze/pg_query_go/v6"

// prepare guards what PREPARE keeps under a name. The types of its parameters pass the gate for casts, as those of a Parse message do.
func (w *walker) prepare(s *pg.PrepareStmt) error {
	if err := w.visitAll(s.Argtypes); err != nil {
		return err
	}
	w.parameters = parametersOf(s.Query, typesNamed(s.Argtypes))
	body, err := w.body(s.Query)
	if err != nil {
		return err
	}
	w.said = Statement{Name: s.Name, Body: body}
	return nil
}

// execute checks the arguments of EXECUTE. What it runs was judged when it was prepared, and the wire judges it again.
func (w *walker) execute(s *pg.ExecuteStmt) error {
	w.said = Statement{Name: s.Name}
	return w.visitAll(s.Params)
}

// deallocate forgets one prepared statement, or all.
func (w *walker) deallocate(s *pg.DeallocateStmt) error {
	w.said = Statement{Name: s.Name}
	return nil
}

// body guards the statement inside another: the one that PREPARE, DECLARE and EXPLAIN are about. What is taken out of its replies is a
// matter of when it runs.
func (w *walker) body(n *pg.Node) (*Statement, error) {
	kind, err := w.statement(n)
	if err != nil {
		return nil, err
	}
	if !kind.IsQuery() {
		return nil, w.refuseStatement(n)
	}
	body := &Statement{Kind: kind, Hidden: w.hidden, Uses: w.uses, Keeps: w.keeps}
	w.hidden = HiddenNothing
	return body, nil
}
