// Package failure analyses how a service can fail: fault trees from the top down, and failure modes and effects (FMEA) from the bottom up.
//
// It is pure: it reads documents and computes. It knows no incident; a postmortem or a design review refers to its results.
//
// # Fault trees
//
// A tree says which combinations of basic events bring the top event about. Events are independent of each other; one that
// stands in several places is one event.
//
//	document ──Read──▶ Tree ──CutSets──▶ minimal cut sets ──▶ single points of failure
//	                    │
//	                    └──diagram──▶ binary decision diagram ──▶ exact probability, importances
//
// Source: NUREG-0492, Fault Tree Handbook (U.S. Nuclear Regulatory Commission, 1981); the diagram after R. E. Bryant, "Graph-Based
// Algorithms for Boolean Function Manipulation" (IEEE Transactions on Computers, 1986).
package failure
