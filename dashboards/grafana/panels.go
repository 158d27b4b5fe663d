package grafana

// newPanel makes a panel with one query.
func newPanel(kind, title string, width, height int, expr, description string) panel {
	return panel{
		Type: kind, Title: title, Description: description, GridPos: position{H: height, W: width}, Datasource: prometheus,
		Targets:     []target{{RefID: "A", Datasource: prometheus, Expr: expr, LegendFormat: legend, Range: true}},
		FieldConfig: fieldConfig{Overrides: []any{}},
		Options:     map[string]any{},
	}
}

// instant asks for the present value only.
func (p panel) instant() panel {
	p.Targets[0].Instant, p.Targets[0].Range = true, false
	return p
}

func stat(title string, width int, expr, description string) panel {
	p := newPanel("stat", title, width, 4, expr, description).instant()
	p.FieldConfig.Defaults = fieldDefaults{Unit: "none", NoValue: "0", Thresholds: steps(step{"blue", nil})}
	p.Options = map[string]any{
		"colorMode": "value", "graphMode": "none", "textMode": "value", "justifyMode": "center",
		"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
	}
	return p
}

// warnAbove colours values above v, which shall be whole.
func (p panel) warnAbove(v float64) panel {
	p.FieldConfig.Defaults.Thresholds = steps(step{"green", nil}, step{"red", at(v + 1)})
	return p
}

func bars(title string, width int, expr, description string) panel {
	p := newPanel("bargauge", title, width, 9, expr, description).instant()
	p.FieldConfig.Defaults = fieldDefaults{Unit: "percentunit", Decimals: decimals(1), Min: at(-0.25), Max: at(1), NoValue: "no objectives",
		Color: map[string]any{"mode": "thresholds"}, Thresholds: steps(step{"red", nil}, step{"orange", at(0)}, step{"green", at(0.1)})}
	p.Options = map[string]any{
		"displayMode": "basic", "orientation": "horizontal", "showUnfilled": true, "valueMode": "color", "minVizHeight": 16,
		"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
	}
	return p
}

func lines(title string, width int, expr, unit, description string) panel {
	p := newPanel("timeseries", title, width, 9, expr, description)
	p.FieldConfig.Defaults = fieldDefaults{Unit: unit, Color: map[string]any{"mode": "palette-classic"},
		Custom: map[string]any{"drawStyle": "line", "lineWidth": 1, "fillOpacity": 8, "showPoints": "never", "spanNulls": false}}
	p.Options = map[string]any{
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}
	return p
}

// lineAt draws a line at a value that matters.
func (p panel) lineAt(v float64) panel {
	p.FieldConfig.Defaults.Thresholds = steps(step{"transparent", nil}, step{"red", at(v)})
	p.FieldConfig.Defaults.Custom["thresholdsStyle"] = map[string]any{"mode": "line"}
	return p
}

// freezeTimeline shows a bar per environment and phase while it lasts.
func freezeTimeline(title string, width int, expr, description string) panel {
	p := newPanel("state-timeline", title, width, 9, expr, description)
	p.Targets[0].LegendFormat = "{{service}} {{environment}}: {{state}}"
	p.FieldConfig.Defaults = fieldDefaults{
		Custom: map[string]any{"fillOpacity": 70, "lineWidth": 0}, Thresholds: steps(step{"blue", nil}), Color: map[string]any{"mode": "thresholds"},
		Mappings: []any{map[string]any{"type": "value", "options": map[string]any{"1": map[string]any{"text": "in force", "index": 0}}}},
	}
	p.Options = map[string]any{"mergeValues": true, "showValue": "never", "rowHeight": 0.8, "legend": map[string]any{"showLegend": false}}
	return p
}

type step struct {
	color string
	from  *float64
}

func steps(list ...step) *thresholds {
	t := &thresholds{Mode: "absolute"}
	for _, s := range list {
		t.Steps = append(t.Steps, threshold{s.color, s.from})
	}
	return t
}

func at(v float64) *float64 { return &v }

func decimals(n int) *int { return &n }
