package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stellar/go-stellar-sdk/keypair"
)

const keysName = "keys.json"

// keys are the accounts that the network itself acts with.
type keys struct {
	friendbot *keypair.Full
	issuer    *keypair.Full
}

type keyFile struct {
	Friendbot string `json:"friendbot"`
	Issuer    string `json:"usdc_issuer"`
}

// loadKeys reads the keys of a data folder, or makes new ones: with dir "" for this process alone. Once the network has begun its
// keys are not made again, since its accounts are those of the old ones.
func loadKeys(dir string, begun bool, random io.Reader) (keys, error) {
	path := filepath.Join(dir, keysName)
	if dir != "" {
		raw, err := os.ReadFile(path)
		if err == nil {
			k, err := parseKeys(raw)
			if err != nil {
				err = fmt.Errorf("read the network's keys in %s: %w: put the file back as it was, or start anew by deleting the folder %s", path, err, dir)
			}
			return k, err
		}
		if errors.Is(err, fs.ErrNotExist) && begun {
			return keys{}, fmt.Errorf("the data folder %s has ledgers but no %s: put the file back, or start anew by deleting the folder", dir, keysName)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return keys{}, fmt.Errorf("read the network's keys: %w", err)
		}
	}
	k, err := makeKeys(random)
	if err != nil || dir == "" {
		return k, err
	}
	text, err := json.Marshal(keyFile{k.friendbot.Seed(), k.issuer.Seed()})
	if err != nil {
		return keys{}, fmt.Errorf("write the network's keys: %w", err)
	}
	return k, writeFile(path, text)
}

// parseKeys reads what loadKeys has written. Its errors say nothing of what stands there: it may be half a key.
func parseKeys(raw []byte) (k keys, err error) {
	var f keyFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return keys{}, errors.New("it is no JSON object of two keys")
	}
	for _, one := range []struct {
		name, text string
		into       **keypair.Full
	}{{"friendbot", f.Friendbot, &k.friendbot}, {"usdc_issuer", f.Issuer, &k.issuer}} {
		if *one.into, err = keypair.ParseFull(one.text); err != nil {
			return keys{}, fmt.Errorf("its %q is no secret key (S and 55 characters more)", one.name)
		}
	}
	return k, nil
}

func makeKeys(random io.Reader) (k keys, err error) {
	for _, to := range []**keypair.Full{&k.friendbot, &k.issuer} {
		var seed [32]byte
		if _, err := io.ReadFull(random, seed[:]); err != nil {
			return keys{}, fmt.Errorf("make the network's keys: %w", err)
		}
		if *to, err = keypair.FromRawSeed(seed); err != nil {
			return keys{}, fmt.Errorf("make the network's keys: %w", err)
		}
	}
	return k, nil
}

// writeFile makes a file that is whole or not there, for its owner only.
func writeFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write the network's keys: %w", err)
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // of no use to anyone
		return fmt.Errorf("write the network's keys: %w", err)
	}
	return nil
}
