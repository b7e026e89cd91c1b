package sameid

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

const (
	// startWithin bounds how long a program may take to start and answer its first question, answerWithin each one after that. A machine with nothing
	// else to do takes a second, and a thousandth.
	startWithin  = 3 * time.Minute
	answerWithin = 30 * time.Second
	// endWithin bounds how long a program may take to end when nobody asks any more.
	endWithin = 10 * time.Second
	// longestAnswer is more than the largest terms that a question can carry.
	longestAnswer = 2 * stellar.MaxXDR
)

// question is bytes that may be the terms of a trade in that contract on that network.
type question struct {
	network  stellar.Network
	contract stellar.Address
	raw      []byte
}

// verdict is what a program makes of it: the id, and the terms written anew, or why they are none.
type verdict struct {
	taken bool
	id    [32]byte
	again []byte
	why   string
}

// reader is one of the three.
type reader interface {
	name() string
	read(question) (verdict, error)
}

// servers are our own in Go, in this process.
type servers struct{}

func (servers) name() string { return "Go" }

func (servers) read(q question) (verdict, error) {
	var v xdr.ScVal
	if err := xdr.SafeUnmarshal(q.raw, &v); err != nil {
		return verdict{why: err.Error()}, nil
	}
	// Terms reach a server in calls and in events, and are read by one code.
	call, err := stellar.DecodeCall(q.contract, xdr.InvokeContractArgs{ContractAddress: q.contract.ScAddress(), FunctionName: "accept", Args: []xdr.ScVal{v}})
	if err != nil {
		return verdict{why: err.Error()}, nil
	}
	terms := call.(escrow.CallAccept).Terms
	id, err := stellar.TermsID(q.network, q.contract, terms)
	if err != nil {
		return verdict{}, fmt.Errorf("terms that were read have no id: %w", err)
	}
	back, err := stellar.EncodeTerms(terms)
	if err != nil {
		return verdict{}, fmt.Errorf("terms that were read cannot be written: %w", err)
	}
	again, err := back.MarshalBinary()
	return verdict{taken: true, id: id, again: again}, err
}

// program is another process, asked over its standard streams: contract/fuzz/src/main.rs has the form of a message.
type program struct {
	called string
	in     io.WriteCloser
	out    *os.File
	ask    []byte
	within time.Duration // until the next answer
}

// start runs a program until the test ends. It ends by itself when whoever asks has gone, however that was.
func start(t testing.TB, called, path string, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context())) // cleanups run after the test's own context has ended
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stderr, cmd.WaitDelay = t.Output(), endWithin
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = theirs
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", called, err)
	}
	theirs.Close()
	t.Cleanup(func() {
		late := time.AfterFunc(endWithin, cancel)
		in.Close()
		if err := cmd.Wait(); err != nil && !t.Failed() {
			t.Errorf("%s: %v", called, err)
		}
		late.Stop()
		cancel()
		out.Close()
	})
	return &program{called: called, in: in, out: out, within: startWithin}
}

func (p *program) name() string { return p.called }

func (p *program) read(q question) (verdict, error) {
	passphrase := q.network.Passphrase()
	p.ask = append(p.ask[:0], 0, 0, 0, 0)
	p.ask = append(append(p.ask, q.contract.Key[:]...), byte(len(passphrase)))
	p.ask = append(append(p.ask, passphrase...), q.raw...)
	binary.BigEndian.PutUint32(p.ask, uint32(len(p.ask)-4))
	answer, err := p.answer()
	if err != nil {
		return verdict{}, fmt.Errorf("ask %s: %w", p.called, err)
	}
	switch {
	case len(answer) > 0 && answer[0] == 0:
		return verdict{why: string(answer[1:])}, nil
	case len(answer) > 33 && answer[0] == 1:
		return verdict{taken: true, id: [32]byte(answer[1:33]), again: slices.Clone(answer[33:])}, nil
	}
	return verdict{}, fmt.Errorf("ask %s: %d bytes that are no answer", p.called, len(answer))
}

// answer is what it answers to p.ask.
func (p *program) answer() ([]byte, error) {
	if err := p.out.SetReadDeadline(time.Now().Add(p.within)); err != nil {
		return nil, err
	}
	p.within = answerWithin
	if _, err := p.in.Write(p.ask); err != nil {
		return nil, err
	}
	var length [4]byte
	if _, err := io.ReadFull(p.out, length[:]); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("it has ended; what it said last is above")
		}
		return nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n > longestAnswer {
		return nil, fmt.Errorf("an answer of %d bytes", n)
	}
	answer := make([]byte, n)
	_, err := io.ReadFull(p.out, answer)
	return answer, err
}
