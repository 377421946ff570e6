module wherewall.test/sqlx

go 1.26

require (
	github.com/jmoiron/sqlx v1.4.0
	github.com/lib/pq v1.12.3
	wherewall.test/checks v0.0.0
)

replace wherewall.test/checks => ./checks
