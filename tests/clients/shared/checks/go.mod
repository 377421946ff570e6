module wherewall.test/checks

go 1.26
