package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Stoppable is a context that ends when the program is to end: with control-C, SIGTERM, or its terminal (SIGHUP, unless it was started to outlive
// that, as nohup does). It also keeps SIGPIPE from ending the program: when whoever reads the output has gone, as `head` does, the next write
// fails instead. So whatever the program has put into temporary folders is removed by its own hand. stop gives the signals their usual meaning back.
func Stoppable(ctx context.Context) (_ context.Context, stop context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, unnotify := signal.NotifyContext(ctx, signals...)
	// Heard and thrown away, not ignored: programs that are started from here would inherit that.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	return ctx, func() {
		unnotify()
		signal.Stop(pipe)
	}
}
