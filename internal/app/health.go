package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// healthConfig is the command `health`: an image holds no shell and no curl, so the program asks itself. It is a container's HEALTHCHECK.
type healthConfig struct {
	Part  string `arg:"" optional:"" help:"The part that runs in this container: api, client or indexer. It is asked on loopback, at the port of its own setting (API_LISTEN, CLIENT_LISTEN, INDEXER_LISTEN)."`
	URL   string `name:"url" help:"Ask this server instead, such as http://127.0.0.1:4000." placeholder:"URL"`
	Ready bool   `help:"Ask whether it can do its work for others (/readyz), not only whether it answers (/healthz)."`

	API     string `hidden:"" name:"api-listen" env:"API_LISTEN" default:":4000"`
	Client  string `hidden:"" name:"client-listen" env:"CLIENT_LISTEN" default:":3001"`
	Indexer string `hidden:"" name:"indexer-listen" env:"INDEXER_LISTEN" default:":3000"`

	server *url.URL
}

// job: one that was stopped before it had an answer has none.
func (*healthConfig) job() {}

// Validate finds out whom to ask.
func (c *healthConfig) Validate() (err error) {
	switch {
	case c.URL != "" && c.Part != "":
		return errors.New("health: name a part or --url, not both")
	case c.URL != "":
		c.server, err = healthURL(c.URL)
		return err
	}
	for name, at := range map[string]struct{ variable, address string }{
		"api": {"API_LISTEN", c.API}, "client": {"CLIENT_LISTEN", c.Client}, "indexer": {"INDEXER_LISTEN", c.Indexer},
	} {
		if name == c.Part {
			if err := checkListen(at.variable, at.address); err != nil {
				return err
			}
			c.server = &url.URL{Scheme: "http", Host: reachable(at.address)}
			return nil
		}
	}
	return fmt.Errorf("health: %q is no part that can be asked: name api, client or indexer, or --url", c.Part)
}

// reachable is the address at which this machine finds what listens on all of its addresses.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	switch {
	case err != nil:
		return listen
	case host == "" || host == "0.0.0.0":
		host = "127.0.0.1"
	case host == "::":
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}

func healthURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err == nil && u.User != nil {
		return nil, errors.New("--url: leave out the name and the password, which nobody asks for") // and do not repeat them
	}
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return nil, fmt.Errorf("--url=%.200s is not the URL of a server, such as http://127.0.0.1:4000", text)
	}
	u.Path = ""
	return u, nil
}

// The bounds of asking: whoever does not answer by then is not well.
const (
	healthTimeout = 2 * time.Second
	healthAnswer  = 4 << 10 // of what it says, this much is read
)

// run ends without an error if the part is well. A part that does not answer is not well: that is what was asked, so it is a failure as any other, and not
// something that could not be looked at.
func (c *healthConfig) run(ctx context.Context, env environment) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	at := *c.server
	at.Path = "/healthz"
	if c.Ready {
		at.Path = "/readyz"
	}
	status, says, err := askHealth(ctx, at.String())
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s does not answer within %s", &at, healthTimeout)
	case err != nil:
		return fmt.Errorf("%s does not answer: %w", &at, err)
	case status != http.StatusOK:
		return fmt.Errorf("%s answers %d: %s", &at, status, says)
	}
	_, err = fmt.Fprintf(env.stdout, "%s answers %d\n", &at, status)
	return err
}

// askHealth asks the server that is meant and no other: it goes through no proxy of the environment's and follows nobody elsewhere.
func askHealth(ctx context.Context, at string) (status int, says string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("User-Agent", "stellarescrow-health")
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		var asking *url.Error
		if errors.As(err, &asking) { // which server is said already
			err = asking.Err
		}
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, healthAnswer))
	if err != nil {
		return 0, "", err
	}
	return res.StatusCode, strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "?")), " "), nil
}
