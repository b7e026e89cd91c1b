package files

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Layout is how a folder is divided, and whose ledgers are in it: the folder's .config.json (SEP-54).
type Layout struct {
	Passphrase          string `json:"networkPassphrase"`
	Version             string `json:"version"` // of SEP-54
	Compression         string `json:"compression"`
	LedgersPerBatch     uint32 `json:"ledgersPerBatch"`     // in a file
	BatchesPerPartition uint32 `json:"batchesPerPartition"` // in a folder
}

// NewLayout is the one in use for the main network: a ledger in a file, so that each can be read as soon as it is there.
func NewLayout(passphrase string) Layout {
	return Layout{Passphrase: passphrase, Version: "0.2.0", Compression: compression, LedgersPerBatch: 1, BatchesPerPartition: 64_000}
}

// ConfigName is the file that holds a folder's Layout.
const ConfigName = ".config.json"

const (
	compression = "zstd"
	suffix      = ".xdr.zst"
	maxConfig   = 64 << 10
	// A batch is held in memory as a whole.
	maxBatchLedgers = 1_000
)

func parseLayout(text []byte) (l Layout, err error) {
	if err := json.Unmarshal(text, &l); err != nil {
		return l, fmt.Errorf("not JSON of SEP-54: %w", err)
	}
	return l, l.check()
}

func (l Layout) check() error {
	switch {
	case l.Passphrase == "":
		return errors.New("networkPassphrase is missing: nobody can tell whose ledgers these are")
	// SEP-54 itself is at 0.2; Galexie, which it describes, writes 1.0. They do not differ.
	case !strings.HasPrefix(l.Version, "0.") && !strings.HasPrefix(l.Version, "1."):
		return fmt.Errorf("version %.20q of SEP-54: this program knows 0 and 1", l.Version)
	case l.Compression != compression:
		return fmt.Errorf("compression %.20q: this program reads %s", l.Compression, compression)
	case l.LedgersPerBatch < 1 || l.LedgersPerBatch > maxBatchLedgers:
		return fmt.Errorf("ledgersPerBatch %d: not 1 to %d", l.LedgersPerBatch, maxBatchLedgers)
	case l.BatchesPerPartition < 1 || uint64(l.BatchesPerPartition)*uint64(l.LedgersPerBatch) > math.MaxInt32:
		return fmt.Errorf("batchesPerPartition %d: a partition would hold none, or more ledgers than there can be", l.BatchesPerPartition)
	}
	return nil
}

// span is some ledgers, both ends included.
type span struct{ first, last uint32 }

// batch is the one that holds the ledger.
func (l Layout) batch(seq uint32) span { return around(seq, l.LedgersPerBatch) }

func (l Layout) partition(seq uint32) span {
	return around(seq, l.LedgersPerBatch*l.BatchesPerPartition)
}

func around(seq, size uint32) span {
	first := seq / size * size
	return span{first, first + min(size-1, math.MaxUint32-first)}
}

// name sorts newer ones first, so that the end of a long list is found at its beginning.
func (s span) name() string {
	name := fmt.Sprintf("%08X--%d", math.MaxUint32-s.first, s.first)
	if s.last != s.first {
		name += fmt.Sprintf("-%d", s.last)
	}
	return name
}

// Path is where the file lies that holds the ledger, with slashes.
func (l Layout) Path(seq uint32) string { return l.path(l.batch(seq)) }

// path is where the batch lies in the folder.
func (l Layout) path(b span) string {
	if l.BatchesPerPartition == 1 {
		return b.name() + suffix
	}
	return l.partition(b.first).name() + "/" + b.name() + suffix
}

// named is the span of a name, if it is one that find, batch or partition, gives.
func named(name string, find func(uint32) span) (span, bool) {
	var inverse, first uint32
	if n, err := fmt.Sscanf(name, "%08X--%d", &inverse, &first); n != 2 || err != nil {
		return span{}, false
	}
	s := find(first)
	return s, s.name() == name
}
