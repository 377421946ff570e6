package plan

import (
	"strconv"
	"strings"
)

// readDate reads 2006-01-02 as days. PostgreSQL reads that form the same under every DateStyle.
func readDate(text string) (int64, kind) {
	days, ok := daysOf(text)
	if !ok {
		return 0, rawKind
	}
	return days, dateKind
}

// readStamp reads 2006-01-02 15:04:05.999999 as microseconds.
func readStamp(text string) (int64, kind) {
	units, rest, ok := clockOf(text)
	if !ok || rest != "" {
		return 0, rawKind
	}
	return units, stampKind
}

// readInstant reads a timestamp with its offset from UTC. One without is a matter of the session's zone.
func readInstant(text string) (int64, kind) {
	units, rest, ok := clockOf(text)
	if !ok {
		return 0, rawKind
	}
	offset, ok := offsetOf(rest)
	if !ok {
		return 0, rawKind
	}
	return units - offset*1_000_000, instantKind
}

func digits(text string, from, to int) (int, bool) {
	if len(text) < to {
		return 0, false
	}
	if strings.Trim(text[from:to], "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text[from:to])
	return n, err == nil
}

func daysOf(text string) (int64, bool) {
	if len(text) != 10 || text[4] != '-' || text[7] != '-' {
		return 0, false
	}
	year, okYear := digits(text, 0, 4)
	month, okMonth := digits(text, 5, 7)
	day, okDay := digits(text, 8, 10)
	if !okYear || !okMonth || !okDay || year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	return civil(int64(year), int64(month), int64(day)), true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	default:
		return 31
	}
}

// civil counts days in the proleptic Gregorian calendar, which is PostgreSQL's; the year begins in March, so that the leap day comes last.
func civil(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1
}

// dateText is the inverse of readDate, for years of four digits.
func dateText(days int64) (string, bool) {
	for year := days/366 - 1; year <= days/365+1; year++ {
		if year < 1 || year > 9999 || civil(year, 12, 31) < days || civil(year, 1, 1) > days {
			continue
		}
		for month := int64(12); month >= 1; month-- {
			if first := civil(year, month, 1); first <= days {
				return pad(year, 4) + "-" + pad(month, 2) + "-" + pad(days-first+1, 2), true
			}
		}
	}
	return "", false
}

func pad(n int64, width int) string {
	s := strconv.FormatInt(n, 10)
	return strings.Repeat("0", max(0, width-len(s))) + s
}

// clockOf reads a date and a time of day; rest is what follows.
func clockOf(text string) (units int64, rest string, ok bool) {
	if len(text) < 19 || text[10] != ' ' && text[10] != 'T' || text[13] != ':' || text[16] != ':' {
		return 0, "", false
	}
	days, ok := daysOf(text[:10])
	hour, okHour := digits(text, 11, 13)
	minute, okMinute := digits(text, 14, 16)
	second, okSecond := digits(text, 17, 19)
	if !ok || !okHour || !okMinute || !okSecond || hour > 23 || minute > 59 || second > 59 {
		return 0, "", false
	}
	units = (((days*24+int64(hour))*60+int64(minute))*60 + int64(second)) * 1_000_000
	rest = text[19:]
	if !strings.HasPrefix(rest, ".") {
		return units, rest, true
	}
	end := 1
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	if end < 2 || end > 7 {
		return 0, "", false
	}
	fraction, _ := strconv.ParseInt(rest[1:end]+strings.Repeat("0", 7-end), 10, 64)
	return units + fraction, rest[end:], true
}

// offsetOf reads Z, +02 and +02:30 as seconds east of UTC.
func offsetOf(text string) (int64, bool) {
	if text == "Z" || text == "z" {
		return 0, true
	}
	if len(text) < 3 || text[0] != '+' && text[0] != '-' {
		return 0, false
	}
	hours, ok := digits(text, 1, 3)
	minutes, okMinutes := 0, true
	switch rest := text[3:]; {
	case rest == "":
	case len(rest) == 3 && rest[0] == ':':
		minutes, okMinutes = digits(rest, 1, 3)
	default:
		okMinutes = false
	}
	if !ok || !okMinutes || hours > 15 || minutes > 59 {
		return 0, false
	}
	seconds := int64(hours)*3600 + int64(minutes)*60
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}
