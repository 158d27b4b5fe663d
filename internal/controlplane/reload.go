package controlplane

import "errors"

// Reload reads the definitions again: objectives, policies and sources. They take whole or change nothing. It may be called at any time,
// also while this process follows.
func (a *App) Reload() error {
	cfg := a.cfg
	if cfg.File != "" {
		fresh, err := ReadConfig(cfg.File)
		if err != nil {
			return err
		}
		cfg = fresh
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	defs, err := cfg.readDefinitions()
	if err != nil {
		return err
	}
	if t := a.term.Load(); t != nil {
		err = t.apply(defs, a.defs)
	} else {
		a.ledger.SetObjectives(defs.objectives)
	}
	if err != nil {
		return err
	}
	a.defs = defs
	a.policies.Store(defs.policies)
	return nil
}

// apply gives the collectors new definitions. After an error they have those from before.
func (t *term) apply(defs, before definitions) error {
	if err := t.scraper.Apply(defs.scrape); err != nil {
		return err
	}
	if err := t.collector.SetObjectives(defs.objectives); err != nil {
		return errors.Join(err, t.scraper.Apply(before.scrape))
	}
	return nil
}
