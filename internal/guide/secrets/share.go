package secrets

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

const (
	unfitHandedOut = "unfit-handed-out"

	// sharing is the service that hands out what stands in .env, by a script that refuses what the programs would refuse: PostgreSQL and Grafana take anything.
	sharing     = "secrets"
	shareFile   = "images/secrets/share.sh"
	shareScript = "/usr/local/bin/share.sh"

	// leastLength is the fewest characters that the script lets a secret have, as internal/secret does.
	leastLength = 16
)

// gate are the lines of the script, comments left out, until it has refused what is unfit: the one way that is known to do so. Of {names} it looks at each, and {least} is the fewest characters.
const gate = `set -eu
umask 022
from=${FROM:-/run/secrets}
to=${TO:-/share}
ready=${READY:-/tmp/given}
fit() {
value=$(cat "$from/$1" 2>/dev/null || true)
if [ "${#value}" -lt {least} ]; then
echo {any}
return 1
fi
case $(printf %s "$value" | tr '[:upper:]' '[:lower:]') in
{words}
echo {any}
return 1
;;
esac
if [ "$(printf %s "$value" | fold -w 1 | sort -u | wc -l)" -lt 5 ]; then
echo {any}
return 1
fi
}
give() {
part=$1
shift
for name in "$@"; do
if [ -s "$from/$name" ]; then
cat "$from/$name" >"$to/$part/.$name"
mv -f "$to/$part/.$name" "$to/$part/$name"
else
rm -f "$to/$part/$name"
fi
done
}
bad=0
for name in {names}; do
fit "$name" || bad=1
done
[ "$bad" = 0 ] || exit 1`

// holes are what may differ in the gate.
func holes() *strings.Replacer {
	return strings.NewReplacer(`\{any\}`, `"share\.sh: [^"]*" >&2`, `\{least\}`, `(?P<least>[0-9]+)`, `\{words\}`, `(?P<words>\*[^\n]*\*)\)`, `\{names\}`, `(?P<names>[A-Z_ ]+)`)
}

// handsOut are the lines that may stand behind the gate: what it gives to whom, and that it stays.
var handsOut = regexp.MustCompile(`^(for part in [a-z ]+; do|done|give [a-z]+( [A-Z_]+)+|printf 'postgres://stellarescrow@postgres:5432/stellarescrow\?sslmode=[a-z-]+\\n' >"\$to/\$part/\.DATABASE_URL"` +
	`|mv -f "\$to/\$part/\.DATABASE_URL" "\$to/\$part/DATABASE_URL"|: >"\$ready"|trap 'exit 0' TERM INT|while :; do|sleep [0-9]+ &|wait \$!)$`)

// wellKnownWords are those that the script must know, of internal/secret.
func wellKnownWords() []string {
	return []string{"password", "passw0rd", "changeme", "change-me", "change_me", "secret", "example", "qwerty", "letmein", "123456", "stellarescrow", "stellar-escrow"}
}

// shareWrong says what is wrong with the script; empty if it refuses every secret that the programs would refuse.
func shareWrong(text string) string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	first := strings.Count(gate, "\n") + 1
	form := regexp.MustCompile("^" + holes().Replace(regexp.QuoteMeta(gate)) + "$")
	if len(all) < first {
		return "it ends before it has refused what is unfit"
	}
	m := form.FindStringSubmatch(strings.Join(all[:first], "\n"))
	if m == nil {
		return "it does not begin by refusing what is short, well known or repeats itself, in the way that is known to do so (internal/guide/secrets/share.go)"
	}
	if least, err := strconv.Atoi(m[form.SubexpIndex("least")]); err != nil || least < leastLength {
		return "refuse fewer than " + strconv.Itoa(leastLength) + " characters"
	}
	for _, word := range wellKnownWords() {
		if !strings.Contains(m[form.SubexpIndex("words")], "*"+word+"*") {
			return "refuse what has " + word + " in it"
		}
	}
	for _, name := range required() {
		if !slices.Contains(strings.Fields(m[form.SubexpIndex("names")]), name) {
			return "have fit look at " + name
		}
	}
	for _, line := range all[first:] {
		if !handsOut.MatchString(line) {
			return line + ": it hands out and does nothing else"
		}
	}
	return ""
}

// sharedBy looks at what hands the stack's secrets out: at the script, and that nothing stands in its place or tells it otherwise.
func sharedBy(t *facts.Tree, p *compose.Project) (subjects []guide.Subject, findings []guide.Finding, err error) {
	add := func(at guide.Place, detail string) {
		findings = append(findings, guide.Finding{Mode: unfitHandedOut, Subject: "service " + sharing, Detail: detail, At: at})
	}
	wrong, err := facts.Read(t, "refuses: "+shareFile, func(files fs.FS) (string, error) {
		text, err := facts.File(files, shareFile)
		return shareWrong(string(text)), err
	})
	if err != nil {
		return nil, nil, err
	}
	if wrong != "" {
		add(guide.Place{File: shareFile}, wrong)
	}
	where := stackfile.At(p, "services", sharing)
	s, ok := p.Model.Services[sharing]
	if !ok {
		add(guide.Place{File: stackfile.Name}, "no service of this name hands out what stands in .env and refuses what is unfit")
		return nil, findings, nil
	}
	if !slices.Equal(s.Entrypoint, []string{"/bin/sh", shareScript}) || len(s.Command) > 0 || len(s.Configs) > 0 || len(s.Environment) > 0 || len(s.EnvFiles) > 0 {
		add(where, "start /bin/sh "+shareScript+" and nothing else, without an environment or configs")
	}
	for _, key := range []string{"entrypoint", "command", "volumes", "tmpfs"} {
		if text, _ := p.Varies("services", sharing, key); text != "" {
			add(where, text+": a variable decides what is started, or what that reads: write it itself")
		}
	}
	mounted := false
	for _, v := range s.Volumes {
		switch target := path.Clean(v.Target); {
		case target == shareScript && v.Type == "bind" && v.ReadOnly && path.Clean(v.Source) == shareFile && !mounted:
			mounted = true
		case v.Type == "volume" && strings.HasPrefix(target, "/share/"):
		default:
			add(where, v.Target+": mount "+shareFile+" and the folders of those whom it gives something")
		}
	}
	if !mounted {
		add(where, "mount "+shareFile+" at "+shareScript+", read-only")
	}
	for _, tmpfs := range s.Tmpfs {
		if target, _, _ := strings.Cut(tmpfs, ":"); path.Clean(target) != "/tmp" {
			add(where, target+": it needs /tmp alone")
		}
	}
	for _, c := range s.Secrets {
		if path.IsAbs(c.Target) && !strings.HasPrefix(path.Clean(c.Target), "/run/secrets/") {
			add(where, c.Target+": secrets are below /run/secrets")
		}
	}
	return []guide.Subject{{Name: "service " + sharing, Evidence: shareFile + " refuses what is short, well known or repeats itself", At: where}}, findings, nil
}

// shared are mutations of it.
func shared() []guide.Mutation {
	script := func(what, old, new string) guide.Mutation {
		return guide.Mutation{Mode: unfitHandedOut, What: what, Change: func(d *guide.Draft) error { return d.Replace(shareFile, old, new) }}
	}
	const mount = "      - ./images/secrets/share.sh:/usr/local/bin/share.sh:ro\n"
	return []guide.Mutation{
		script("what is unfit is said, and handed out", `[ "$bad" = 0 ] || exit 1`+"\n", ""),
		script("a secret may have one character", "-lt 16", "-lt 1"),
		script("nobody looks at the database's password", "for name in POSTGRES_PASSWORD REDIS_PASSWORD", "for name in REDIS_PASSWORD"),
		script("a well-known word is left out", " *changeme* |", ""),
		script("behind it something else is given", "give postgres POSTGRES_PASSWORD\n", "give postgres POSTGRES_PASSWORD\necho postgres >/share/postgres/POSTGRES_PASSWORD\n"),
		stackfile.Change(unfitHandedOut, "another script hands them out", mount, "      - ./scripts/dr-test.sh:/usr/local/bin/share.sh:ro\n"),
		stackfile.Change(unfitHandedOut, "another program stands where one is that the script calls", mount, mount+"      - ./scripts/dr-test.sh:/usr/bin/wc:ro\n"),
		stackfile.Change(unfitHandedOut, "the script looks for them elsewhere", "    network_mode: none\n", "    network_mode: none\n    environment: {FROM: /share}\n"),
		{Mode: unfitHandedOut, What: "one more file has another script", Change: func(d *guide.Draft) error {
			return d.Write("docker-compose.debug.yml", []byte("services:\n  secrets:\n    entrypoint: [/bin/sh, -c, \"cp /run/secrets/* /share/api\"]\n"))
		}},
	}
}
