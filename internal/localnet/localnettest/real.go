package localnettest

import (
	_ "embed"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stellar/go-stellar-sdk/xdr"
)

//go:embed testdata/ledgers/pubnet_58752000.xdr.zst
var realLedger []byte

// RealLedger is a ledger of the main network, as bytes and decoded (testdata/ledgers/README.md says which, and from where).
func RealLedger(t testing.TB) (raw []byte, meta xdr.LedgerCloseMeta) {
	t.Helper()
	d, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(8<<20))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if raw, err = d.DecodeAll(realLedger, nil); err != nil {
		t.Fatal(err)
	}
	if err := xdr.SafeUnmarshal(raw, &meta); err != nil {
		t.Fatal(err)
	}
	return raw, meta
}
