/* A client of libpq 18 that logs in by OAUTHBEARER with the token in $TOKEN, as a program does that has tokens of its own
   (libpq, 34.20.1.1: PQAUTHDATA_OAUTH_BEARER_TOKEN). Arguments: a connection string and a statement. It prints where libpq was
   told to get a token, with which scope, and the statement's one value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;
enum { PROMPT_OAUTH_DEVICE, OAUTH_BEARER_TOKEN };

typedef struct request {
	const char *openid_configuration;
	const char *scope;
	int (*async)(PGconn *, struct request *, int *);
	void (*cleanup)(PGconn *, struct request *);
	char *token;
	void *user;
} request;

extern void PQsetAuthDataHook(int (*hook)(int, PGconn *, void *));
extern PGconn *PQconnectdb(const char *);
extern int PQstatus(const PGconn *);
extern char *PQerrorMessage(const PGconn *);
extern PGresult *PQexec(PGconn *, const char *);
extern char *PQgetvalue(const PGresult *, int, int);
extern int PQresultStatus(const PGresult *);
extern void PQfinish(PGconn *);

static int hook(int kind, PGconn *conn, void *data)
{
	request *r = data;

	if (kind != OAUTH_BEARER_TOKEN)
		return 0;
	printf("%s %s\n", r->openid_configuration, r->scope ? r->scope : "-");
	r->token = getenv("TOKEN");
	return 1;
}

int main(int argc, char **argv)
{
	PGconn *conn;
	PGresult *result;

	if (argc != 3)
		return 2;
	PQsetAuthDataHook(hook);
	conn = PQconnectdb(argv[1]);
	if (PQstatus(conn) != 0) {
		printf("%s", PQerrorMessage(conn));
		PQfinish(conn);
		return 1;
	}
	result = PQexec(conn, argv[2]);
	printf("%s\n", PQresultStatus(result) == 2 ? PQgetvalue(result, 0, 0) : PQerrorMessage(conn));
	PQfinish(conn);
	return 0;
}
