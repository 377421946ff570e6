package wire

// failure ends a session with a FATAL error that the client may read. It holds no secrets.
type failure struct {
	state   string // SQLSTATE
	message string
	detail  string
	hint    string
	reason  string // for the log, where it should say more than message
	// lacksTenant says that it would be none if the tenant were named.
	lacksTenant bool
}

func (f *failure) Error() string { return f.message }

// protocolError is a peer that does not keep to the protocol.
type protocolError struct{ text string }

func (e *protocolError) Error() string { return e.text }

const (
	stateProtocol       = "08P01"
	stateConnection     = "08006"
	stateUnsupported    = "0A000"
	statePassword       = "28P01"
	stateAuthorization  = "28000"
	stateNoDatabase     = "3D000"
	stateDenied         = "42501"
	stateReadOnly       = "25006"
	stateSyntax         = "42601"
	stateNoStatement    = "26000"
	stateNoSchema       = "3F000"
	stateNoTable        = "42P01"
	stateNoCursor       = "34000"
	stateTooMany        = "53300"
	stateLimit          = "54000"
	stateNoMemory       = "53200"
	stateNotReady       = "55000"
	stateShutdown       = "57P01"
	stateCannotConnect  = "57P03"
	stateInternal       = "XX000"
	stateIO             = "58030"
	stateBadParameter   = "22023"
	adminShutdown       = "terminating connection due to administrator command"
	tooManyClients      = "sorry, too many clients already"
	connectionLost      = "server closed the connection unexpectedly"
	couldNotConnect     = "could not connect to the database server"
	internalFailure     = "internal error"
	multipleInPrepared  = "cannot insert multiple commands into a prepared statement"
	fastpathUnsupported = "fastpath function calls are not supported"
)

func violation(text string) *failure { return &failure{state: stateProtocol, message: text} }
