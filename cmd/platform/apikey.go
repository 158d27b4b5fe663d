package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"plimsoll/platform"
	"plimsoll/platform/gateway/apikey"
)

type apikeyCmd struct {
	Data        string `type:"path" help:"Data directory of the platform."`
	DatabaseURL string `name:"database-url" env:"PLATFORM_DATABASE_URL" help:"External PostgreSQL of the platform."`

	Create apikeyCreateCmd `cmd:"" help:"Make a key and print it, once."`
	List   apikeyListCmd   `cmd:"" help:"List the keys."`
	Revoke apikeyRevokeCmd `cmd:"" help:"End a key."`
}

// with runs f on the keys of the platform, whether it is running or not.
func (a *apikeyCmd) with(c *cli, f func(context.Context, *apikey.Keys) error) (err error) {
	cfg, err := platform.Default()
	if err != nil {
		return err
	}
	if a.Data != "" {
		cfg.Data = a.Data
	}
	cfg.Database.URL = a.DatabaseURL
	cfg.Logger = slog.New(slog.NewTextHandler(c.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	keys, closeAll, err := platform.Keys(c.ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	return f(c.ctx, keys)
}

type apikeyCreateCmd struct {
	Name string `arg:"" help:"What the holder is known by, as the owner of uploads."`
}

// Run makes a key.
func (k *apikeyCreateCmd) Run(c *cli, all *commands) error {
	return all.APIKey.with(c, func(ctx context.Context, keys *apikey.Keys) error {
		text, _, err := keys.Create(ctx, k.Name)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.out, text)
		return err
	})
}

type apikeyListCmd struct {
	Output string `short:"o" enum:"table,json" default:"table" help:"Form of the answer: ${enum}."`
}

// Run lists the keys.
func (k *apikeyListCmd) Run(c *cli, all *commands) error {
	return all.APIKey.with(c, func(ctx context.Context, keys *apikey.Keys) error {
		list, err := keys.List(ctx)
		if err != nil {
			return err
		}
		if k.Output == "json" {
			return c.printJSON(list)
		}
		t := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "ID\tNAME\tCREATED\tREVOKED")
		for _, key := range list {
			revoked := ""
			if key.RevokedAt != nil {
				revoked = key.RevokedAt.Format(time.DateTime)
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", key.ID, key.Name, key.CreatedAt.Format(time.DateTime), revoked)
		}
		return t.Flush()
	})
}

type apikeyRevokeCmd struct {
	ID string `arg:"" help:"ID of the key, as list shows it."`
}

// Run ends a key.
func (k *apikeyRevokeCmd) Run(c *cli, all *commands) error {
	return all.APIKey.with(c, func(ctx context.Context, keys *apikey.Keys) error { return keys.Revoke(ctx, k.ID) })
}
