# The checks of RPostgreSQL through DBI. It speaks the simple protocol, reads text, and tells errors by their message.
suppressPackageStartupMessages(library(RPostgreSQL))

want <- function(name) Sys.getenv(paste0("WANT_", toupper(name)))
same <- function(got, wanted) {
  if (!isTRUE(all.equal(got, wanted, check.attributes = FALSE))) stop("wanted ", toString(wanted), ", got ", toString(got), call. = FALSE)
}
check <- function(name, body) {
  failed <- tryCatch({ suppressWarnings(body()); NULL }, error = function(e) gsub("\\s+", " ", conditionMessage(e)))
  cat(if (is.null(failed)) paste0("ok - ", name, "\n") else paste0("not ok - ", name, ": ", failed, "\n"))
}
open_link <- function() {
  dbConnect(dbDriver("PostgreSQL"), host = Sys.getenv("PGHOST"), port = as.integer(Sys.getenv("PGPORT")), user = Sys.getenv("PGUSER"),
            password = Sys.getenv("PGPASSWORD"), dbname = Sys.getenv("PGDATABASE"))
}

link <- open_link()
rows <- function(sql, conn = link) suppressWarnings(dbGetQuery(conn, sql))
one <- function(sql, conn = link) rows(sql, conn)[[1]][1]
# fails runs what must fail, and returns the server's message.
fails <- function(sql, conn = link) {
  message <- tryCatch({ suppressWarnings(dbSendQuery(conn, sql)); "" }, error = conditionMessage)
  if (message == "") stop(sql, " succeeds", call. = FALSE)
  message
}

check("connect", function() {
  same(one("SELECT current_user::text"), "dana")
  same(dbGetInfo(link)$user, "dana")
})

check("introspect", function() {
  tables <- rows("SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema IN ('app', 'billing') ORDER BY 1")[[1]]
  same(paste(tables, collapse = " "), Sys.getenv("WANT_TABLES"))
  same(dbExistsTable(link, c("app", "task")), TRUE)
  same(dbExistsTable(link, c("app", "audit_log")), FALSE)
  fields <- grep("dropped", dbListFields(link, c("app", "member")), invert = TRUE, value = TRUE) # in no order that it asks for
  same(sort(fields), sort(c("id", "org_id", "username", "full_name", "joined_on", "active")))
  listed <- dbListTables(link)
  same(c("task", "audit_log") %in% listed, c(TRUE, FALSE))
  result <- dbSendQuery(link, "SELECT id, title FROM task LIMIT 1")
  same(dbColumnInfo(result)$name, c("id", "title"))
  invisible(dbClearResult(result))
})

check("text", function() {
  r <- rows("SELECT a_smallint, an_int, a_real, a_double, a_text, a_char, a_bool, a_date, a_timestamptz, a_uuid::text, a_jsonb::text, an_int_array::text, an_enum::text FROM specimen WHERE id = 1")
  same(r$a_smallint, -32768)
  same(r$an_int, 2147483647)
  same(r$a_double, 2.5e-10)
  same(c(r$a_text, r$a_char), c("Gr\u00fc\u00dfe, 'world'", "char  "))
  same(r$a_bool, TRUE)
  same(as.character(r$a_date), "2026-02-28")
  same(c(r$a_uuid, r$a_jsonb, r$an_int_array, r$an_enum), c("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", '{"b": {"c": null}}', "{1,2,NULL,-4}", "on_hold"))
  all <- rows("SELECT * FROM specimen WHERE id IN (1, 2) ORDER BY id")
  same(dim(all), c(2, 27))
  same(all(is.na(all[2, 3:27])), TRUE)
})
cat("ok - binary # SKIP RPostgreSQL reads text alone\n")

check("write", function() {
  same(one("INSERT INTO specimen (id, org_id, an_int) VALUES (1001, 'acme', 5) RETURNING an_int"), 5)
  dbSendQuery(link, "INSERT INTO specimen (id, org_id, a_text) VALUES ($1, $2, $3)", list(1100, "acme", "it's"))
  same(one("SELECT a_text FROM specimen WHERE id = 1100"), "it's")
  same(dbGetRowsAffected(dbSendQuery(link, "UPDATE specimen SET an_int = 6 WHERE id >= 1001")), 2)
  same(dbGetRowsAffected(dbSendQuery(link, "DELETE FROM specimen WHERE id >= 1001")), 2)
})

check("transaction", function() {
  other <- open_link()
  dbBegin(other)
  dbSendQuery(other, "INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')")
  dbRollback(other)
  same(one("SELECT count(*) FROM specimen WHERE id = 1002"), 0)
  dbBegin(other)
  dbSendQuery(other, "INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')")
  dbCommit(other)
  same(dbGetRowsAffected(dbSendQuery(link, "DELETE FROM specimen WHERE id = 1002")), 1)
  dbDisconnect(other)
})

check("savepoint", function() {
  other <- open_link()
  dbBegin(other)
  dbSendQuery(other, "INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')")
  dbSendQuery(other, "SAVEPOINT s")
  same(grepl("duplicate key value violates unique constraint", fails("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')", other)), TRUE)
  dbSendQuery(other, "ROLLBACK TO SAVEPOINT s")
  same(one("SELECT count(*) FROM specimen WHERE id = 1003", other), 1)
  dbRollback(other)
  dbDisconnect(other)
})

check("error", function() {
  same(grepl('column "nonesuch" does not exist.*LINE 1: SELECT nonesuch FROM task\n               \\^', fails("SELECT nonesuch FROM task")), TRUE)
  same(grepl("division by zero", fails("SELECT 1 / (id - id) FROM task")), TRUE)
  same(grepl('relation "audit_log" does not exist', fails("SELECT * FROM audit_log")), TRUE)
  same(grepl("row-level security policy", fails("INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana')")), TRUE)
})

check("stream", function() {
  result <- dbSendQuery(link, "SELECT * FROM reading")
  n <- 0
  total <- 0
  while (!dbHasCompleted(result)) {
    part <- fetch(result, n = 5000)
    n <- n + nrow(part)
    total <- total + sum(as.numeric(part$id))
  }
  dbClearResult(result)
  same(n, as.numeric(want("readings")))
  same(total, as.numeric(one("SELECT sum(id) FROM reading")))
})
cat("ok - cancel # SKIP RPostgreSQL cannot\n")

check("tenant", function() {
  for (table in c("task", "project", "member", "comment", "invoice", "reading"))
    same(one(paste("SELECT count(*) FROM", table)), as.numeric(want(paste0(table, "s"))))
  same(one("SELECT count(*) FROM specimen WHERE id = 3"), 0)
})

check("data frames", function() {
  same(nrow(dbReadTable(link, c("app", "task"))), as.numeric(want("tasks")))
  if (Sys.getenv("NATIVE") == "") { # where PostgreSQL refuses COPY FROM
    dbWriteTable(link, c("app", "specimen"), data.frame(id = c(1004L, 1005L), org_id = "acme"), append = TRUE, row.names = FALSE)
    same(dbGetRowsAffected(dbSendQuery(link, "DELETE FROM specimen WHERE id >= 1004")), 2)
  }
})
