package apikey

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
)

// File returns the key in a file that only its owner can read. If the file is missing, or what it holds is not valid in
// this database (the data was made anew), it makes a key of that name, in place of the one that had it.
func (k *Keys) File(ctx context.Context, path, name string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read API key: %w", err)
	}
	if text := strings.TrimSpace(string(b)); text != "" {
		if _, err := k.Identify(ctx, text); err == nil || !errors.Is(err, ErrBadKey) {
			return text, err
		}
	}
	if err := k.revokeName(ctx, name); err != nil {
		return "", err
	}
	text, _, err := k.Create(ctx, name)
	if err != nil {
		return "", err
	}
	// A file that is replaced keeps its mode, which may be anything.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("remove old API key: %w", err)
	}
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write API key: %w", err)
	}
	return text, nil
}

func (k *Keys) revokeName(ctx context.Context, name string) error {
	_, err := k.pool.Exec(ctx, `UPDATE gateway_api_keys SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL`, name, k.now().UTC())
	if err != nil {
		return fmt.Errorf("revoke API key: %w", err)
	}
	return nil
}
