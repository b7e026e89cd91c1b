package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// World is the platform that is played on, and what a play needs beside its API.
type World struct {
	API      string // base URL, as http://127.0.0.1:4000/v1
	Network  stellar.Network
	Contract string
	USDC     string                   // the asset's contract
	People   map[string]*keypair.Full // by role, as dev names them
	HTTP     *http.Client

	// Balance is what an address holds of USDC, in stroops.
	Balance func(ctx context.Context, address string) (int64, error)
	// Fees are what the contract has booked for the platform, in stroops.
	Fees func(ctx context.Context) (int64, error)
	// Now is the ledger's clock; Advance moves it.
	Now     func() (time.Time, error)
	Advance func(d time.Duration) error
	// Freeze is the issuer's hand on a holder of USDC.
	Freeze func(ctx context.Context, address string, frozen bool) error
}

// player acts for the people of one world and shows what they do.
type player struct {
	World
	out io.Writer
	n   int // steps so far, in this story
}

// maxAnswer bounds an answer of the API, in bytes.
const maxAnswer = 4 << 20

// problem is how the API refuses (RFC 9457).
type problem struct {
	Title    string `json:"title"`
	Detail   string `json:"detail"`
	NextStep string `json:"next_step"`
}

func (p *player) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.API+path, body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := p.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		var refused problem
		if err := json.Unmarshal(text, &refused); err != nil || refused.Title == "" {
			return fmt.Errorf("%s %s: %s: %.200s", method, path, res.Status, text)
		}
		return fmt.Errorf("%s %s: %s: %s (%s)", method, path, refused.Title, refused.Detail, refused.NextStep)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return nil
}

// prepared is what the play uses of a prepared transaction.
type prepared struct {
	Transaction string `json:"transaction"`
	Summary     struct {
		Lines []string `json:"lines"`
	} `json:"summary"`
	Warnings []struct {
		Detail string `json:"detail"`
	} `json:"warnings"`
	Resources struct {
		Instructions uint32 `json:"instructions"`
	} `json:"resources"`
}

// outcome is what the play uses of a transaction's state.
type outcome struct {
	Hash   string `json:"hash"`
	State  string `json:"state"`
	Ledger struct {
		Sequence uint32 `json:"sequence"`
	} `json:"ledger"`
	FeeCharged string `json:"fee_charged"`
	Error      *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"error"`
}

// trade is one that is being played.
type trade struct {
	p  *player
	id string
}

// open opens a trade by one of its parties.
func (p *player) open(ctx context.Context, by string, terms map[string]any) (*trade, error) {
	var answer struct {
		ID       string   `json:"id"`
		Prepared prepared `json:"prepared"`
	}
	if err := p.call(ctx, http.MethodPost, "/trades", map[string]any{"terms": terms, "by": by}, &answer); err != nil {
		return nil, err
	}
	fmt.Fprintf(p.out, "  trade %s\n", answer.ID)
	return &trade{p, answer.ID}, p.sign(ctx, by, answer.Prepared)
}

// do prepares an action as the API's client would, signs it as who, and waits for its ledger.
func (t *trade) do(ctx context.Context, who, action string, in map[string]any) error {
	body := map[string]any{"source": t.p.People[who].Address()}
	for k, v := range in {
		body[k] = v
	}
	var answer prepared
	if err := t.p.call(ctx, http.MethodPost, "/trades/"+t.id+"/actions/"+action, body, &answer); err != nil {
		return err
	}
	if action == "accept" || action == "fund" { // the same as at open, which has just been read
		answer.Warnings = nil
	}
	return t.p.sign(ctx, who, answer)
}

func (p *player) sign(ctx context.Context, who string, ready prepared) error {
	tx, err := stellar.ParseTransaction(ready.Transaction)
	if err != nil {
		return err
	}
	if tx, err = tx.Sign(p.Network, p.People[who]); err != nil {
		return err
	}
	text, err := tx.Base64()
	if err != nil {
		return err
	}
	var got outcome
	if err := p.call(ctx, http.MethodPost, "/transactions", map[string]any{"transaction": text}, &got); err != nil {
		return err
	}
	if err := p.call(ctx, http.MethodGet, "/transactions/"+got.Hash+"?wait=10", nil, &got); err != nil {
		return err
	}
	if got.State != "included" && got.State != "projected" {
		err := fmt.Errorf("transaction %s is %s", got.Hash, got.State)
		if got.Error != nil {
			err = fmt.Errorf("%w: %s: %s", err, got.Error.Code, got.Error.Detail)
		}
		return err
	}
	return p.show(who, ready, got)
}

// show prints a step: who did what and what follows, then where it stands on the chain and what it cost.
func (p *player) show(who string, ready prepared, got outcome) error {
	p.n++
	fee, err := amount.ParseUnits(got.FeeCharged)
	if err != nil {
		return fmt.Errorf("fee of transaction %s: %w", got.Hash, err)
	}
	fmt.Fprintf(p.out, "%3d. %s\n", p.n, strings.Join(ready.Summary.Lines, "\n     "))
	for _, w := range ready.Warnings {
		fmt.Fprintf(p.out, "     warning: %s\n", w.Detail)
	}
	_, err = fmt.Fprintf(p.out, "     signed by %s · ledger %d · transaction %s · fee %s XLM · %s instructions\n",
		who, got.Ledger.Sequence, got.Hash[:16], fee, grouped(ready.Resources.Instructions))
	return err
}

// pass lets time go by.
func (p *player) pass(d time.Duration, why string) error {
	if err := p.Advance(d); err != nil {
		return fmt.Errorf("let time pass: %w", err)
	}
	now, err := p.Now()
	if err != nil {
		return fmt.Errorf("read the ledger's clock: %w", err)
	}
	p.n++
	_, err = fmt.Fprintf(p.out, "%3d. %s: %s It is %s now.\n", p.n, later(d), why, now.UTC().Format("2006-01-02 15:04"))
	return err
}

func (p *player) freeze(ctx context.Context, who string, frozen bool) error {
	if err := p.Freeze(ctx, p.People[who].Address(), frozen); err != nil {
		return fmt.Errorf("freeze %s: %w", who, err)
	}
	p.n++
	did := "freezes the %s's USDC: nothing can be paid to it."
	if !frozen {
		did = "frees the %s's USDC again."
	}
	_, err := fmt.Fprintf(p.out, "%3d. The issuer "+did+"\n", p.n, who)
	return err
}

func later(d time.Duration) string {
	n := int(d / (24 * time.Hour))
	if n == 1 {
		return "A day later"
	}
	return fmt.Sprintf("%d days later", n)
}

// grouped prints 1234567 as 1,234,567.
func grouped(n uint32) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
