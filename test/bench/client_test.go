package bench

import (
	"context"
	"fmt"
	"net/http"
	"time"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// pollEvery is how often it is asked whether a ledger holds a transaction: localnet closes one within milliseconds.
const pollEvery = 2 * time.Millisecond

// call is a whole call as a client makes it: simulated over RPC, signed, submitted, and in a ledger.
func (who *person) call(ctx context.Context, p *platform, call escrow.Call) error {
	t, err := who.sign(ctx, p, call)
	if err == nil {
		err = p.submit(ctx, t)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", call.Function(), err)
	}
	who.sequence++
	return nil
}

// sign simulates a call and signs the transaction that makes it.
func (who *person) sign(ctx context.Context, p *platform, call escrow.Call) (t stellar.Transaction, err error) {
	args, err := stellar.EncodeCall(p.contract, call)
	if err != nil {
		return t, err
	}
	t, err = stellar.Invoke(stellar.Envelope{Source: who.address, Sequence: who.sequence, NotAfter: 1 << 40, InclusionFee: stellar.MinInclusionFee}, args)
	if err != nil {
		return t, err
	}
	text, err := t.Base64()
	if err != nil {
		return t, err
	}
	res, err := p.client.Simulate(ctx, text)
	if err != nil {
		return t, err
	}
	if res.Error != "" {
		return t, fmt.Errorf("the simulation fails: %s", res.Error)
	}
	var data xdr.SorobanTransactionData
	if err := stellar.Decode("transaction data", res.TransactionDataXDR, &data); err != nil {
		return t, err
	}
	var auth []xdr.SorobanAuthorizationEntry
	for _, text := range *res.Results[0].AuthXDR {
		var entry xdr.SorobanAuthorizationEntry
		if err := stellar.Decode("an authorisation", text, &entry); err != nil {
			return t, err
		}
		auth = append(auth, entry)
	}
	if t, err = t.Assemble(data, res.MinResourceFee, auth); err != nil {
		return t, err
	}
	return t.Sign(p.network, who.key)
}

// submit hands a transaction in and returns when a ledger holds it: told by the network where that is in this process, or asking for it.
func (p *platform) submit(ctx context.Context, t stellar.Transaction) error {
	text, err := t.Base64()
	if err != nil {
		return err
	}
	if p.net == nil {
		return send(ctx, p.client, text, t.Hash(p.network))
	}
	var envelope xdr.TransactionEnvelope
	if err := xdr.SafeUnmarshalBase64(text, &envelope); err != nil {
		return err
	}
	out, err := p.net.Submit(ctx, envelope)
	if err == nil && !out.Successful() {
		err = fmt.Errorf("the transaction has failed: %s", out.Result.Result.Code)
	}
	return err
}

// send hands a transaction in over RPC and asks until a ledger holds it.
func send(ctx context.Context, c *rpc.Client, text string, hash stellar.Hash) error {
	sent, err := c.Send(ctx, text)
	if err != nil {
		return err
	}
	if sent.Status != "PENDING" {
		return fmt.Errorf("the node answers %s: %s", sent.Status, sent.ErrorResultXDR)
	}
	for {
		res, err := c.Transaction(ctx, hash)
		switch {
		case err != nil:
			return err
		case res.Status == protocol.TransactionStatusSuccess:
			return nil
		case res.Status != protocol.TransactionStatusNotFound:
			return fmt.Errorf("the transaction has failed: %s", res.ResultXDR)
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// wire carries the calls of n couples, each over a connection of its own: the usual one keeps two.
func wire(n int) http.RoundTripper {
	return &http.Transport{MaxIdleConnsPerHost: 2 * max(n, 1)}
}
