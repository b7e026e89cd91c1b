package keys

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// Kind is which of the two files a key stands in.
type Kind string

// The kinds. The texts are those of metrics.
const (
	API   Kind = "api"   // of an integrator
	Admin Kind = "admin" // of somebody who runs the platform
)

// The bounds of a file. Its size is bounded by secret's.
const (
	maxName      = 63
	maxNetworks  = 32 // of one key
	maxComplains = 20 // errors that are told of one file
)

// entry is one line.
type entry struct {
	name string
	kind Kind
	hash [sha256.Size]byte
	from []netip.Prefix // nil: from everywhere
	line int
}

// parse reads a file. Its error names every line that is wrong, and never holds what stands there: it may be a key.
func parse(kind Kind, text string) ([]entry, error) {
	var all []entry
	var errs []error
	names, hashes := map[string]int{}, map[[sha256.Size]byte]int{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		e, err := parseLine(kind, words)
		switch {
		case err != nil:
		case names[e.name] != 0:
			err = fmt.Errorf("its name stands in line %d already: give each key a name of its own", names[e.name])
		case hashes[e.hash] != 0:
			err = fmt.Errorf("its hash stands in line %d already: give each their own key", hashes[e.hash])
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		e.line = number
		names[e.name], hashes[e.hash] = number, number
		all = append(all, e)
	}
	if len(errs) > maxComplains {
		errs = append(errs[:maxComplains], fmt.Errorf("and %d lines more", len(errs)-maxComplains))
	}
	if len(all) == 0 && len(errs) == 0 {
		errs = append(errs, errors.New("no key stands in it: make one with escrowctl keys new NAME"))
	}
	return all, errors.Join(errs...)
}

func parseLine(kind Kind, words []string) (e entry, err error) {
	if len(words) < 2 {
		return e, errors.New("it has one word; write NAME SHA256, the hash and not the key: escrowctl keys new NAME makes both")
	}
	e.kind, e.name = kind, words[0]
	if !validName(e.name) {
		return e, fmt.Errorf("its first word is no name: use small letters, digits, '.', '-' and '_', at most %d, and begin with a letter or digit", maxName)
	}
	hash, err := hex.DecodeString(words[1])
	if err != nil || len(hash) != sha256.Size {
		return e, errors.New("its second word is no SHA-256, 64 hexadecimal digits: write the hash and not the key (escrowctl keys new NAME makes both)")
	}
	e.hash = [sha256.Size]byte(hash)
	if why := nobodysHash(e.hash); why != "" {
		return e, errors.New(why)
	}
	seen := map[string]bool{}
	for _, field := range words[2:] {
		name, value, ok := strings.Cut(field, "=")
		switch {
		case !ok || name != "from":
			return e, errors.New("a word after the hash is no field that is known here; there is from=ADDRESS,NETWORK")
		case seen[name]:
			return e, errors.New("it has from= twice: write all addresses in one, with commas")
		}
		seen[name] = true
		if e.from, err = networks(value); err != nil {
			return e, err
		}
	}
	if kind == Admin && e.from == nil {
		return e, errors.New("an administrator's key needs from=ADDRESS,NETWORK: who finds it must not be able to use it from anywhere")
	}
	return e, nil
}

// validName tells whether a text can be a key's name: what a metric's label and a log line show as it is.
func validName(name string) bool {
	if name == "" || len(name) > maxName || strings.ContainsRune(".-_", rune(name[0])) {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == ""
}

// nobodysHash says why a hash is that of no key that anybody should have; empty if nothing speaks against it.
func nobodysHash(hash [sha256.Size]byte) string {
	seen := map[byte]bool{}
	for _, b := range hash {
		seen[b] = true
	}
	if len(seen) < 8 { // of 32 bytes of a hash some 30 differ
		return "its hash is made up: no key has it; escrowctl keys new NAME makes one"
	}
	for _, value := range append(secret.WellKnown(), "") {
		if sha256.Sum256([]byte(value)) == hash || sha256.Sum256([]byte(value+"\n")) == hash {
			return "its hash is that of a value that everybody knows, or of nothing: escrowctl keys new NAME makes a key"
		}
	}
	return ""
}

// networks reads the value of from=.
func networks(value string) (all []netip.Prefix, err error) {
	parts := strings.Split(value, ",")
	if len(parts) > maxNetworks {
		return nil, fmt.Errorf("from= has more than %d addresses: write networks", maxNetworks)
	}
	for i, part := range parts {
		p, err := Network(part)
		if err != nil {
			return nil, fmt.Errorf("from=, number %d: %w", i+1, err)
		}
		all = append(all, p)
	}
	return all, nil
}

// Network reads an address or a network in CIDR form. Every address at once is none, nor is a network that is written as one address of it: what is meant
// would be guessed.
func Network(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil || p.Addr().Is4In6():
		return netip.Prefix{}, errors.New("it is no address and no network, such as 203.0.113.7 or 2001:db8::/48")
	case p.Bits() == 0:
		return netip.Prefix{}, errors.New("it is every address: name those that are meant")
	case p.Masked() != p:
		return netip.Prefix{}, fmt.Errorf("it is one address of a network: write %s, or the address alone", p.Masked())
	}
	return p, nil
}
