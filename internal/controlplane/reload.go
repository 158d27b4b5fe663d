package controlplane

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
	defs, err := cfg.readDefinitions()
	if err != nil {
		return err
	}
	if err := a.try(defs); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
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
