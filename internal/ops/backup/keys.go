package backup

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
)

const maxKeyFile = 64 << 10

// Recipients reads the file of public keys (age1…, one a line, # before remarks) that a backup is encrypted to: any one of their owners can open it. It
// refuses a private key: whoever is on the server could read every backup with it. Errors repeat nothing of the file.
func Recipients(path string) ([]age.Recipient, error) {
	text, err := keyFile(path)
	if err != nil {
		return nil, err
	}
	if holdsIdentity(text) {
		return nil, fmt.Errorf("%s holds a private key: put only public ones (age1…) here, keep that one off this machine, and take another since it was here", path)
	}
	all, err := age.ParseRecipients(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w; write public keys (age1…), one a line", path, oneLine{err})
	}
	return all, nil
}

// Identities reads a file of private keys (AGE-SECRET-KEY-…), any of which may open a backup. Errors repeat nothing of the file.
func Identities(path string) ([]age.Identity, error) {
	text, err := keyFile(path)
	if err != nil {
		return nil, err
	}
	if !holdsIdentity(text) {
		return nil, fmt.Errorf("%s holds no private key (AGE-SECRET-KEY-…); one that is encrypted is opened by age first: age -d FILE", path)
	}
	all, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: a line of it is no private key (AGE-SECRET-KEY-…) and no remark", path)
	}
	return all, nil
}

func holdsIdentity(text []byte) bool {
	return strings.Contains(strings.ToUpper(string(text)), "AGE-SECRET-KEY-")
}

func keyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only: nothing can be lost
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxKeyFile {
		return nil, errors.New(path + " is larger than a file of keys")
	}
	return text, nil
}

// oneLine shows an error in one line.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }

func (e oneLine) Unwrap() error { return e.error }
