// Package doctree reads YAML documents as trees of which every value knows its place, so that whatever is wrong with one can be
// reported by file, line, column and field.
//
//	file ──Documents──▶ Node ──Object, List, Text──▶ Node …
//	                      └── Fail, Unsupported, Warn, Assume ──▶ Report ──▶ Problems
//
// It owns the places and the two ways of reading: strictly, where every slip is an error, and leniently, where what can be
// understood all the same is taken with a warning that says how. It never knows what a document means, and never changes one.
package doctree
