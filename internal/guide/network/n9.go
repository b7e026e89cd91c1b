package network

import (
	"context"
	"fmt"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/redisprobe"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

const redisVariable = "REDIS_PASSWORD"

func n9() guide.Control {
	return guide.Control{
		ID:       "N9",
		Clause:   "Redis requires a password (`REDIS_PASSWORD`)",
		Question: "Does Compose refuse to start without REDIS_PASSWORD, and does redis get it? Running: does it refuse a client without a password, and one with a password that everybody knows?",
		Modes: []guide.Mode{
			{Name: "no-such-service", What: "there is no service redis, so that nothing can be said of it"},
			{Name: "password-not-required", What: "Compose starts though REDIS_PASSWORD is missing or empty"},
			{Name: "password-not-given", What: "the service redis does not get the password"},
			{Name: "password-not-asked", What: "redis is started in another way than by the script that makes it ask everybody for the password"},
			{Name: "answers-anybody", What: "redis answers a client that has given no password", Running: true},
			{Name: "known-password", What: "redis takes a password that everybody knows", Running: true},
		},
		Mutations: []guide.Mutation{
			stackfile.Change("password-not-required", "the variable may be empty", "  - ${REDIS_PASSWORD:?write a random value into .env, see .env.example}\n", "", "S11/not-required"),
			stackfile.Change("password-not-required", "the variable may be set and empty", "${REDIS_PASSWORD:?write", "${REDIS_PASSWORD?write", "S11/not-required"),
			stackfile.Change("password-not-given", "redis does not mount its secrets", "      - ./k8s/base/config/redis:/etc/redis:ro\n      - secrets-redis:/run/secrets/redis:ro\n", "      - ./k8s/base/config/redis:/etc/redis:ro\n"),
			stackfile.Change("password-not-asked", "redis is started without its script", "    entrypoint: [/bin/sh, /etc/redis/start.sh]\n", "    entrypoint: [redis-server, --protected-mode, \"no\"]\n"),
			stackfile.Change("password-not-asked", "its script is another", "      - ./k8s/base/config/redis:/etc/redis:ro\n", "      - ./monitoring:/etc/redis:ro\n"),
			startRedis("the user needs no password", "start.sh", "reset on #$hash", "reset on nopass"),
			startRedis("there is a second user, without a password", "start.sh", "unset password hash\n", "echo 'user guest on nopass ~* +@all' >>/run/redis/users.acl\n"),
			startRedis("the list of users is left out at the start", "start.sh", "exec redis-server /etc/redis/redis.conf", `exec redis-server /etc/redis/redis.conf --aclfile ""`),
			startRedis("the list of users is not read", "redis.conf", "aclfile /run/redis/users.acl\n", ""),
			startRedis("the settings have a user of their own", "redis.conf", "aclfile /run/redis/users.acl\n", "aclfile /run/redis/users.acl\nuser guest on nopass ~* +@all\n"),
			startRedis("a password may be short", "start.sh", "-lt 16", "-lt 0"),
			{Mode: "no-such-service", What: "redis has another name", Change: renameRedis, Also: []string{"N8/no-such-service"}},
		},
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			p, err := stackfile.Project(ctx, t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			required, err := stackfile.Refused(ctx, t, redisVariable)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			seen, err := facts.Read(t, redisFolder, readRedis)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judgeRedisStack(p, required, seen)
		},
		Running: func(ctx context.Context, s *facts.System) guide.Result {
			if s.Targets.Redis == "" {
				return guide.NoEvidence("the targets file names no redis")
			}
			seen, err := facts.Look(ctx, s, "redis", func(ctx context.Context) (redisprobe.Facts, error) {
				return redisprobe.Probe{Now: s.Now}.Look(ctx, redisprobe.Target{Address: s.Targets.Redis, Passwords: secret.WellKnown()})
			})
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judgeRedis(s.Targets.Redis, seen)
		},
	}
}

func judgeRedisStack(p *compose.Project, required bool, start redisStart) guide.Result {
	s, ok := p.Model.Services[redis]
	if !ok {
		return guide.Fail(guide.Finding{Mode: "no-such-service", Subject: redis, Detail: "the Compose file has no service of this name", At: guide.Place{File: stackfile.Name}})
	}
	var findings []guide.Finding
	where := stackfile.At(p, "services", redis)
	if !required {
		findings = append(findings, guide.Finding{Mode: "password-not-required", Subject: redisVariable, Detail: "write ${REDIS_PASSWORD:?…} where Compose reads it", At: where})
	}
	mounted := ""
	for _, v := range s.Volumes {
		if strings.HasPrefix(v.Target, "/run/secrets") && v.ReadOnly {
			mounted = v.Target
		}
	}
	for _, secret := range s.Secrets {
		if secret.Source == redisVariable {
			mounted = "/run/secrets/" + redisVariable
		}
	}
	if mounted == "" {
		findings = append(findings, guide.Finding{Mode: "password-not-given", Subject: redis, Detail: "mount the secret REDIS_PASSWORD below /run/secrets, read-only", At: where})
	}
	findings = append(findings, start.judge(s, where)...)
	return guide.Judge([]guide.Subject{{Name: "service redis", Evidence: "reads its password from " + mounted, At: where}, {Name: redisVariable, Evidence: "required, and not empty"}}, findings)
}

func judgeRedis(address string, f redisprobe.Facts) guide.Result {
	var findings []guide.Finding
	for _, way := range []struct {
		name string
		leg  redisprobe.Leg
	}{{"in the clear", f.Clear}, {"by TLS", f.TLS}} {
		if way.leg.Ping == redisprobe.Answered || way.leg.Info == redisprobe.Answered {
			findings = append(findings, guide.Finding{Mode: "answers-anybody", Subject: address, Detail: way.name + ": PING or INFO is answered before any AUTH; set requirepass"})
		}
		if way.leg.LetIn {
			findings = append(findings, guide.Finding{Mode: "known-password", Subject: address, Detail: way.name + ": a password that everybody knows is taken; set a random one"})
		}
	}
	if len(findings) == 0 && f.Clear.Ping != redisprobe.NeedsPassword && f.TLS.Ping != redisprobe.NeedsPassword {
		return guide.NoEvidence("%s: it did not ask for a password: in the clear %s, by TLS %s", address, f.Clear.Ping, f.TLS.Ping)
	}
	return guide.Judge([]guide.Subject{{Name: "redis " + address, Evidence: fmt.Sprintf("PING in the clear: %s, by TLS: %s; %d well-known passwords refused", f.Clear.Ping, f.TLS.Ping, max(f.Clear.Tried, f.TLS.Tried))}}, findings)
}
