package tests

import "testing"

type proxyOptions struct {
	database, role string
	policy         []string
}
type proxy struct{ database string }

func startProxy(t testing.TB, o proxyOptions) *proxy { return &proxy{o.database} }

func (p *proxy) dsn(subject string) string {
	if subject == "app" {
		return pg.dsn(serviceRole, servicePassword, p.database)
	}
	return pg.dsn(subject, "native", "oracle_behind")
}

const selfCheck = true
