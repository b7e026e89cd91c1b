//go:build unix

package minio

import (
	"context"
	"fmt"
	"io"

	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

// program is the last that its authors have published as source. Its releases have names that Go's proxy does not take for versions.
var program = cache.Program{
	Name: "minio", Module: "github.com/minio/minio", Version: "v0.0.0-20260212201848-7aac2a2c5b7c", Sum: "h1:/qdoYujxF5MBLDMVLeiYJ/7fBa1HikX39Dvzb9Ji8pA=", Main: ".",
}

// Prepare builds it where nobody has, and says to out where it is.
func Prepare(ctx context.Context, goProgram string, out io.Writer) error {
	path, err := program.Build(ctx, goProgram, out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "minio %s: %s\n", program.Version, path)
	return err
}
