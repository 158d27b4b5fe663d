package grafana

// Prometheus that scrapes Plimsoll, as chosen on the dashboard.
var prometheus = datasource{Type: "prometheus", UID: "${datasource}"}

// The objectives of the chosen services.
const chosen = `{service=~"$service"}`

// legend names a series by its objective.
const legend = "{{service}}/{{slo}} {{objective}}"

// overview is the dashboard "SLO overview": what is left of every budget, how fast it goes, and what the gate does about it.
func overview() dashboard {
	d := dashboard{
		UID: "plimsoll-slo-overview", Title: "SLO overview",
		Description: "Error budgets, burn rates, freezes and incidents, as Plimsoll exports them.",
		Tags:        []string{"plimsoll", "slo"}, SchemaVersion: schemaVersion, Version: 1, GraphTooltip: 1, Refresh: "30s",
		Time: timeRange{"now-7d", "now"}, Timezone: "utc",
		Templating: templating{[]variable{
			{Name: "datasource", Label: "Prometheus", Type: "datasource", Query: "prometheus"},
			{Name: "service", Label: "Service", Type: "query", Datasource: &prometheus, Definition: "label_values(slo_objective_ratio, service)",
				Query: map[string]any{"query": "label_values(slo_objective_ratio, service)", "refId": "service"},
				Multi: true, IncludeAll: true, AllValue: ".*", Refresh: 2, Sort: 1},
		}},
		Annotations: annotations{[]annotation{{
			Name: "Code Red", Datasource: prometheus, Enable: true, Expr: `plimsoll_gate_freeze_state{service=~"$service",state="code_red"} == 1`, Step: "5m",
			IconColor: "red", TitleFormat: "Releases frozen", TextFormat: "{{service}} to {{environment}}",
		}}},
	}
	rows := [][]panel{
		{
			stat("Objectives", 6, `count(slo_objective_ratio`+chosen+`)`, "Objectives of the chosen services."),
			stat("Spent budgets", 6, `count(slo_error_budget_remaining_ratio`+chosen+` <= 0) or vector(0)`, "Budgets of which nothing is left.").warnAbove(0),
			stat("Frozen environments", 6, `sum(plimsoll_gate_freeze_state{service=~"$service",state="code_red"}) or vector(0)`, "Environments in Code Red.").warnAbove(0),
			stat("Open incidents", 6, `sum(incident_open) or vector(0)`, "Open incidents of all severities and services.").warnAbove(0),
		},
		{
			bars("Budget left", 12, `sort(slo_error_budget_remaining_ratio`+chosen+`)`, "1 − bad ÷ allowed over each objective's window; below 0 the budget is overspent."),
			lines("Budget left over time", 12, `slo_error_budget_remaining_ratio`+chosen, "percentunit", "When a line reaches 0 the budget is spent."),
		},
		{
			lines("Burn rate over 1 h", 12, `slo_burn_rate{service=~"$service",window="1h"}`, "none", "At 1 the budget lasts exactly one window. 14.4 pages for a window of 30 days.").lineAt(14.4),
			lines("Burn rate over 6 h", 12, `slo_burn_rate{service=~"$service",window="6h"}`, "none", "At 1 the budget lasts exactly one window. 6 pages for a window of 30 days.").lineAt(6),
		},
		{
			lines("SLI above target", 12, `slo_sli_ratio`+chosen+` - slo_objective_ratio`+chosen, "percentunit", "How far the share of good events is above the target over each objective's window.").lineAt(0),
			lines("Bad events a second", 12, `sum by (service, slo, objective) (rate(slo_events_total{service=~"$service",result="bad"}[$__rate_interval]))`, "cps", "Events that spend budget."),
		},
		{
			freezeTimeline("Freezes", 12, `plimsoll_gate_freeze_state{service=~"$service"} == 1`, "The phase of each environment's freeze."),
			lines("Coverage", 12, `slo_coverage_ratio`+chosen, "percentunit", "Share of the window's minutes in which the source was seen. Figures of a low coverage are to be read with care."),
		},
	}
	d.Panels = layout(rows)
	return d
}

// layout places panels in rows of 24 columns and numbers them.
func layout(rows [][]panel) []panel {
	var all []panel
	y := 0
	for _, row := range rows {
		x, height := 0, 0
		for _, p := range row {
			p.ID = len(all) + 1
			p.GridPos.X, p.GridPos.Y = x, y
			x += p.GridPos.W
			height = max(height, p.GridPos.H)
			all = append(all, p)
		}
		y += height
	}
	return all
}
