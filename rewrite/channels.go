package rewrite

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/wherewall/wherewall/internal/sqltree"
	"github.com/wherewall/wherewall/plan"
)

// Channels of LISTEN and NOTIFY belong to the whole database, so that what a tenant calls news is the channel ww:TENANT:news of the server. A
// trigger, or whoever else writes to the database, reaches a tenant's sessions by that name. Where the name is longer than names may be it is a digest.

// maxName is the longest name of the server, in bytes.
const maxName = int32(63)

// channelPrefix begins the names of a tenant's channels. No tenant's begins with another's: one with a colon in it stands as its digest, which makes
// every name too long, and so a digest again.
func channelPrefix(tenant string) string {
	if strings.Contains(tenant, ":") {
		return "ww::" + digestOf(tenant) + ":"
	}
	return "ww:" + tenant + ":"
}

// digestPrefix begins the name of a channel that is a digest.
const digestPrefix = "ww#"

// Channel is the server's name for a tenant's channel.
func Channel(tenant, name string) string {
	full := channelPrefix(tenant) + name
	if len(full) <= int(maxName) {
		return full
	}
	return digestPrefix + digestOf(full)[:int(maxName)-len(digestPrefix)]
}

// ChannelName is a tenant's own name for a channel of the server; false for one that is not his, or whose name is a digest.
func ChannelName(tenant, channel string) (string, bool) {
	name, ok := strings.CutPrefix(channel, channelPrefix(tenant))
	return name, ok && tenant != "" && name != ""
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// MayListen says whether a plan's subject may listen and notify: channels are those of a tenant.
func MayListen(p *plan.Plan) bool { return p.Allow[allowListen] && p.Subject.Tenant != "" }

// channelMark stands for a channel's name in the tree. The name is filled in when the template is rendered.
const channelMark = reservedPrefix + "channel"

// listen lets LISTEN, NOTIFY and UNLISTEN pass, about a channel of the tenant's.
func (w *walker) listen(kind Kind, command string, name *string) (Kind, error) {
	if !MayListen(w.plan) {
		d := w.deny(StatementDenied, stateInsufficientPrivilege, "permission denied: %s is not allowed", command)
		if w.plan.Allow[allowListen] {
			return Unknown, d.hint("Channels are those of a tenant, and this session has none.")
		}
		return Unknown, d.hint("It takes the policy's `allow: [listen]`.")
	}
	w.said.Name = *name
	*name = channelMark
	return kind, nil
}

// unlisten lets a session forget one channel, or all. Where there are none, there is nothing to forget.
func (w *walker) unlisten(s *pg.UnlistenStmt) (Kind, error) {
	if s.Conditionname == "" || !MayListen(w.plan) {
		return Discard, nil
	}
	return w.listen(Unlisten, "UNLISTEN", &s.Conditionname)
}

// channelAt is where the mark stands in the print of a statement about a channel.
func channelAt(kind Kind, text string) (int, bool) {
	command := map[Kind]string{Listen: "LISTEN ", Notify: "NOTIFY ", Unlisten: "UNLISTEN "}[kind]
	return len(command), command != "" && strings.HasPrefix(text, command+channelMark)
}

// channelNamed is the slot of a channel's name; quote says as what it is written.
func channelNamed(quote, name string) string { return quote + hex.EncodeToString([]byte(name)) }

// channelSlot is the value of a slot of a channel, where a name is one.
func (v *Values) channelSlot(name string) (string, bool) {
	tenant := v.Plan().Subject.Tenant
	if tenant == "" {
		return "", false
	}
	if name == channelsSlot {
		return string(sqltree.QuoteLiteral(nil, channelPrefix(tenant))), true
	}
	quote, coded := identifier, ""
	if c, ok := strings.CutPrefix(name, channelSlot); ok {
		coded = c
	} else if c, ok := strings.CutPrefix(name, channelTextSlot); ok {
		quote, coded = func(s string) string { return string(sqltree.QuoteLiteral(nil, s)) }, c
	}
	decoded, err := hex.DecodeString(coded)
	if err != nil || len(decoded) == 0 {
		return "", false
	}
	return quote(Channel(tenant, string(decoded))), true
}

// channelCall tells a call of pg_notify or pg_listening_channels in its plain form; empty for none.
func channelCall(n *pg.FuncCall) string {
	parts := strs(n.GetFuncname())
	if n == nil || !plainCall(n) || len(parts) > 2 || len(parts) == 2 && parts[0] != pgCatalog {
		return ""
	}
	switch name := parts[len(parts)-1]; {
	case name == "pg_notify" && len(n.Args) == 2, name == "pg_listening_channels" && len(n.Args) == 0:
		return name
	default:
		return ""
	}
}

// channel writes what is sent for a call about channels.
func (w *walker) channel(called string, n *pg.FuncCall) error {
	if called == "pg_listening_channels" {
		own := listeningChannels()
		n.Funcname, n.Args = own.Funcname, own.Args
		return nil
	}
	refuse := func(message string) *Refusal {
		return &Refusal{Code: FunctionDenied, SQLState: stateInvalidParameter, Message: message}
	}
	if n.Args[0].GetAConst().GetIsnull() {
		return &denial{Refusal: *refuse("channel name cannot be empty"), location: unplaced}
	}
	if name := constantText(n.Args[0]); name != nil {
		switch {
		case *name == "":
			return &denial{Refusal: *refuse("channel name cannot be empty"), location: unplaced}
		case len(*name) > int(maxName):
			return &denial{Refusal: *refuse("channel name too long"), location: unplaced}
		}
		n.Args[0] = cast(slot(channelNamed(channelTextSlot, *name)), builtinType("text"))
	} else {
		value, ok := textParameter(n.Args[0])
		if !ok {
			return w.deny(FunctionDenied, stateInsufficientPrivilege, "permission denied for function pg_notify").
				hint("The channel must be a constant or a parameter.")
		}
		number := w.first + len(w.refusals)
		w.refusals = append(w.refusals, refuse("channel name is empty or too long"))
		n.Args[0] = chosenChannel(value, number)
	}
	n.Funcname = names(pgCatalog, called)
	return w.node(n.Args[1])
}

// chosenChannel is the server's name for a channel that a parameter names, and an error for a name that no channel has. See Channel.
func chosenChannel(value *pg.Node, refusal int) *pg.Node {
	text := func(n *pg.Node) *pg.Node { return cast(n, builtinType("text")) }
	join := func(a, b *pg.Node) *pg.Node { return operation("||", a, b) }
	length := func(n *pg.Node) *pg.Node { return call("octet_length", n) }
	full := join(text(slot(channelsSlot)), value)
	digest := call("encode", call("sha256", call("convert_to", copyOf(full), literal("UTF8"))), literal("hex"))
	none := or(expression(pg.A_Expr_Kind_AEXPR_OP, names(pgCatalog, "="), copyOf(value), text(literal(""))),
		expression(pg.A_Expr_Kind_AEXPR_OP, names(pgCatalog, ">"), length(copyOf(value)), integer(maxName)), isNull(copyOf(value)))
	short := expression(pg.A_Expr_Kind_AEXPR_OP, names(pgCatalog, "<="), length(copyOf(full)), integer(maxName))
	return caseOf([]*pg.Node{
		when(none, text(raise(refusal))), when(short, full),
	}, join(text(literal(digestPrefix)), call("left", digest, integer(maxName-int32(len(digestPrefix))))))
}

// listeningChannels is pg_listening_channels() as the tenant names them. Channels whose names are digests are left out.
func listeningChannels() *pg.FuncCall {
	const listened = reservedPrefix + "listened"
	prefix := func() *pg.Node { return cast(slot(channelsSlot), builtinType("text")) }
	rest := call("substr", column(listened, listened), operation("+", call("length", prefix()), integer(1)))
	from := &pg.Node{Node: &pg.Node_RangeFunction{RangeFunction: &pg.RangeFunction{
		Functions: []*pg.Node{{Node: &pg.Node_List{List: list([]*pg.Node{call("pg_listening_channels"), {}})}}}, Alias: alias(listened, listened),
	}}}
	own := selectFrom([]*pg.Node{target(rest, "")}, []*pg.Node{from}, call("starts_with", column(listened, listened), prefix()))
	return call("unnest", subLink(pg.SubLinkType_ARRAY_SUBLINK, own)).GetFuncCall()
}

// channelProven demands of a call about channels that it names those of the tenant.
func (v *prover) channelProven(n *pg.FuncCall) bool {
	called := channelCall(n)
	if called == "" || !MayListen(v.plan) {
		return false
	}
	if called == "pg_listening_channels" {
		for _, s := range v.path {
			if f, ok := s.message.(*pg.FuncCall); ok && sqltree.Equal(listeningChannels(), f) {
				return true
			}
		}
		return false
	}
	if name, isSlot := slotOf(n.Args[0].GetTypeCast().GetArg().GetAConst()); isSlot {
		return strings.HasPrefix(name, channelTextSlot)
	}
	whens := n.Args[0].GetCaseExpr().GetArgs()
	if len(whens) == 0 {
		return false
	}
	refusal, marked := raisedBy(whens[0].GetCaseWhen().GetResult().GetTypeCast().GetArg())
	value := parameterIn(n.Args[0])
	return marked && value != nil && sqltree.Equal(chosenChannel(value, refusal), n.Args[0])
}
