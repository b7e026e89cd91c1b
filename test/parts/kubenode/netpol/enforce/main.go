// Command enforce holds the pods of a test's node to their NetworkPolicies, as package netpol says. It runs inside the node, until it is ended or the
// node is.
//
//	enforce KUBECONFIG PODS NODE     the pods' network, such as 10.244.0.0/24, and of it the node's own address
package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/netpol"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "netpol stand-in:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return errors.New("use: enforce KUBECONFIG PODS NODE")
	}
	network, err := netip.ParsePrefix(args[1])
	if err != nil {
		return fmt.Errorf("the pods' network: %w", err)
	}
	node, err := netip.ParseAddr(args[2])
	if err != nil {
		return fmt.Errorf("the node's address among the pods': %w", err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", args[0])
	if err != nil {
		return fmt.Errorf("read %s: %w", args[0], err)
	}
	api, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("read %s: %w", args[0], err)
	}
	return netpol.Enforce(ctx, netpol.Options{API: api, Network: network, Node: node, Load: netpol.Nft, Out: os.Stdout})
}
