package slo_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"plimsoll/slo"
)

func TestParseRatio(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in      string
		want    slo.Ratio
		problem string // part of the error; empty for none
	}{
		{"0", 0, ""},
		{"1", slo.One, ""},
		{"1.000", slo.One, ""},
		{"0.999", 999_000_000, ""},
		{"0.9990", 999_000_000, ""},
		{"0.000000001", 1, ""},
		{"0.999999999", slo.One - 1, ""},
		{"0.99999999900000", slo.One - 1, ""},
		{"0.9999999999", 0, "more than 9 decimal places"},
		{"1.000000001", 0, "not a fraction between 0 and 1"},
		{"99.9", 0, "not a fraction between 0 and 1"},
		{"99999999999999999999", 0, "not a fraction"},
		{"", 0, "not a fraction"},
		{".5", 0, "not a fraction"},
		{"-0.5", 0, "not a fraction"},
		{"0.-5", 0, "not a fraction"},
		{"+0.5", 0, "not a fraction"},
		{"0.5.5", 0, "not a fraction"},
		{"5e-1", 0, "not a fraction"},
		{"0_0.5", 0, "not a fraction"},
		{"NaN", 0, "not a fraction"},
	} {
		got, err := slo.ParseRatio(c.in)
		checkParsed(t, c.in, got, err, c.want, c.problem)
	}
}

func TestParsePercent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in      string
		want    slo.Ratio
		problem string
	}{
		{"99.9", 999_000_000, ""},
		{"100", slo.One, ""},
		{"0.0000001", 1, ""},
		{"99.99999999", 0, "more than 7 decimal places"},
		{"100.1", 0, "not a percentage between 0 and 100"},
		{"99.9%", 0, "not a percentage"},
	} {
		got, err := slo.ParsePercent(c.in)
		checkParsed(t, c.in, got, err, c.want, c.problem)
	}
}

func checkParsed(t *testing.T, in string, got slo.Ratio, err error, want slo.Ratio, problem string) {
	t.Helper()
	switch {
	case problem == "" && (err != nil || got != want):
		t.Errorf("%q gives %d, %v; want %d", in, got, err, want)
	case problem != "" && (err == nil || !strings.Contains(err.Error(), problem)):
		t.Errorf("%q gives %v, want an error with %q", in, err, problem)
	}
}

func TestRatioRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := slo.Ratio(rapid.Int64Range(0, int64(slo.One)).Draw(t, "ratio"))
		if back, err := slo.ParseRatio(r.String()); err != nil || back != r {
			t.Errorf("%s reads back as %d, %v", r, back, err)
		}
		if back, err := slo.ParsePercent(r.Percent()); err != nil || back != r {
			t.Errorf("%s%% reads back as %d, %v", r.Percent(), back, err)
		}
	})
}

func FuzzParseRatio(f *testing.F) {
	for _, s := range []string{"0.999", "1", "99.9", "", ".", "0.", "-1", "1e9", "0.0000000001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := slo.ParseRatio(s)
		if err != nil {
			return
		}
		if r < 0 || r > slo.One {
			t.Fatalf("%q gives %d, outside of 0 to 1", s, r)
		}
		if back, err := slo.ParseRatio(r.String()); err != nil || back != r {
			t.Fatalf("%q gives %s, which reads back as %d, %v", s, r, back, err)
		}
	})
}
