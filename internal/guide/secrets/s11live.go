package secrets

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/cluster"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/engine"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// unfitInUse is what S11 looks for where something runs. No value leaves who judges it: what is said of it is its length, at most.
func unfitInUse() guide.Mode {
	return guide.Mode{Name: "unfit-in-use", What: "a secret that the running system has is empty, short, or one that everybody knows", Running: true}
}

// runRequired judges what the containers of the engine have in /run/secrets, and the values of the guide's Secret in the cluster.
func runRequired(ctx context.Context, s *facts.System) guide.Result {
	var subjects []guide.Subject
	var findings []guide.Finding
	var unseen []error
	if s.Targets.Engine.Socket != "" {
		more, wrong, err := givenFit(ctx, s)
		subjects, findings, unseen = append(subjects, more...), append(findings, wrong...), append(unseen, err)
	}
	if s.Targets.Cluster != (facts.Cluster{}) {
		more, wrong, err := valuesFit(ctx, s)
		subjects, findings, unseen = append(subjects, more...), append(findings, wrong...), append(unseen, err)
	}
	if len(unseen) == 0 {
		return guide.NoEvidence("the targets file names no engine and no cluster: which secrets are in use does not show")
	}
	if err := errors.Join(unseen...); err != nil && len(findings) == 0 {
		return guide.NoEvidence("%v", err)
	}
	return guide.Judge(subjects, findings)
}

// givenFit is about a Compose stack. Each of the guide's secrets must be seen, or there is no evidence.
func givenFit(ctx context.Context, s *facts.System) ([]guide.Subject, []guide.Finding, error) {
	f, err := engine.Of(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	all, err := facts.Look(ctx, s, "engine: secrets", func(context.Context) ([]engine.Given, error) { return f.Given(fit) })
	subjects, findings, missing := judgeGiven(f.Name, all)
	if len(missing) > 0 {
		err = errors.Join(err, fmt.Errorf("%s: no container has a file %s in /run/secrets", f.Name, strings.Join(missing, ", ")))
	}
	return subjects, findings, err
}

func judgeGiven(engine string, all []engine.Given) (subjects []guide.Subject, findings []guide.Finding, missing []string) {
	at := guide.Place{File: engine}
	seen := map[string]bool{}
	for _, g := range all {
		if !judged(g.Name) {
			continue
		}
		seen[g.Name] = true
		if g.Wrong != nil {
			findings = append(findings, guide.Finding{Mode: "unfit-in-use", Subject: g.Name, Detail: fmt.Sprintf("container %s, %s: %v", g.Container, g.Path, g.Wrong), At: at})
			continue
		}
		subjects = append(subjects, guide.Subject{Name: g.Name, Evidence: fmt.Sprintf("container %s, %s: long enough, and nothing that everybody knows", g.Container, g.Path), At: at})
	}
	return subjects, findings, slices.DeleteFunc(required(), func(name string) bool { return seen[name] })
}

// valuesFit is about a cluster: what stands in the guide's Secret. What stands in files of pods alone no API shows.
func valuesFit(ctx context.Context, s *facts.System) ([]guide.Subject, []guide.Finding, error) {
	said, err := facts.Look(ctx, s, breaks.Cluster+": values of "+guideSecret, func(ctx context.Context) (map[string]error, error) {
		c, err := cluster.Open(s.Targets.Cluster)
		if err != nil {
			return nil, err
		}
		return c.Judge(ctx, guideSecret, fit)
	})
	if err != nil {
		return nil, nil, err
	}
	at := "cluster " + s.Targets.Cluster.Context
	subjects, findings, missing := judgeValues(at, said)
	if len(missing) > 0 {
		err = fmt.Errorf("%s: Secret %s has no %s", at, guideSecret, strings.Join(missing, ", "))
	}
	return subjects, findings, err
}

func judgeValues(cluster string, said map[string]error) (subjects []guide.Subject, findings []guide.Finding, missing []string) {
	at := guide.Place{File: cluster}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		switch err := said[name]; {
		case !judged(name):
		case err != nil:
			findings = append(findings, guide.Finding{Mode: "unfit-in-use", Subject: name, Detail: fmt.Sprintf("Secret %s: %v", guideSecret, err), At: at})
		default:
			subjects = append(subjects, guide.Subject{Name: name, Evidence: "Secret " + guideSecret + ": long enough, and nothing that everybody knows", At: at})
		}
	}
	for _, keys := range paths() {
		for _, name := range keys {
			if _, there := said[name]; !there && slices.Contains(required(), name) {
				missing = append(missing, name)
			}
		}
	}
	slices.Sort(missing)
	return subjects, findings, missing
}

// judged tells of which names fit has something to say.
func judged(name string) bool {
	return slices.Contains(required(), name) || name == "RELAY_SECRET" || name == "DATABASE_URL"
}

// fit is what is wrong with a secret, as its program would have it at its start. It says nothing of a value but its length.
func fit(name, text string) error {
	text = strings.TrimSuffix(text, "\n") // as programs read files
	switch {
	case !judged(name):
		return nil
	case name == "API_KEYS" || name == "ADMIN_KEYS":
		return fitKeys(text)
	case name == "DATABASE_URL":
		u, err := url.Parse(text)
		if err != nil {
			return errors.New("it is no URL") // the error would hold it
		}
		if password, there := u.User.Password(); there {
			return secret.Check(password)
		}
		return nil
	}
	return secret.Check(text)
}

// fitKeys looks at a list of keys: a line each, of a name and the SHA-256 of a key (package keys). Whose key everybody knows is known by that sum.
func fitKeys(text string) error {
	known := map[string]bool{}
	for _, value := range secret.WellKnown() {
		sum := sha256.Sum256([]byte(value))
		known[hex.EncodeToString(sum[:])] = true
	}
	keys := 0
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		keys++
		sum, err := hex.DecodeString(words[min(1, len(words)-1)])
		switch {
		case err != nil || len(sum) != sha256.Size || len(words) < 2:
			return fmt.Errorf("its key %d is no SHA-256 of a key: write the line that escrowctl keys new prints", keys)
		case known[hex.EncodeToString(sum)]:
			return fmt.Errorf("its key %d is one that everybody knows: make another with escrowctl keys new", keys)
		}
	}
	if keys == 0 {
		return errors.New("it is empty: nobody has a key")
	}
	return nil
}

// breakRequired changes a value of the guide's Secret, as a hand would. The driver writes its own again when it looks next.
func breakRequired() []guide.Break {
	object := breaks.Object{Version: "v1", Resource: "secrets", Name: guideSecret}
	value := func(what, key, text string) guide.Break {
		return breaks.Change("unfit-in-use", what, object, func(o breaks.Fields) error {
			return o.Set(base64.StdEncoding.EncodeToString([]byte(text)), "data", key)
		})
	}
	sum := sha256.Sum256([]byte("changeme"))
	return []guide.Break{
		value("the database's password is a word", "POSTGRES_PASSWORD", "postgres"),
		value("the database's password is nothing", "POSTGRES_PASSWORD", ""),
		value("the password in the database's URL is short", "DATABASE_URL", "postgres://stellarescrow:of-somebody@postgres:5432/stellarescrow"),
		value("nobody has an administrator's key", "ADMIN_KEYS", "# none yet\n"),
		value("an integrator's key is one that everybody knows", "API_KEYS", "shop "+hex.EncodeToString(sum[:])+"\n"),
	}
}
