package rpc

import "net/url"

// Host names the node for people, in logs and metrics: its host only, since the rest of its URL may hold a provider's key.
func (c *Client) Host() string {
	u, err := url.Parse(c.config.URL)
	if err != nil {
		return "?" // New has parsed it
	}
	return u.Host
}
