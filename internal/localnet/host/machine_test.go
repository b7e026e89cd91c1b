package host

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// The module can reach nothing but the ledger: no clock, file, network or randomness.
func TestModuleImportsTheLedgerOnly(t *testing.T) {
	m, err := compiler()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range m.module.ImportedFunctions() {
		module, name, _ := f.Import()
		got = append(got, module+"."+name)
	}
	slices.Sort(got)
	if want := []string{"ledger.find", "ledger.panicked", "ledger.take"}; !slices.Equal(got, want) {
		t.Errorf("the module imports %v, want %v", got, want)
	}
	if memories := m.module.ImportedMemories(); len(memories) != 0 {
		t.Errorf("the module imports %d memories", len(memories))
	}
}

func TestEmbeddedModuleIsTheRecordedOne(t *testing.T) {
	wasm, err := Wasm()
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := os.ReadFile("host.wasm.sha256")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x  host.wasm\n", sha256.Sum256(wasm)); got != string(recorded) {
		t.Errorf("embedded is %s, recorded is %s", got, recorded)
	}
}

func TestCompiledCodeIsCached(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "cache")
	for range 2 {
		m, err := Compile(t.Context(), Options{CacheDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	var files int
	if err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files++
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Error("the cache folder is empty")
	}
}

func TestCacheFolderThatCannotBeUsed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Compile(t.Context(), Options{CacheDir: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file in the place of the cache: %v, want an error that names it", err)
	}
}

// play is a story through every operation; its replies are in the trace.
func play(t *testing.T, machine func() (*Machine, error), renew bool) []string {
	t.Helper()
	s := newStage(t, machine)
	again := func() {
		if renew {
			if err := s.host.drop(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	again()
	s.must(s.bob, scval.Call(s.probe, "count", scval.Address(account(s.bob))))
	again()
	s.must(s.bob, scval.Call(s.probe, "pay", scval.Address(s.token), scval.Address(account(s.ann)), scval.Address(account(s.bob)), scval.I128(7)), s.ann)
	again()
	s.must(s.bob, scval.Call(s.probe, "keep", scval.U32(1), scval.Bytes(make([]byte, 100))))
	s.must(s.bob, scval.Call(s.probe, "extend", scval.U32(1), scval.U32(200_000)))
	again()
	s.simulate(s.bob, scval.Call(s.probe, "refuse"))
	s.simulate(s.bob, scval.Call(s.probe, "panics"))
	s.simulate(s.bob, scval.Call(s.probe, "draw"))
	s.simulate(s.bob, scval.Call(s.probe, "nest", scval.U32(60)))
	s.simulate(s.bob, scval.Call(s.probe, "hoard", scval.U32(8)))
	again()
	s.past(s.kept(1))
	s.must(s.bob, scval.Call(s.probe, "kept", scval.U32(1)))
	s.do(opDefaultCosts, nil)
	return s.trace
}

// The same module gives the same bytes, down to the metered instructions, whether it is compiled or interpreted, and whether its
// instance is new or has served before: nothing depends on where or how long localnet runs.
func TestSameBytesHoweverItRuns(t *testing.T) {
	want := play(t, compiler, false)
	if len(want) < 20 {
		t.Fatalf("the story has %d replies only", len(want))
	}
	if got := play(t, compiler, true); !slices.Equal(got, want) {
		t.Errorf("with an instance made anew again and again:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := play(t, interpreter, false); !slices.Equal(got, want) {
		t.Errorf("interpreted:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func BenchmarkInvoke(b *testing.B) {
	s := newStage(b, compiler)
	transfer := scval.Call(s.token, "transfer", scval.Address(account(s.ann)), scval.Address(account(s.bob)), scval.I128(1))
	b.Run("transfer", func(b *testing.B) {
		q := s.invokeRequest(s.ann, transfer, s.simulate(s.ann, transfer))
		for b.Loop() {
			if _, err := s.host.Invoke(b.Context(), q); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("simulate transfer", func(b *testing.B) {
		for b.Loop() {
			s.simulate(s.ann, transfer)
		}
	})
	b.Run("spin", func(b *testing.B) {
		spin := scval.Call(s.probe, "spin", scval.U32(1_000_000))
		q := s.invokeRequest(s.ann, spin, s.simulate(s.ann, spin))
		for b.Loop() {
			if _, err := s.host.Invoke(b.Context(), q); err != nil {
				b.Fatal(err)
			}
		}
	})
}
