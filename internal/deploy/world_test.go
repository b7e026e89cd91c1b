package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc/rpctest"
)

// world is a network with a funded deployer, reached over a wire that the test can disturb.
type world struct {
	t       *testing.T
	network *localnet.Network
	url     string
	wire    *wire
	key     *keypair.Full
	fees    *keypair.Full // who receives them
}

func newWorld(t *testing.T) *world {
	t.Helper()
	n := localnettest.Open(t, localnet.Options{})
	return &world{t: t, network: n, url: localnettest.Serve(t, n).URL, wire: &wire{calls: map[string]int{}}, key: localnettest.FundedKey(t, n), fees: keypair.MustRandom()}
}

// client reaches the world's node, expecting a network with that passphrase there.
func (w *world) client(passphrase string) *rpc.Client {
	w.t.Helper()
	return rpctest.Client(w.t, w.url, passphrase, w.wire)
}

func (w *world) sender() *deploy.Sender {
	return &deploy.Sender{Client: w.client(w.network.Passphrase()), Key: w.key}
}

// plan deploys the committed contract for test USDC, with the deployer as admin.
func (w *world) plan() deploy.Plan {
	w.t.Helper()
	code, hash, err := wasm.Escrow()
	if err != nil {
		w.t.Fatal(err)
	}
	rulebook, rulebookHash, err := wasm.Rulebook()
	if err != nil {
		w.t.Fatal(err)
	}
	_, _, usdc := w.network.USDC()
	return deploy.Plan{Code: code, CodeHash: hash, Rulebook: rulebook, RulebookHash: rulebookHash, Admin: w.address(w.key.Address()), FeeBps: 50, FeeReceiver: w.address(w.fees.Address()),
		Limits: deploy.DefaultLimits(), Asset: w.address(usdc)}
}

func (w *world) address(text string) stellar.Address {
	w.t.Helper()
	a, err := stellar.ParseAddress(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// account is the entry of an account.
func (w *world) account(address string) xdr.AccountEntry {
	w.t.Helper()
	return rpctest.Account(w.t, w.client(w.network.Passphrase()), address)
}

// sent is how many transactions of the deployer a ledger has included since it had that sequence number.
func (w *world) sent(since xdr.SequenceNumber) int64 {
	w.t.Helper()
	return int64(w.account(w.key.Address()).SeqNum - since)
}

// poor makes an account that has that little, in XLM.
func (w *world) poor(xlm string) *keypair.Full {
	w.t.Helper()
	k := keypair.MustRandom()
	from := w.account(w.key.Address())
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount:        &txnbuild.SimpleAccount{AccountID: w.key.Address(), Sequence: int64(from.SeqNum)},
		IncrementSequenceNum: true, BaseFee: 100,
		Operations:    []txnbuild.Operation{&txnbuild.CreateAccount{Destination: k.Address(), Amount: xlm}},
		Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
	})
	if err == nil {
		tx, err = tx.Sign(w.network.Passphrase(), w.key)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := tx.Base64()
	if err != nil {
		w.t.Fatal(err)
	}
	c := w.client(w.network.Passphrase())
	if _, err := c.Send(w.t.Context(), text); err != nil {
		w.t.Fatal(err)
	}
	hash, err := tx.Hash(w.network.Passphrase())
	if err != nil {
		w.t.Fatal(err)
	}
	if res, err := c.Await(w.t.Context(), hash, 1<<40); err != nil || res.Status != "SUCCESS" {
		w.t.Fatalf("make a poor account: %s, %v", res.Status, err)
	}
	return k
}

// wire is the way to the node. It counts calls, and loses the answers that lose names: the node has then done what it was asked.
type wire struct {
	mu    sync.Mutex
	calls map[string]int
	lose  func(method string, nth int) bool
	// forgets makes a node of the world's that answers a transaction which a ledger has included as a core does that no longer has it in
	// mind: its sequence number is used.
	forgets bool
}

var errCut = errors.New("connection reset")

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	var asked struct{ Method string }
	if err := json.Unmarshal(body, &asked); err != nil {
		return nil, err
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	w.mu.Lock()
	w.calls[asked.Method]++
	lost := w.lose != nil && w.lose(asked.Method, w.calls[asked.Method])
	w.mu.Unlock()
	if err == nil && !lost && w.forgets && asked.Method == send {
		return forgetful(res)
	}
	if err != nil || !lost {
		return res, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return nil, errors.Join(errCut, err, res.Body.Close())
}

func forgetful(res *http.Response) (*http.Response, error) {
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	badSeq, err := xdr.MarshalBase64(xdr.TransactionResult{FeeCharged: 100, Result: xdr.TransactionResultResult{Code: xdr.TransactionResultCodeTxBadSeq}})
	if err != nil {
		return nil, err
	}
	answer = bytes.Replace(answer, []byte(`"status":"DUPLICATE"`), []byte(`"status":"ERROR","errorResultXdr":"`+badSeq+`"`), 1)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(answer)), int64(len(answer))
	return res, nil
}

// during sets what is lost.
func (w *wire) during(lose func(method string, nth int) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.lose = map[string]int{}, lose
}

func (w *wire) count(method string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[method]
}

// try deploys.
func (w *world) try(ctx context.Context, p deploy.Plan) (deploy.Deployed, error) {
	return deploy.Deploy(ctx, w.sender(), p)
}
