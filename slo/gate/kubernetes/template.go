package kubernetes

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// restartedAt is what "kubectl rollout restart" sets: the same template runs again.
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// canonical writes a pod template so that two which mean the same are the same text: members sorted, without what is
// null, and without the mark of a restart. The empty text is no template.
func canonical(raw json.RawMessage) (string, error) {
	if len(raw) == 0 {
		return "", nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // what a float cannot hold must not look the same
	var v any
	if err := decoder.Decode(&v); err != nil {
		return "", fmt.Errorf("read pod template: %w", err)
	}
	if v == nil {
		return "", nil
	}
	v = withoutNulls(v)
	withoutRestart(v)
	b, err := json.Marshal(v) // sorts the members
	if err != nil {
		return "", fmt.Errorf("write pod template: %w", err)
	}
	return string(b), nil
}

// withoutRestart takes the mark of a restart away, and the annotations with it if they hold nothing else.
func withoutRestart(template any) {
	t, _ := template.(map[string]any)
	m, _ := t["metadata"].(map[string]any)
	a, _ := m["annotations"].(map[string]any)
	delete(a, restartedAt)
	if len(a) == 0 {
		delete(m, "annotations")
	}
	if len(m) == 0 {
		delete(t, "metadata")
	}
}

// withoutNulls takes members that are null out of objects. What is empty stays: emptyDir: {} is a choice.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if member == nil {
				delete(v, name)
				continue
			}
			v[name] = withoutNulls(member)
		}
	case []any:
		for i, item := range v {
			v[i] = withoutNulls(item)
		}
	}
	return v
}

// fingerprint names a template where no commit is given.
func fingerprint(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return "template-" + hex.EncodeToString(sum[:6])
}
