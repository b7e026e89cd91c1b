package network

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/redisprobe"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

const redisVariable = "REDIS_PASSWORD"

func n9() guide.Control {
	return guide.Control{
		ID:     "N9",
		Clause: "Redis requires a password (`REDIS_PASSWORD`)",
		Question: "Does Compose refuse to start without REDIS_PASSWORD, does redis get it, and is redis started by the script that makes it ask, with nothing put in the place of that or of what it reads: in docker-compose.yml, with each " +
			"docker-compose.NAME.yml over it, and in each overlay? Running: does it refuse a client without a password, and one with a password that everybody knows?",
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
			stackfile.Change("password-not-asked", "what starts it a variable says", "    entrypoint: [/bin/sh, /etc/redis/start.sh]\n", "    entrypoint: [/bin/sh, \"${START:-/etc/redis/start.sh}\"]\n"),
			besideRedis("another script stands in the place of its own", "./scripts/dr-test.sh:/etc/redis/start.sh:ro"),
			besideRedis("other settings stand in the place of its own", "./k8s/base/config/postgres/postgresql.conf:/etc/redis/redis.conf:ro"),
			besideRedis("another program stands in the place of redis", "./scripts/dr-test.sh:/usr/local/bin/redis-server:ro"),
			besideRedis("its list of users is a file of the checkout", "./images/redis-users:/run/redis/users.acl:ro"),
			{Mode: "password-not-asked", What: "a config stands in the place of its script", Change: func(d *guide.Draft) error {
				if err := d.Replace(stackfile.Name, "    networks: [indexer-redis, redis-local]\n", "    networks: [indexer-redis, redis-local]\n    configs: [{source: start, target: /etc/redis/start.sh}]\n"); err != nil {
					return err
				}
				return d.Replace(stackfile.Name, "\nvolumes:\n  postgres-data: {}\n", "\nconfigs: {start: {content: exec redis-server}}\n\nvolumes:\n  postgres-data: {}\n")
			}},
			overRedis("one more file starts it without its script", "    entrypoint: [redis-server, --protected-mode, \"no\"]\n"),
			deployment.Change("password-not-asked", "in the cluster it is started without its script", "redis.yaml", "          command: [sh, /etc/redis/start.sh]\n", "          command: [redis-server, --protected-mode, \"no\"]\n"),
			deployment.Change("password-not-asked", "in the cluster another folder stands where its settings are", "redis.yaml", "            - {name: run, mountPath: /run/redis}\n", "            - {name: run, mountPath: /run/redis}\n            - {name: config, mountPath: /usr/local/bin}\n"),
			{Mode: "password-not-asked", What: "production has a script of its own for it", Change: func(d *guide.Draft) error {
				return d.Replace("k8s/overlays/production/kustomization.yaml", "configMapGenerator:\n", "configMapGenerator:\n  - name: redis-config\n    behavior: merge\n    literals: [\"start.sh=exec redis-server --protected-mode no\"]\n")
			}},
			startRedis("redis is started before its users are written", "start.sh", "umask 077\n", "umask 077\nredis-server --protected-mode no\n"),
			startRedis("the user needs no password", "start.sh", "reset on #$hash", "reset on nopass"),
			startRedis("there is a second user, without a password", "start.sh", "unset password hash\n", "echo 'user guest on nopass ~* +@all' >>/run/redis/users.acl\n"),
			startRedis("the list of users is left out at the start", "start.sh", "exec redis-server /etc/redis/redis.conf", `exec redis-server /etc/redis/redis.conf --aclfile ""`),
			startRedis("the list of users is not read", "redis.conf", "aclfile /run/redis/users.acl\n", ""),
			startRedis("the settings have a user of their own", "redis.conf", "aclfile /run/redis/users.acl\n", "aclfile /run/redis/users.acl\nuser guest on nopass ~* +@all\n"),
			startRedis("a password may be short", "start.sh", "-lt 16", "-lt 0"),
			{Mode: "no-such-service", What: "redis has another name", Change: renameRedis, Also: []string{"N8/no-such-service", "N10/" + unknownMount}},
		},
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			required, err := stackfile.Refused(ctx, t, redisVariable)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			seen, err := facts.Read(t, redisFolder, readRedis)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			stack := stackfile.JudgeEach(ctx, t, func(p *compose.Project) guide.Result { return judgeRedisStack(p, required, seen) })
			pods := deployment.JudgeEach(t, func(o deployment.Overlay) guide.Result { return judgeRedisPods(o.Set) })
			return both(stack, pods)
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
	findings = append(findings, startedBy(p, s)...)
	findings = append(findings, start.judge(redis)...)
	return guide.Judge([]guide.Subject{{Name: "service redis", Evidence: "reads its password from " + mounted, At: where}, {Name: redisVariable, Evidence: "required, and not empty"}}, findings)
}

// both is what two deployments come to: what one shows to be wrong is wrong, whatever could not be looked at of the other.
func both(one, other guide.Result) guide.Result {
	findings := slices.Concat(one.Findings(), other.Findings())
	for _, r := range []guide.Result{one, other} {
		if r.Verdict() == guide.NotEvidenced && len(findings) == 0 {
			return r
		}
	}
	return guide.Judge(slices.Concat(one.Subjects(), other.Subjects()), findings)
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
