package deployment

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// tree has an overlay of each text, by its name: a kustomization of an account that is called as the text says.
func tree(accounts map[string]string, more ...string) *facts.Tree {
	files := fstest.MapFS{
		"k8s/base/kustomization.yaml":          {Data: []byte("resources: []\n")},
		"k8s/ingress-nginx/kustomization.yaml": {Data: []byte("resources: [settings.yaml]\n")},
		"k8s/ingress-nginx/settings.yaml":      {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n")},
	}
	for name, account := range accounts {
		files["k8s/"+name+"/kustomization.yaml"] = &fstest.MapFile{Data: []byte("resources: [account.yaml]\n")}
		files["k8s/"+name+"/account.yaml"] = &fstest.MapFile{Data: []byte("apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: " + account + "}\n")}
	}
	for i := 0; i+1 < len(more); i += 2 {
		files[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	return facts.Open(files)
}

// judgeNames fails of accounts that are called bad.
func judgeNames(o Overlay) guide.Result {
	var findings []guide.Finding
	var subjects []guide.Subject
	for _, a := range o.Set.ServiceAccounts() {
		if strings.HasPrefix(a.Name, "bad") {
			findings = append(findings, guide.Finding{Mode: "bad", Subject: a.Name})
		}
		subjects = append(subjects, guide.Subject{Name: a.Name, Evidence: "looked at"})
	}
	return guide.Judge(subjects, findings)
}

func TestEachOverlayIsJudged(t *testing.T) {
	const plain = "k8s/broken/kustomization.yaml"
	for name, c := range map[string]struct {
		tree *facts.Tree
		want guide.Verdict
		says []string // of subjects or findings, or the reason
	}{
		"all hold":              {tree(map[string]string{"overlays/production": "a", "overlays/dev": "a", "overlays/of/one": "b", "other": "a"}), guide.Passed, []string{"a looked at; in production, k8s/other, dev", "b looked at; in of/one"}},
		"production does not":   {tree(map[string]string{"overlays/production": "bad", "overlays/dev": "bad"}), guide.Failed, []string{"bad"}},
		"others do not":         {tree(map[string]string{"overlays/production": "a", "overlays/dev": "bad", "overlays/eu": "bad"}), guide.Failed, []string{"dev, eu: bad"}},
		"each in another way":   {tree(map[string]string{"overlays/production": "bad", "overlays/dev": "bad-too"}), guide.Failed, []string{"bad", "dev: bad-too"}},
		"one cannot be read":    {tree(map[string]string{"overlays/production": "a"}, plain, "{"), guide.NotEvidenced, []string{"k8s/broken"}},
		"and another is bad":    {tree(map[string]string{"overlays/production": "a", "overlays/dev": "bad"}, plain, "{"), guide.Failed, []string{"dev: bad"}},
		"production is no more": {tree(map[string]string{"overlays/dev": "a"}), guide.NotEvidenced, []string{Production}},
		"beside each of them":   {tree(map[string]string{"overlays/production": "a", "overlays/dev": "a"}, "k8s/ingress-nginx/settings.yaml", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: bad}\n"), guide.Failed, []string{"bad"}},
		"beside, unreadable":    {tree(map[string]string{"overlays/production": "a"}, "k8s/ingress-nginx/settings.yaml", "{"), guide.NotEvidenced, []string{"k8s/ingress-nginx"}},
		"an unknown kind":       {tree(map[string]string{"overlays/production": "a", "overlays/dev": "a"}, "k8s/overlays/dev/account.yaml", "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a}\n"), guide.NotEvidenced, []string{"of a kind that is not known here"}},
	} {
		r := JudgeEach(c.tree, judgeNames)
		got := []string{}
		for _, f := range r.Findings() {
			got = append(got, f.Subject)
		}
		if r.Verdict() == guide.Passed {
			for _, s := range r.Subjects() {
				got = append(got, s.Name+" "+s.Evidence)
			}
		}
		if r.Verdict() == guide.NotEvidenced && strings.Contains(r.Reason(), c.says[0]) {
			got = c.says
		}
		if r.Verdict() != c.want || !slices.Equal(got, c.says) {
			t.Errorf("%s: %s %q (%s), want %s %q", name, r.Verdict(), got, r.Reason(), c.want, c.says)
		}
	}
}

// Of our own tree every overlay is rendered, and what is left out is there to be left out.
func TestOurOverlays(t *testing.T) {
	files := os.DirFS("../../..")
	all, err := Overlays(facts.Open(files))
	if err != nil || len(all) < 4 || all[0].Name != Production {
		t.Fatalf("%v, %v", all, err)
	}
	for _, o := range all {
		if o.Err != nil || !slices.Contains(o.Set.Folders, o.Name) || !slices.Contains(o.Set.Folders, "k8s/base") {
			t.Errorf("%s: %v", o, o.Err)
		}
	}
	found, err := kube.Applied(files, manifests)
	for _, name := range append(slices.Collect(maps.Keys(beside())), base) {
		if err != nil || !slices.Contains(found, name) {
			t.Errorf("%s is left out and is not there (%v): take it from the list", name, err)
		}
	}
}
