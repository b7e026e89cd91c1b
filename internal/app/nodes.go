package app

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// nodeSettings say whom to ask of the network.
type nodeSettings struct {
	RPC     []string `name:"rpc" help:"Stellar RPC servers in order of preference, with commas." env:"STELLAR_RPC_URLS" placeholder:"URL"`
	RPCFile string   `name:"rpc-file" help:"File with the same, for URLs that hold a key." env:"STELLAR_RPC_URLS_FILE" placeholder:"FILE"`
}

// nodeURLs are the nodes to ask.
func (n *nodeSettings) nodeURLs(c *storeSettings) ([]string, error) {
	urls, err := c.list(n.RPC, n.RPCFile, "STELLAR_RPC_URLS", time.Now)
	if err != nil {
		return nil, err
	}
	if len(urls) == 0 {
		return nil, errors.New("STELLAR_RPC_URLS is not set: ledgers are read there; name one server or several, with commas")
	}
	for i, text := range urls {
		u, err := url.Parse(strings.TrimSpace(text))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("STELLAR_RPC_URLS: number %d is not an http or https URL", i+1) // it may hold a key: it is not repeated
		}
		urls[i] = u.String()
	}
	return urls, nil
}

// nodesOf are clients of the servers.
func nodesOf(urls []string, network stellar.Network) (nodes []*rpc.Client, err error) {
	for _, u := range urls {
		node, err := rpc.New(rpc.Config{URL: u, Network: network})
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}
