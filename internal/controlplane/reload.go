package controlplane

import (
	"reflect"
	"slices"
)

// Reload reads the definitions again: objectives, policies and sources, and whose tokens are taken. They take whole or change nothing. It may be
// called at any time, also while this process follows. Other keys of the configuration file that have changed stay as they were, and the log names them.
func (a *App) Reload() error {
	cfg := a.cfg
	var others []string
	if cfg.File != "" {
		fresh, err := ReadConfig(cfg.File)
		if err != nil {
			return err
		}
		cfg, others = cfg.redefine(fresh)
	}
	defs, err := cfg.readDefinitions()
	if err != nil {
		return err
	}
	if err := a.try(defs); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.people.Load()
	if known != nil { // otherwise it is made of what is admitted now
		if known, err = cfg.people(a.token, known); err != nil {
			return err
		}
	}
	if t := a.term.Load(); t != nil {
		err = t.apply(defs, a.defs)
	} else {
		a.ledger.SetObjectives(defs.objectives)
	}
	if err != nil {
		return err
	}
	a.defs, a.admitted = defs, cfg
	a.policies.Store(defs.policies)
	a.people.Store(known)
	if len(others) > 0 {
		a.logger.Warn("the configuration file has changed in keys that need a restart", "keys", others)
	}
	return nil
}

// redefine returns c with the keys of fresh that a reload takes, and the other keys in which the file is not as it was at the start.
func (c Config) redefine(fresh Config) (Config, []string) {
	taken := []string{"objectives", "alert_tiers", "policies", "scrape_configs", "promql", "probes", "sqlchecks", "tokens"}
	var others []string
	into, from, before := reflect.ValueOf(&c).Elem(), reflect.ValueOf(fresh), reflect.ValueOf(c.read).Elem()
	for i := range from.NumField() {
		switch key := from.Type().Field(i).Tag.Get("yaml"); {
		case key == "" || key == "-":
		case key == "identity":
			c.Identity.OIDC = fresh.Identity.OIDC
			if was, is := c.read.Identity, fresh.Identity; was.Reads != is.Reads || was.Metrics != is.Metrics {
				others = append(others, "identity.reads, identity.metrics")
			}
		case slices.Contains(taken, key):
			into.Field(i).Set(from.Field(i))
		case !reflect.DeepEqual(from.Field(i).Interface(), before.Field(i).Interface()):
			others = append(others, key)
		}
	}
	return c, others
}
