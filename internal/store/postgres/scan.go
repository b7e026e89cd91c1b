package postgres

import (
	"fmt"
	"math"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// hash scans 32 bytes.
type hash store.Hash

// ScanBytes copies: the driver reuses the bytes.
func (h *hash) ScanBytes(b []byte) error {
	if len(b) != len(h) {
		return fmt.Errorf("%d bytes are expected, this is %d", len(h), len(b))
	}
	copy(h[:], b)
	return nil
}

// optionalHash scans 32 bytes or NULL.
type optionalHash struct{ to **store.Hash }

// ScanBytes gets nil for NULL.
func (o optionalHash) ScanBytes(b []byte) error {
	if b == nil {
		*o.to = nil
		return nil
	}
	*o.to = new(store.Hash)
	return (*hash)(*o.to).ScanBytes(b)
}

// hashOrNull is the argument for a column that optionalHash scans.
func hashOrNull(h *store.Hash) any {
	if h == nil {
		return nil
	}
	return h[:]
}

// seconds is a time as a bigint can hold it: the contract's u64 times go beyond, in theory. No ledger will close so late.
func seconds(t uint64) int64 { return int64(min(t, math.MaxInt64)) }

// units scans an amount from a bigint of smallest units.
type units struct{ to *amount.Int128 }

// ScanInt64 makes units a pgtype.Int64Scanner.
func (u units) ScanInt64(n pgtype.Int8) error {
	if !n.Valid {
		return fmt.Errorf("an amount is expected, this is NULL")
	}
	*u.to = amount.Int(n.Int64)
	return nil
}

// wide scans an amount from the text of its smallest units.
type wide struct{ to *amount.Int128 }

// ScanText makes wide a pgtype.TextScanner.
func (w wide) ScanText(t pgtype.Text) (err error) {
	*w.to, err = amount.ParseUnits(t.String)
	return err
}
