package door

import (
	"os"
	"strings"
	"testing"
)

// The script of the tree starts nginx with the file that it names, or that a variable names; one that could start it otherwise is told.
func TestWhatAScriptStarts(t *testing.T) {
	ours, err := os.ReadFile("../../../" + startScript)
	if err != nil {
		t.Fatal(err)
	}
	const ownDefault = "/etc/nginx/stellar-escrow/nginx.conf"
	other := "/etc/other.conf"
	for name, c := range map[string]struct {
		text string
		env  map[string]*string
		want string
		ok   bool
	}{
		"ours":                 {string(ours), nil, ownDefault, true},
		"another, by variable": {string(ours), map[string]*string{"NGINX_CONFIG": &other}, other, true},
		"whoever starts it":    {string(ours), map[string]*string{"NGINX_CONFIG": nil}, ownDefault, false},
		"plain":                {"config=/a/b.conf\n" + ending, nil, "/a/b.conf", true},
		"twice":                {"config=/a/b.conf\nconfig=/c.conf\n" + ending, nil, "/a/b.conf", false},
		"none":                 {ending, nil, "", false},
		"in the background":    {"config=/a/b.conf\nnginx -c /c.conf &\n" + ending, nil, "/a/b.conf", false},
		"a function":           {"config=/a/b.conf\nnginx() { :; }\n" + ending, nil, "/a/b.conf", true}, // it cannot be exec'ed
		"an alias":             {"config=/a/b.conf\nalias nginx=x\n" + ending, nil, "/a/b.conf", false},
		"evaluated":            {"config=/a/b.conf\neval \"$X\"\n" + ending, nil, "/a/b.conf", false},
		"sourced":              {"config=/a/b.conf\n. /run/x\n" + ending, nil, "/a/b.conf", false},
		"another end":          {strings.Replace(string(ours), "exec nginx", "nginx", 1), nil, "", false},
		"empty":                {"", nil, "", false},
	} {
		got, wrong := ofScript(c.text, c.env)
		if got != c.want || (len(wrong) == 0) != c.ok {
			t.Errorf("%s: %q, %q", name, got, wrong)
		}
	}
	for args, want := range map[string]string{"": imagesOwn, "-g daemon off;": imagesOwn, "-c /a.conf -e stderr": "/a.conf", "-c a.conf": "wrong", "-p /x": "wrong", "-t": "wrong"} {
		words := strings.Fields(args)
		if args == "-g daemon off;" {
			words = []string{"-g", "daemon off;"}
		}
		config, bad := flagged(words)
		if bad != "" {
			config = "wrong"
		}
		if config != want {
			t.Errorf("nginx %s: %s, want %s", args, config, want)
		}
	}
}
