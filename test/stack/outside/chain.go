//go:build linux

package outside

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/app/demo"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// chain is what `stellarescrow dev --json` says of itself.
type chain struct {
	API        string `json:"api"` // of the platform that dev runs beside its network, which no stack uses
	RPC        string `json:"rpc"`
	Advance    string `json:"advance"`
	Passphrase string `json:"passphrase"`
	USDC       struct {
		Code     string `json:"code"`
		Issuer   string `json:"issuer"`
		Contract string `json:"contract"`
	} `json:"usdc"`
	Contract string `json:"contract"`
	Accounts []struct {
		Role   string `json:"role"`
		Secret string `json:"secret"`
	} `json:"accounts"`
}

// firstLedger is one before the contract was deployed: the network is as young as that.
const firstLedger = 2

// Passphrase is the network's.
func (o *Outside) Passphrase() string { return o.chain.Passphrase }

// Contract is the escrow contract with the ledger to begin at, as CONTRACT_ID names it.
func (o *Outside) Contract() string { return fmt.Sprintf("%s:%d", o.chain.Contract, firstLedger) }

// USDC is the contract of the asset that the people trade in.
func (o *Outside) USDC() string { return o.chain.USDC.Contract }

// RPCURL is where Stellar RPC is, as STELLAR_RPC_URLS names it.
func (o *Outside) RPCURL() string { return "https://" + RPC }

// startChain starts the network on the outside, on a loopback address there. It ends with the test, or with the box.
func (o *Outside) startChain(t testing.TB, box int, stellarescrow string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, "nsenter", "--target", strconv.Itoa(box), "--mount", "--pid", "--net="+o.network, "--",
		stellarescrow, "dev", "--json", "--no-keeper", "--listen", "127.0.0.1:0")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // the box ends it too
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &o.chain)
	}
	if err != nil {
		cancel()
		_ = cmd.Wait()
		t.Fatalf("start a Stellar network: %v\n%s", err, said.Bytes())
	}
}

// Play plays the demo's four stories through the API at base, such as https://escrow.test/v1, and counts every balance. What happened is written to out.
func (o *Outside) Play(ctx context.Context, base string, out io.Writer) error {
	w, err := o.world(base)
	if err != nil {
		return err
	}
	return demo.Play(ctx, w, out)
}

func (o *Outside) world(base string) (w demo.World, err error) {
	network, err := stellar.NewNetwork(o.chain.Passphrase)
	if err != nil {
		return w, err
	}
	client := o.Client()
	node, err := rpc.New(rpc.Config{URL: o.RPCURL(), Network: network, HTTP: client.Transport})
	if err != nil {
		return w, err
	}
	contract, err1 := stellar.ParseAddress(o.chain.Contract)
	usdc, err2 := stellar.ParseAddress(o.chain.USDC.Contract)
	if err := errors.Join(err1, err2); err != nil {
		return w, err
	}
	people := map[string]*keypair.Full{}
	var issuer *keypair.Full
	for _, a := range o.chain.Accounts {
		key, err := keypair.ParseFull(a.Secret)
		if err != nil {
			return w, fmt.Errorf("key of %s: %w", a.Role, err)
		}
		if a.Role == "issuer" {
			issuer = key
			continue
		}
		people[a.Role] = key
	}
	return demo.World{
		API: base, Network: network, Contract: o.chain.Contract, USDC: o.chain.USDC.Contract, People: people, HTTP: client,
		Balance: func(ctx context.Context, address string) (int64, error) {
			holder, err := stellar.ParseAddress(address)
			if err != nil {
				return 0, err
			}
			v, err := deploy.View(ctx, node, xdr.InvokeContractArgs{ContractAddress: usdc.ScAddress(), FunctionName: "balance", Args: []xdr.ScVal{holder.ScVal()}})
			if err != nil {
				return 0, err
			}
			n, ok := v.GetI128()
			if !ok || n.Hi != 0 {
				return 0, fmt.Errorf("a balance that no trustline can hold: %v", v)
			}
			return int64(n.Lo), nil
		},
		Fees: func(ctx context.Context) (int64, error) {
			v, err := deploy.View(ctx, node, stellar.ViewOwed(contract, usdc))
			if err != nil {
				return 0, err
			}
			owed, err := stellar.DecodeOwed(v)
			if err != nil {
				return 0, err
			}
			fees, err := owed.Fees.Stroops()
			return int64(fees), err
		},
		Now: func() (time.Time, error) { return o.clock(map[string]int64{"seconds": 0}) },
		Advance: func(d time.Duration) error {
			now, err := o.clock(map[string]int64{"seconds": 0})
			if err == nil { // the last ledger's time, which may be ahead of the network's own clock
				_, err = o.clock(map[string]int64{"to": now.Add(d).Unix()})
			}
			return err
		},
		Freeze: func(ctx context.Context, address string, frozen bool) error {
			return o.freeze(ctx, node, issuer, address, frozen)
		},
	}, nil
}

// clock moves the network's clock and tells what time the last ledger then has.
func (o *Outside) clock(to map[string]int64) (time.Time, error) {
	body, err := json.Marshal(to)
	if err != nil {
		return time.Time{}, err
	}
	client := o.Client()
	defer client.CloseIdleConnections()
	res, err := client.Post(o.chain.Advance, "application/json", bytes.NewReader(body))
	if err != nil {
		return time.Time{}, fmt.Errorf("move the network's clock: %w", err)
	}
	defer res.Body.Close()
	var answer struct {
		Closed int64 `json:"latestLedgerCloseTime,string"`
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("move the network's clock: %w: %s", err, text)
	}
	return time.Unix(answer.Closed, 0), nil
}

// freeze has the issuer take a holder's USDC out of circulation, or give it back.
func (o *Outside) freeze(ctx context.Context, node *rpc.Client, issuer *keypair.Full, address string, frozen bool) error {
	var key xdr.LedgerKey
	if err := key.SetAccount(xdr.MustAddress(issuer.Address())); err != nil {
		return err
	}
	entries, _, err := node.Entries(ctx, key)
	if err != nil {
		return err
	}
	if len(entries) != 1 {
		return errors.New("the issuer has no account")
	}
	op := &txnbuild.SetTrustLineFlags{Trustor: address, Asset: txnbuild.CreditAsset{Code: o.chain.USDC.Code, Issuer: issuer.Address()}}
	if frozen {
		op.ClearFlags = []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}
	} else {
		op.SetFlags = []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount:        &txnbuild.SimpleAccount{AccountID: issuer.Address(), Sequence: int64(entries[0].Data.MustAccount().SeqNum)},
		IncrementSequenceNum: true, BaseFee: txnbuild.MinBaseFee, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
		Operations: []txnbuild.Operation{op},
	})
	if err == nil {
		tx, err = tx.Sign(o.chain.Passphrase, issuer)
	}
	if err != nil {
		return err
	}
	text, err := tx.Base64()
	if err != nil {
		return err
	}
	if _, err := node.Send(ctx, text); err != nil {
		return err
	}
	hash, err := tx.Hash(o.chain.Passphrase)
	if err != nil {
		return err
	}
	got, err := node.Await(ctx, hash, 1<<62)
	if err == nil && got.Status != "SUCCESS" {
		err = fmt.Errorf("it is %s", got.Status)
	}
	return err
}
