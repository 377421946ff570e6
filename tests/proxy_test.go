package tests

import "testing"

type proxyOptions struct{ database, policy string }
type proxy struct{ database string }

func startProxy(t testing.TB, o proxyOptions) *proxy { return &proxy{o.database} }

func (p *proxy) dsn(user, tenant string) string { return pg.dsn(serviceRole, servicePassword, p.database) }
