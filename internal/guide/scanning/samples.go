package scanning

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // git names objects by it
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// sample is a key that nobody has: it is made of its own description.
type sample struct{ what, key string }

// samples are one of each kind of this platform's keys, in their forms: internal/keys, Stellar's SEP-23, and age.
func samples() []sample {
	low := base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	of := func(what string) []byte { sum := sha256.Sum256([]byte("a sample: " + what)); return sum[:] }
	const (
		integrator, administrator = "an integrator's key", "an administrator's key"
		seed, backup              = "the secret seed of a Stellar account", "the private key of a backup"
	)
	return []sample{
		{integrator, "stellarescrow_api_" + low.EncodeToString(of(integrator))},
		{administrator, "stellarescrow_admin_" + low.EncodeToString(of(administrator))},
		{seed, strkey(of(seed))},
		{backup, "AGE-SECRET-KEY-1" + bech32(of(backup))},
	}
}

// strkey is a secret seed as SEP-23 writes it: a version byte, the seed and a checksum (CRC-16/XMODEM, low byte first).
func strkey(seed []byte) string {
	text := append([]byte{18 << 3}, seed...)
	var crc uint16
	for _, b := range text {
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return base32.StdEncoding.EncodeToString(binary.LittleEndian.AppendUint16(text, crc))
}

// bech32 is 58 letters of its alphabet: what age's keys have behind their name. Rules know a key by its letters; its checksum is not one.
func bech32(key []byte) string {
	text := base32.NewEncoding("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L").WithPadding(base32.NoPadding).EncodeToString(append(key, key[:5]...))
	return text[:58]
}

// commit adds a branch to the repository whose only commit holds one file, as loose objects.
func commit(d *guide.Draft, branch, name, text string) error {
	object := func(kind string, text []byte) ([20]byte, error) {
		whole := append(fmt.Appendf(nil, "%s %d\x00", kind, len(text)), text...)
		hash := sha1.Sum(whole)
		var packed bytes.Buffer
		w := zlib.NewWriter(&packed)
		if _, err := w.Write(whole); err != nil {
			return hash, err
		}
		if err := w.Close(); err != nil {
			return hash, err
		}
		return hash, d.Write(fmt.Sprintf(".git/objects/%x/%x", hash[:1], hash[1:]), packed.Bytes())
	}
	blob, err := object("blob", []byte(text))
	if err != nil {
		return err
	}
	tree, err := object("tree", append([]byte("100644 "+name+"\x00"), blob[:]...))
	if err != nil {
		return err
	}
	id, err := object("commit", fmt.Appendf(nil, "tree %x\nauthor a committer <> 1 +0000\ncommitter a committer <> 1 +0000\n\nby accident\n", tree))
	if err != nil {
		return err
	}
	return d.Write(".git/refs/heads/mutation-"+strings.ToLower(branch), fmt.Appendf(nil, "%x\n", id))
}
