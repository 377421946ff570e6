package checks

// SpecimenText is the first row of app.specimen, each column in PostgreSQL's own text.
func SpecimenText() []string {
	return []string{
		"1", "acme", "-32768", "2147483647", "-9223372036854775808", "12345678901234.567890", "1.5", "2.5e-10", "Grüße, 'world'", "varchar", "char  ", "t", `\x00ff10`,
		"2026-02-28", "13:14:15.678901", "2026-02-28 13:14:15.678901", "2026-02-28 13:14:15.678901+00", "1 year 2 mons 3 days 04:05:06",
		"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", `{"a": [1, 2]}`, `{"b": {"c": null}}`, "{1,2,NULL,-4}", `{one,"two, three",NULL,""}`, "on_hold", "192.168.1.7/24", "[3,9)",
		`["2026-01-01 00:00:00+00","2026-02-01 00:00:00+00")`,
	}
}

// SpecimenBytes are the lengths of its columns in the binary format, as PostgreSQL's send functions make them.
func SpecimenBytes() []int {
	return []int{4, 4, 2, 4, 8, 20, 4, 8, 16, 7, 6, 1, 3, 4, 8, 8, 8, 16, 16, 13, 19, 48, 49, 7, 8, 17, 25}
}
