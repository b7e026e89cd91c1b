package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// maxMemoryBytes bounds the linear memory of one instance. The host meters what contracts allocate (41,943,040 bytes a transaction
// on the main network) and hardly allocates more than that itself; 39.6 MB were the most seen.
const maxMemoryBytes = 256 << 20

const wasmPageBytes = 64 << 10

// Options says how Compile works. The zero value is good for a single short run.
type Options struct {
	// CacheDir is a folder for compiled code, made if it is missing; many processes may share it. Compiling takes two seconds
	// without it and 75 ms with it. What is in it is run: nobody else may be able to write to it, see CacheDir. Code in it that is
	// damaged is compiled again; where it can be neither read nor written, the machine is compiled without it. Empty: no cache.
	CacheDir string
	// Log takes a line about a cache that is damaged or of no use. nil: nothing.
	Log *slog.Logger
	// Interpreter does without native code: the same results to the byte, 30 to 70 times slower. Where wazero has no compiler for
	// the processor, the interpreter is used anyway.
	Interpreter bool
}

// Machine is the compiled module. It may be used by many goroutines at once, and any number of Hosts made from it.
type Machine struct {
	runtime wazero.Runtime
	cache   wazero.CompilationCache // nil without CacheDir
	module  wazero.CompiledModule
}

// Compile unpacks the embedded module and compiles it. The caller closes the Machine.
// It fails when the cache folder is none, and when ctx ends.
func Compile(ctx context.Context, o Options) (*Machine, error) {
	wasm, err := Wasm()
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.CacheDir == "" {
		return compile(ctx, wasm, o)
	}
	if info, err := os.Stat(o.CacheDir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("open the cache of compiled code: %s is no folder", o.CacheDir)
	}
	m, err := compileCached(ctx, wasm, o)
	if err == nil || ctx.Err() != nil {
		return m, err
	}
	o.Log.Warn("the contract host is compiled without its cache, which takes two seconds: remove its folder if this stays", "err", fmt.Errorf("use the folder %s: %w", o.CacheDir, err))
	o.CacheDir = ""
	return compile(ctx, wasm, o)
}

// compileCached takes the code that an earlier call has left, if it is as it was.
func compileCached(ctx context.Context, wasm []byte, o Options) (*Machine, error) {
	root := o.CacheDir
	sum := sha256.Sum256(wasm)
	o.CacheDir = filepath.Join(root, hex.EncodeToString(sum[:8])) // or the code of all earlier modules would be checked, too
	damaged, err := dropDamaged(o.CacheDir)
	if err != nil {
		return nil, err
	}
	if damaged > 0 {
		o.Log.Warn("the compiled contract host was damaged and is compiled again", "err", fmt.Errorf("%d files in %s have changed", damaged, root))
	}
	m, err := compile(ctx, wasm, o)
	if err != nil {
		return nil, err
	}
	if err := sumAll(o.CacheDir); err != nil { // the next start compiles again
		o.Log.Warn("the compiled contract host cannot be kept", "err", err)
	}
	return m, nil
}

func compile(ctx context.Context, wasm []byte, o Options) (_ *Machine, err error) {
	config := wazero.NewRuntimeConfig()
	if o.Interpreter {
		config = wazero.NewRuntimeConfigInterpreter()
	}
	config = config.WithMemoryLimitPages(maxMemoryBytes / wasmPageBytes)
	m := &Machine{}
	if o.CacheDir != "" {
		if m.cache, err = wazero.NewCompilationCacheWithDir(o.CacheDir); err != nil {
			return nil, fmt.Errorf("open the cache of compiled code in %s: %w", o.CacheDir, err)
		}
		config = config.WithCompilationCache(m.cache)
	}
	m.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if err := m.compile(ctx, wasm); err != nil {
		_ = m.Close(context.WithoutCancel(ctx)) // the first error is the one to tell
		return nil, err
	}
	return m, nil
}

func (m *Machine) compile(ctx context.Context, wasm []byte) error {
	i32 := api.ValueTypeI32
	outside := m.runtime.NewHostModuleBuilder("ledger")
	outside.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(find), []api.ValueType{i32, i32}, []api.ValueType{i32}).Export("find")
	outside.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(take), []api.ValueType{i32}, nil).Export("take")
	outside.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(panicked), []api.ValueType{i32, i32}, nil).Export("panicked")
	if _, err := outside.Instantiate(ctx); err != nil {
		return fmt.Errorf("offer the ledger to the host module: %w", err)
	}
	module, err := m.runtime.CompileModule(ctx, wasm)
	if err != nil {
		return fmt.Errorf("compile the host module: %w", err)
	}
	m.module = module
	return nil
}

// Close ends all Hosts of the machine.
func (m *Machine) Close(ctx context.Context) error {
	err := m.runtime.Close(ctx)
	if m.cache != nil {
		if cerr := m.cache.Close(ctx); err == nil {
			err = cerr
		}
	}
	if err != nil {
		return fmt.Errorf("close the host machine: %w", err)
	}
	return nil
}
