package secrets

import (
	"regexp"
	"slices"
	"strings"
)

// secretName are names of variables that are secret. One that ends in _FILE names a file, which is no secret.
var secretName = regexp.MustCompile(`(?i)(^|_)(secrets|tokens|keys?|seed|pass|pwd|hmac|mnemonic)$|pgpass$|(password|passwd|secret|token|credentials?)$`)

// spokenName are those that are secret in whatever text they stand: a key alone may be one of anything there.
var spokenName = regexp.MustCompile(`(?i)(password|passwd|passphrase|secret|token|credentials?|authorization|rediscli_auth|database_url|(api|admin|access|secret|private|fee|channel|keeper|server|signing|encryption)[-_.]?keys?|(^|[-_.])(pass|pwd)|pgpass)$`)

// secretValue are texts that are secret whatever they are called: a Stellar seed, a key that a URL has for its user, the address of a Slack channel, a private key, a key of AWS, of age or of GitHub.
var secretValue = regexp.MustCompile(`\bS[A-Z2-7]{55}\b|https?://[A-Za-z0-9_-]{16,}@|https://hooks\.slack\.com/services/\w+|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bAGE-SECRET-KEY-1[0-9A-Z]+|\bgh[pousr]_[A-Za-z0-9]{36}\b`)

// credential is a name of one that has its user with it.
var credential = regexp.MustCompile(`(?i)(^|[_.-])(auth|login|userpwd)$`)

// userAndSecret is what such a one is: a name, a colon, and what belongs to it.
var userAndSecret = regexp.MustCompile(`^[^\s:/$]+:[^\s:/$]+$`)

// shortestKey is how long the shortest of those is, of age, in bytes.
const shortestKey = 17

// value is one as shells and files of settings write it, in quotes or bare. A map or a list is none: what stands in it is looked at by itself.
const value = `("[^"\n]*"|'[^'\n]*'|[^\s"';&|,)}\]{\[][^\s"';&|,)}\]]*)`

// ways are how a text gives somebody a secret: the name that it goes by, if that has to be looked at, and the value.
var (
	inURL    = regexp.MustCompile(`://[^/@:\s"']*:([^/@\s"']+)@`)
	assigned = regexp.MustCompile(`([A-Za-z][A-Za-z0-9_.-]*)[ \t]*=[ \t]*` + value)
	said     = regexp.MustCompile(`([A-Za-z][A-Za-z0-9_.-]*)(?::[ \t]+|["']:\s*)` + value)
	flagged  = regexp.MustCompile(`--?([A-Za-z][A-Za-z0-9_-]*)[ \t]+("[^"\n]*"|'[^'\n]*'|[^-\s"';&|][^\s"';&|]*)`)
	remark   = regexp.MustCompile(`(?m)^[ \t]*(#|;|//|--[ \t]).*$`) // in which people write of passwords, with a colon behind the word
	spoken   = []*regexp.Regexp{
		inURL,
		regexp.MustCompile(`(?i)\b(?:bearer|basic)[ \t]+` + value),
		regexp.MustCompile(`(?i)\bpassword[ \t]+('[^'\n]+')`), // as SQL has it
		regexp.MustCompile(`\bredis-cli\b[^|;&\n]*[ \t](?:-a|--pass)[ \t]+` + value),
		regexp.MustCompile(`\bcurl\b[^|;&\n]*[ \t](?:-u|--user)[ \t]+["']?[^:\s"']+:` + value),
		regexp.MustCompile(`(?m)(?:^|[\s"'])(?:--)?(?:requirepass|masterauth)[ \t]+` + value),
		regexp.MustCompile(`(?m)\buser[ \t]+\S+[ \t](?:[^\n]*[ \t])?>+` + value), // as Redis' list of users has it; >> is the shell's
	}
)

// elsewhere are values that say where a secret is, or that there is none: a variable, what a command prints, a template, a map or a list, a file's path, the word before it.
var elsewhere = regexp.MustCompile(`^(\$|` + "`" + `|%[a-z]|<|[{\[]|\*+$|/[\w.-]+/|@?/run/|file:)|^(?i:true|false|yes|no|on|off|null|none|~|required|optional|bearer|basic)?$`)

// secretWord tells whether a name is one of something secret in whatever text it stands. A network's passphrase is public: it says which network is meant.
func secretWord(name string) bool {
	return spokenName.MatchString(name) && !strings.EqualFold(name, "NETWORK_PASSPHRASE")
}

// secretVariable tells the same of the name of an environment variable, or of a setting.
func secretVariable(name string) bool { return secretName.MatchString(name) || secretWord(name) }

// secretOf tells whether a name and its value are one: by the name, or because a user and what belongs to it stand there.
func secretOf(name, value string) bool {
	return given(value) && (secretVariable(name) || credential.MatchString(name) && userAndSecret.MatchString(value))
}

// given tells whether a value is one itself.
func given(value string) bool { return !elsewhere.MatchString(strings.Trim(value, `"'`)) }

// spells names what of a text is a secret that everybody who reads the text has; "" if nothing is.
func spells(text string) string {
	if len(text) >= shortestKey && secretValue.MatchString(text) {
		return "a key"
	}
	if !strings.ContainsAny(text, " \t\n=:") {
		return "" // a word by itself, as most of what stands in manifests: every way below needs one of these
	}
	for _, way := range spoken {
		for _, m := range way.FindAllStringSubmatch(text, -1) {
			if given(m[1]) {
				return "a password or a token"
			}
		}
	}
	named := assigned.FindAllStringSubmatch(text, -1)
	text = remark.ReplaceAllString(text, "")
	for _, m := range slices.Concat(named, said.FindAllStringSubmatch(text, -1), flagged.FindAllStringSubmatch(text, -1)) {
		if secretWord(m[1]) && given(m[2]) || credential.MatchString(m[1]) && userAndSecret.MatchString(strings.Trim(m[2], `"'`)) {
			return m[1]
		}
		if inner := strings.Trim(m[2], `"'`); inner != m[2] && len(inner) < len(text) { // settings in a setting's quotes
			if name := spells(inner); name != "" {
				return name
			}
		}
	}
	return ""
}

// spellsIn is spells of a command, whose words may belong together: the value of a flag stands behind it, and what a shell runs is one of them.
func spellsIn(words []string) string {
	for _, word := range words {
		if name := spells(word); name != "" {
			return name
		}
	}
	if slices.ContainsFunc(words, func(w string) bool { return strings.ContainsAny(w, " \t\n") }) {
		return "" // a text of a shell's: it has been looked at
	}
	return spells(strings.Join(words, " "))
}
