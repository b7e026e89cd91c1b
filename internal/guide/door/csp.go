package door

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Sources that a CSP may name. Scripts, and what can bring some, come from our own origin or are known by their hash: a nonce in a header that is always the same is known to everybody, and a host
// of others serves what it likes. What else is loaded may come from one that is named.
var (
	ownSource   = regexp.MustCompile(`^('none'|'self'|'report-sample'|'sha(256|384|512)-[A-Za-z0-9+/=_-]+')$`)
	namedSource = regexp.MustCompile(`^(https|wss)://[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]+)?(/[^*]*)?$`)
)

// scripts are directives by which scripts run, others those by which anything else comes or goes (CSP level 3, 6.1).
var (
	scripts = []string{"default-src", "script-src", "script-src-elem", "script-src-attr", "object-src", "worker-src", "child-src", "frame-src"}
	others  = []string{"style-src", "style-src-elem", "style-src-attr", "img-src", "font-src", "connect-src", "media-src", "manifest-src", "prefetch-src", "fenced-frame-src"}
)

// policy is a CSP that keeps foreign and inline scripts out of our pages, and our pages out of others' frames.
func policy(value string) string {
	if strings.Contains(value, ",") {
		return "it is several policies: write one"
	}
	said := map[string][]string{}
	for directive := range strings.SplitSeq(value, ";") {
		words := strings.Fields(directive)
		if len(words) == 0 {
			continue
		}
		name := strings.ToLower(words[0])
		if said[name] != nil {
			return name + " is there twice, of which browsers take the first: write it once"
		}
		said[name] = append([]string{}, words[1:]...)
	}
	for _, name := range append([]string{"default-src"}, append(scripts, others...)...) {
		for _, source := range said[name] {
			if ownSource.MatchString(source) || namedSource.MatchString(source) && slices.Contains(others, name) {
				continue
			}
			return fmt.Sprintf("%s lets %s in: write 'self', or 'none'", name, source)
		}
	}
	if said["default-src"] == nil {
		return "it says nothing of what it does not name: write default-src 'none'"
	}
	// What default-src does not stand for (CSP level 3, 6.3 and 6.4).
	for _, name := range []string{"base-uri", "form-action"} {
		if v := strings.Join(said[name], " "); v != "'none'" && v != "'self'" {
			return "write " + name + " 'none', or 'self'"
		}
	}
	if v := strings.Join(said["frame-ancestors"], " "); v != "'none'" {
		return "write frame-ancestors 'none': browsers that know it do not look at X-Frame-Options"
	}
	return ""
}
