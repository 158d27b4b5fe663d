package risk

import (
	"slices"
	"strings"
	"unicode"
)

// technical are words that somebody who plans a product need not know, in lower case; our choice.
func technical() []string {
	return []string{
		"ale", "api", "backend", "backlog", "blast radius", "burn rate", "cache", "ci/cd", "cluster", "codebase", "compliance", "container", "cve", "daemon",
		"database", "dependency", "deploy", "deployment", "endpoint", "error budget", "exploit", "exposure", "failover", "fmea", "framework", "frontend",
		"http", "infrastructure", "kubernetes", "latency", "leverage", "library", "likelihood", "load balancer", "matrix", "microservice", "migration",
		"node", "objective", "outage", "p99", "patch", "pipeline", "poisson", "probability", "quadrant", "query", "refactor", "refactoring", "regression",
		"remediation", "replica", "rollback", "runtime", "schema", "server", "slo", "sli", "sla", "sql", "stack", "stakeholder", "technical debt",
		"thread", "throughput", "tls", "ttl", "vulnerability",
	}
}

// Jargon returns the technical words of a text, sorted and each once: a writer should say them in other words before the text goes to somebody
// from outside the team. The plural with s counts as the word.
func Jargon(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '/'
	})
	line := " " + strings.Join(words, " ") + " "
	var found []string
	for _, w := range technical() {
		if strings.Contains(line, " "+w+" ") || strings.Contains(line, " "+w+"s ") {
			found = append(found, w)
		}
	}
	slices.Sort(found)
	return found
}
