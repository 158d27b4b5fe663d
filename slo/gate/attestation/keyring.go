package attestation

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// KeyID names a public key: the first 16 hexadecimal digits of the SHA-256 of its DER form.
type KeyID string

// Keyring holds the keys of a gate. It is immutable.
type Keyring struct {
	newest KeyID
	signer ed25519.PrivateKey // nil: it can only verify
	public map[KeyID]ed25519.PublicKey
}

const (
	privateKeyFile = "gate-signing-key.pem"
	publicKeyDir   = "gate-public-keys"
	keyExt         = ".pem"
)

// OpenKeyring reads the keys of a data directory and makes the first one if there is none.
func OpenKeyring(dir string) (*Keyring, error) {
	file := filepath.Join(dir, privateKeyFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return RotateKeyring(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	private, err := parsePrivate(text)
	if err != nil {
		return nil, fmt.Errorf("read signing key %s: %w", file, err)
	}
	ring := &Keyring{signer: private, public: map[KeyID]ed25519.PublicKey{}}
	if ring.newest, err = ring.add(private.Public().(ed25519.PublicKey)); err != nil {
		return nil, err
	}
	old, err := os.ReadDir(filepath.Join(dir, publicKeyDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read public keys: %w", err)
	}
	for _, entry := range old {
		if filepath.Ext(entry.Name()) != keyExt { // the rest of a crash
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, publicKeyDir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read public key: %w", err)
		}
		if err := ring.addPEM(text); err != nil {
			return nil, fmt.Errorf("read public key %s: %w", entry.Name(), err)
		}
	}
	return ring, nil
}

// RotateKeyring makes a new signing key in a data directory. The public halves of all keys are kept there, so that what was signed before can
// still be verified; the private half of the old one is forgotten.
func RotateKeyring(dir string) (*Keyring, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	keys := filepath.Join(dir, publicKeyDir)
	if err := os.MkdirAll(keys, 0o755); err != nil {
		return nil, fmt.Errorf("keep public key: %w", err)
	}
	text, id, err := publicPEM(public)
	if err != nil {
		return nil, err
	}
	if err := keep(filepath.Join(keys, string(id)+keyExt), text, 0o644); err != nil {
		return nil, fmt.Errorf("keep public key: %w", err)
	}
	if err := keep(filepath.Join(dir, privateKeyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return nil, fmt.Errorf("keep signing key: %w", err)
	}
	return OpenKeyring(dir)
}

// keep writes a file that takes the place of an old one in one step: a crash leaves one or the other, and none that is half written.
func keep(file string, text []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(file+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// Verifier makes a keyring of public keys in PEM, one after the other, which verifies and cannot sign. Lines before a key that begin with # say
// something about it to people.
func Verifier(text []byte) (*Keyring, error) {
	ring := &Keyring{public: map[KeyID]ed25519.PublicKey{}}
	if err := ring.addPEM(text); err != nil {
		return nil, err
	}
	return ring, nil
}

func (k *Keyring) add(public ed25519.PublicKey) (KeyID, error) {
	_, id, err := publicPEM(public)
	if err == nil {
		k.public[id] = public
	}
	return id, err
}

func (k *Keyring) addPEM(text []byte) error {
	found := false
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		public, ok := key.(ed25519.PublicKey)
		if err != nil || !ok {
			return errors.New("it is not an Ed25519 public key in PEM")
		}
		if _, err := k.add(public); err != nil {
			return err
		}
		found, text = true, rest
	}
	if !found || strings.TrimSpace(string(text)) != "" {
		return errors.New("it is not a list of public keys in PEM")
	}
	return nil
}

// Newest names the key that signs; empty if none does.
func (k *Keyring) Newest() KeyID { return k.newest }

// PEM returns the public keys, the newest first, for those who verify.
func (k *Keyring) PEM() []byte {
	var all []byte
	for _, key := range k.Public() {
		all = append(all, key.PEM...)
	}
	return all
}

// Public returns the public keys, the newest first.
func (k *Keyring) Public() []PublicKey {
	var ids []KeyID
	for id := range k.public {
		if id != k.newest {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if k.newest != "" {
		ids = append([]KeyID{k.newest}, ids...)
	}
	var all []PublicKey
	for _, id := range ids {
		text, _, _ := publicPEM(k.public[id]) // it has been encoded once before
		all = append(all, PublicKey{ID: id, PEM: string(text)})
	}
	return all
}

func publicPEM(public ed25519.PublicKey) ([]byte, KeyID, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, "", fmt.Errorf("encode public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), KeyID(hex.EncodeToString(sum[:8])), nil
}

func parsePrivate(text []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := key.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("it is not an Ed25519 private key (PKCS #8)")
	}
	return private, nil
}
