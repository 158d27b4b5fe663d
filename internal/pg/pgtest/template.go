package pgtest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/url"

	"plimsoll/internal/pg"
)

// empty is the template of a database without anything.
const empty = "template1"

// create makes a database that is a copy of another and returns its address.
func (c *cluster) create(ctx context.Context, template string) (string, error) {
	name := fmt.Sprintf("test_%d", c.databases.Add(1))
	if _, err := c.admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
		return "", fmt.Errorf("copy database %s: %w", template, err)
	}
	u, err := url.Parse(c.URL())
	if err != nil {
		return "", fmt.Errorf("read database URL: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// template returns the name of a database to which the migrations have been applied, and makes it for the first test that asks.
func (c *cluster) template(ctx context.Context, migrations []pg.Migrations) (string, error) {
	if len(migrations) == 0 {
		return empty, nil
	}
	digest, err := digestOf(migrations)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if name, ok := c.templates[digest]; ok {
		return name, nil
	}
	address, err := c.create(ctx, empty)
	if err != nil {
		return "", err
	}
	pool, err := pg.Connect(ctx, address)
	if err != nil {
		return "", err
	}
	defer pool.Close() // a database is copied only while nobody is connected to it
	if err := pg.Migrate(ctx, pool, migrations...); err != nil {
		return "", err
	}
	c.templates[digest] = pool.Config().ConnConfig.Database
	return c.templates[digest], nil
}

// digestOf tells sets of migrations apart.
func digestOf(migrations []pg.Migrations) (string, error) {
	h := sha256.New()
	for _, m := range migrations {
		fmt.Fprintf(h, "component %q\n", m.Name)
		files, err := fs.Glob(m.FS, "migrations/*.sql")
		if err != nil {
			return "", err
		}
		for _, file := range files {
			sql, err := fs.ReadFile(m.FS, file)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(h, "%q %q\n", file, sql)
		}
	}
	return string(h.Sum(nil)), nil
}
