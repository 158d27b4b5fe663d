package sqlcheck

import (
	"cmp"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// events of an interval.
type events struct{ good, total int64 }

// maxEvents is the largest number of events of an interval: above 2^53 a sample skips whole numbers.
const maxEvents = 1 << 53

// check refuses numbers that cannot be counts.
func (e events) check() error {
	switch {
	case e.good < 0 || e.total < 0:
		return fail(reasonCounts, "good and total must not be negative, found %d and %d", e.good, e.total)
	case e.good > e.total:
		return fail(reasonCounts, "good must not be greater than total, found %d of %d", e.good, e.total)
	case e.total > maxEvents:
		return fail(reasonCounts, "total must be below 2^53, found %d", e.total)
	}
	return nil
}

// read takes the events from an answer of one row.
func read(rows pgx.Rows) (events, error) {
	defer rows.Close()
	more := rows.Next() // a query that fails may have no columns
	if err := rows.Err(); err != nil {
		return events{}, classify(err, rows.Conn())
	}
	goodFirst, err := columns(rows)
	if err != nil {
		return events{}, err
	}
	var e events
	n := 0
	for ; more && n < 2; more = rows.Next() {
		n++
		var good, total pgtype.Numeric
		into := []any{&good, &total}
		if !goodFirst {
			into[0], into[1] = into[1], into[0]
		}
		if err := rows.Scan(into...); err != nil {
			return events{}, fail(reasonAnswer, "read the answer: %w", err)
		}
		if e.good, err = whole("good", good); err != nil {
			return events{}, err
		}
		if e.total, err = whole("total", total); err != nil {
			return events{}, err
		}
	}
	if err := rows.Err(); err != nil {
		return events{}, classify(err, rows.Conn())
	}
	if n != 1 {
		found := "none"
		if n > 1 {
			found = "more"
		}
		return events{}, fail(reasonAnswer, "the query must return one row, found %s; an aggregate without GROUP BY always does", found)
	}
	return e, e.check()
}

// wholeNumbers are the types that good and total may have.
var wholeNumbers = map[uint32]bool{pgtype.Int2OID: true, pgtype.Int4OID: true, pgtype.Int8OID: true, pgtype.NumericOID: true}

// columns checks that there are good and total and nothing else, and tells which comes first.
func columns(rows pgx.Rows) (goodFirst bool, err error) {
	var names []string
	seen := map[string]bool{}
	for _, f := range rows.FieldDescriptions() {
		names = append(names, f.Name)
		seen[f.Name] = true
		if (f.Name == "good" || f.Name == "total") && !wholeNumbers[f.DataTypeOID] {
			return false, fail(reasonAnswer, "the column %s must be a whole number (integer, bigint or numeric); cast it, as in %s::bigint", f.Name, f.Name)
		}
	}
	if !seen["good"] || !seen["total"] || len(names) != 2 {
		return false, fail(reasonAnswer, "the query must return the columns good and total, found %s", cmp.Or(strings.Join(names, ", "), "none"))
	}
	return names[0] == "good", nil
}

// whole reads a count.
func whole(name string, n pgtype.Numeric) (int64, error) {
	if !n.Valid {
		return 0, fail(reasonAnswer, "%s is NULL; for an interval without events it must be 0, as in coalesce(sum(…), 0)", name)
	}
	v, err := n.Int64Value()
	if err != nil {
		return 0, fail(reasonAnswer, "%s is not a whole number below 2^53", name)
	}
	return v.Int64, nil
}
