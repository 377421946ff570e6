package wire

import "github.com/wherewall/wherewall/rewrite"

// refusal is a statement that says no in its place.
func (v *view) refusal(r *rewrite.Refusal) statement {
	if r.Code != codeStale {
		return statement{template: rewrite.Refuse(r), values: v.values}
	}
	// PostgreSQL looks for a statement or portal before it looks whether the transaction has failed. What fails in the
	// grammar fails as early.
	early := *r
	early.Code = codeParse
	return statement{template: rewrite.Refuse(&early), values: v.values, code: r.Code}
}

func refused(code, state, message string) *rewrite.Refusal {
	return &rewrite.Refusal{Code: code, SQLState: state, Message: message}
}

// The codes of refusals that the wire makes itself.
const (
	codeStatement = rewrite.StatementDenied
	codeSetting   = rewrite.SettingDenied
	codeFunction  = rewrite.FunctionDenied
	codeComplex   = rewrite.TooComplex
	codeParse     = rewrite.Unparsable
	codeStale     = "policy_changed"
	codeNoPolicy  = "policy_unavailable"
	// codeUnrecorded is what would leave no record, where there has to be one.
	codeUnrecorded = "audit_unavailable"
	codeNoSubject  = "subject_ended"
)

func unavailable() *rewrite.Refusal {
	r := refused(codeNoPolicy, stateCannotConnect, "the policy cannot be read")
	r.Hint = "Try again later."
	return r
}
