// Package chart draws budgets as SVG, the same for pages and reports.
//
// A chart is a string of markup without styles, scripts or references: its parts carry classes (prefixed "c-") for the
// style sheet of whoever embeds it, and every chart says in words what it shows. It computes nothing but positions.
package chart
