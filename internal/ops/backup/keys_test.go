package backup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeyFiles(t *testing.T) {
	key := newKey(t)
	public, private := key.Recipient().String(), key.String()
	for name, c := range map[string]struct {
		text       string
		recipients int    // 0: refused
		identities int    // 0: refused
		says       string // why the one that is refused is, or the first of both
	}{
		"public":             {"# the platform team\n" + public + "\n\n" + newKey(t).Recipient().String() + "\n", 2, 0, "holds no private key"},
		"private":            {"# created\n" + private + "\n", 0, 1, "holds a private key"},
		"private, in a note": {public + "\n# " + private + "\n", 0, 0, "holds a private key"},
		"both":               {public + "\n" + private + "\n", 0, 0, "holds a private key"},
		"lower case":         {strings.ToLower(private) + "\n", 0, 0, "holds a private key"},
		"empty":              {"", 0, 0, "no recipients"},
		"notes only":         {"# nobody\n", 0, 0, "no recipients"},
		"broken":             {public[:30] + "\n", 0, 0, "line 1"},
		"something else":     {"the password is hunter2\n", 0, 0, "line 1"},
		"huge":               {strings.Repeat("# x\n", maxKeyFile), 0, 0, "is larger"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			recipients, err1 := Recipients(path)
			identities, err2 := Identities(path)
			if len(recipients) != c.recipients || (err1 == nil) != (c.recipients > 0) || len(identities) != c.identities || (err2 == nil) != (c.identities > 0) {
				t.Errorf("%d recipients (%v), %d identities (%v)", len(recipients), err1, len(identities), err2)
			}
			first := err1
			if first == nil {
				first = err2
			}
			if first == nil || !strings.Contains(first.Error(), c.says) {
				t.Errorf("%v, want it to say %q", first, c.says)
			}
			for _, err := range []error{err1, err2} {
				if err != nil && (!strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") || strings.Contains(strings.ToUpper(err.Error()), private[:24]) || strings.Contains(err.Error(), "hunter2")) {
					t.Errorf("not one line that names the file and nothing in it: %v", err)
				}
			}
		})
	}
	if _, err := Recipients(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that there is not")
	}
}
