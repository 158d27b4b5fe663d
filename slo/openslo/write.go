package openslo

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"plimsoll/slo"
)

// Documents returns the documents that define objectives: one of kind DataSource for each source that they name, with what is known of
// it, and one of kind SLO for each SLO. Reading them gives the same objectives. Children are left out, because their parents make them.
// It is an error if objectives of one SLO differ in what the SLO says for all of them.
func Documents(objectives []*slo.Objective, sources ...Source) ([]Document, error) {
	groups := map[string][]*slo.Objective{}
	named := map[string]bool{}
	var names []string
	for _, o := range objectives {
		if o.Parent != "" {
			continue
		}
		first, _, _ := strings.Cut(o.Name, "/")
		name := o.Service + "/" + first
		if groups[name] == nil {
			names = append(names, name)
		}
		groups[name] = append(groups[name], o)
		named[o.Indicator.Source] = true
	}
	slices.Sort(names)
	docs := sourceDocuments(named, sources)
	for _, name := range names {
		d, err := sloDocument(groups[name])
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", name, err)
		}
		docs = append(docs, d)
	}
	return docs, nil
}

func sourceDocuments(named map[string]bool, sources []Source) (docs []Document) {
	delete(named, "")
	known := map[string]Source{}
	for _, s := range sources {
		known[s.Name] = s
	}
	for name := range named {
		s := known[name]
		details := map[string]string{} // other readers demand them
		if s.URL != "" {
			details["url"] = s.URL
		}
		spec := DataSourceSpec{Description: s.Description, Type: cmp.Or(s.Type, compatible[0]), ConnectionDetails: details}
		docs = append(docs, Document{Kind: kindSource, Metadata: Metadata{Name: name, DisplayName: s.DisplayName}, Spec: spec})
	}
	slices.SortFunc(docs, func(a, b Document) int { return cmp.Compare(a.Metadata.Name, b.Metadata.Name) })
	return docs
}

// sloDocument writes the objectives of one SLO.
func sloDocument(group []*slo.Objective) (Document, error) {
	whole, parts := group[0], group
	for i, o := range group {
		if o.Method == slo.Composite {
			whole, parts = o, slices.Delete(slices.Clone(group), i, i+1)
			break
		}
	}
	if whole.Method == slo.Composite {
		var err error
		if parts, err = componentsOf(whole, parts); err != nil {
			return Document{}, err
		}
	}
	name, part, several := strings.Cut(whole.Name, "/")
	switch several = several || whole.Method == slo.Composite; {
	case !several && len(parts) > 1:
		return Document{}, fmt.Errorf("%s stands beside %s; one SLO is one of the two", whole.Key, parts[1].Key)
	case part != "" && len(parts) == 1:
		return Document{}, fmt.Errorf("%s is one of several objectives, but the others are not there", whole.Key)
	}
	display, err := commonDisplay(whole, parts)
	if err != nil {
		return Document{}, err
	}
	d := Document{Kind: kindSLO, Metadata: Metadata{Name: name, Labels: labelValues(whole.Labels), Annotations: annotationsOf(whole, parts)}}
	if display != name {
		d.Metadata.DisplayName = display
	}
	spec := SLOSpec{Description: whole.Description, Service: whole.Service, TimeWindow: []TimeWindow{timeWindow(whole.Window)},
		BudgetingMethod: string(parts[0].Method), AlertPolicies: policyDocuments(whole.Alerts)}
	if whole.Method != slo.Composite {
		spec.Indicator = indicatorOf(name, whole.Indicator)
	}
	for i, o := range parts {
		if err := sameSLO(parts[0], o, whole.Method == slo.Composite); err != nil {
			return d, err
		}
		obj := objectiveOf(o)
		if several {
			obj.DisplayName = strings.TrimPrefix(o.DisplayName, display+": ")
		}
		if whole.Method == slo.Composite {
			obj.Indicator = indicatorOf(obj.slug(), o.Indicator)
			if w := whole.Components[i].Weight; w != slo.One {
				obj.CompositeWeight = Plain(w.String())
			}
		}
		spec.Objectives = append(spec.Objectives, obj)
	}
	d.Spec = spec
	return d, nil
}

func (o Objective) slug() string { return slug(o.DisplayName) }

// componentsOf returns the components of a composite in its order.
func componentsOf(whole *slo.Objective, parts []*slo.Objective) ([]*slo.Objective, error) {
	var ordered []*slo.Objective
	for _, c := range whole.Components {
		i := slices.IndexFunc(parts, func(o *slo.Objective) bool { return o.Key == c.Key })
		if i < 0 {
			return nil, fmt.Errorf("the component %s is not there", c.Key)
		}
		ordered = append(ordered, parts[i])
	}
	if len(ordered) < 2 || len(ordered) != len(parts) {
		return nil, fmt.Errorf("%d objectives stand beside the %d components of %s", len(parts), len(ordered), whole.Key)
	}
	return ordered, nil
}

// sameSLO reports what two objectives of one SLO should have in common and do not. Components have indicators of their own.
func sameSLO(a, b *slo.Objective, components bool) error {
	x, y := *a, *b
	for _, o := range []*slo.Objective{&x, &y} {
		o.Key, o.Name, o.DisplayName, o.Target, o.Slice, o.File, o.Line = "", "", "", 0, slo.Slice{}, "", 0
		if o.Indicator.Kind == slo.Thresholds {
			o.Indicator.Op, o.Indicator.Value = "", 0
		}
		if components {
			o.Indicator, o.MaxChildren = slo.Indicator{}, 0
		}
	}
	vx, vy := reflect.ValueOf(x), reflect.ValueOf(y)
	for i := range vx.NumField() {
		if !reflect.DeepEqual(vx.Field(i).Interface(), vy.Field(i).Interface()) {
			return fmt.Errorf("%s and %s differ in %s", a.Key, b.Key, vx.Type().Field(i).Name)
		}
	}
	return nil
}

// commonDisplay returns the display name of an SLO: what stands before ": " in that of each of several objectives.
func commonDisplay(whole *slo.Objective, parts []*slo.Objective) (string, error) {
	_, part, several := strings.Cut(whole.Name, "/")
	if !several {
		return whole.DisplayName, nil
	}
	for i := range whole.DisplayName {
		rest, ok := strings.CutPrefix(whole.DisplayName[i:], ": ")
		if !ok || i == 0 || slug(rest) != part {
			continue
		}
		prefix := whole.DisplayName[:i+2]
		if !slices.ContainsFunc(parts, func(o *slo.Objective) bool { return !strings.HasPrefix(o.DisplayName, prefix) }) {
			return whole.DisplayName[:i], nil
		}
	}
	return "", fmt.Errorf("the display name %q is not that of an SLO and an objective", whole.DisplayName)
}
