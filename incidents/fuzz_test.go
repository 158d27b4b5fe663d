package incidents_test

import (
	"testing"

	"plimsoll/incidents"
)

// FuzzParseRef: what is read is written as people say it, and read again as the same.
func FuzzParseRef(f *testing.F) {
	for _, seed := range []string{"INC-7", "inc-12", "3", "INC-", "", "+1", "INC-+1", "INC7", "9223372036854775808", "INC-٣"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := incidents.ParseRef(text)
		if err != nil {
			return
		}
		if again, err := incidents.ParseRef(ref.String()); err != nil || again != ref || ref < 1 {
			t.Errorf("%q is %s, and that is %s, %v", text, ref, again, err)
		}
	})
}

// FuzzParseSeverity: what is read is a severity, and is read from what it is written as.
func FuzzParseSeverity(f *testing.F) {
	for _, seed := range []string{"1", "sev5", "SEV-2", "Major", "sev6", "", "unset", "0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := incidents.ParseSeverity(text)
		if err != nil {
			return
		}
		if again, err := incidents.ParseSeverity(s.String()); err != nil || again != s || !s.Valid() {
			t.Errorf("%q is %s, and that is %s, %v", text, s, again, err)
		}
	})
}
