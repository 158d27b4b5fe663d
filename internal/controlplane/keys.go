package controlplane

import (
	"cmp"
	"context"
	"os"

	"plimsoll/slo/gate/attestation"
	keyspg "plimsoll/slo/gate/attestation/postgres"
)

// openKeys opens the keys that this process signs decisions with, and publishes them beside those of the other replicas.
func (a *App) openKeys(ctx context.Context) (err error) {
	if a.signer, err = attestation.OpenSigner(a.cfg.DataDir); err != nil {
		return err
	}
	host, _ := os.Hostname() // a name for people; without one the list says so
	if a.keys, err = keyspg.New(keyspg.Config{Pool: a.pool, Replica: cmp.Or(a.url, host, "unknown")}); err != nil {
		return err
	}
	return a.keys.Publish(ctx, a.signer.Ring())
}
