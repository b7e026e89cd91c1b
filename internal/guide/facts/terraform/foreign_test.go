package terraform

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// Trees that are not ours: each is read within a moment, and what could not be looked at is said.
func TestForeignTrees(t *testing.T) {
	chain := func(n int, of string) string {
		var text strings.Builder
		text.WriteString("locals {\n  a0 = \"x\"\n")
		for i := range n {
			fmt.Fprintf(&text, "  a%d = %s\n", i+1, strings.ReplaceAll(of, "%", fmt.Sprint("local.a", i)))
		}
		fmt.Fprintf(&text, "}\noutput \"o\" {\n  value = local.a%d\n}\n", n)
		return text.String()
	}
	trees := []struct {
		name  string
		files map[string]string
		kind  Kind   // of the problem, or
		why   string // of what is unchecked, or
		err   string
	}{
		{"no folder", map[string]string{"b/main.tf": ""}, "", "", "a: file does not exist"},
		{"no file", map[string]string{"a/README.md": ""}, "", "", "no .tf file"},
		{"binary", map[string]string{"a/main.tf": "\x00\xff\xfe{{"}, Syntax, "", ""},
		{"half a file", map[string]string{"a/main.tf": "resource \"aws_kms_key\" \"k\" {\n  policy = jsonencode({"}, Syntax, "", ""},
		{"a large file", map[string]string{"a/main.tf": strings.Repeat("# x\n", maxFileBytes/4+1)}, Unreadable, "", ""},
		{"deep brackets", map[string]string{"a/main.tf": "locals {\n a = " + strings.Repeat("[", 100_000)}, Unreadable, "", ""},
		{"deep templates", map[string]string{"a/main.tf": "locals {\n a = " + strings.Repeat(`"${`, 50_000)}, Unreadable, "", ""},
		{"many signs", map[string]string{"a/main.tf": "locals {\n a = " + strings.Repeat("!", 100_000) + "true\n}"}, Unreadable, "", ""},
		{"many conditions", map[string]string{"a/main.tf": "locals {\n a = " + strings.Repeat("true ? 1 : ", 20_000) + "1\n}"}, Unreadable, "", ""},
		{"a doubling", map[string]string{"a/main.tf": chain(60, `"${%}${%}"`)}, "", "comes to too much", ""},
		{"a long sum", map[string]string{"a/main.tf": "locals {\n a = 1" + strings.Repeat("+1", 120_000) + "\n}"}, Unreadable, "", ""},
		{"many splats", map[string]string{"a/main.tf": "locals {\n a = [1]" + strings.Repeat("[*]", 80_000) + "\n}"}, Unreadable, "", ""},
		{"many indexes", map[string]string{"a/main.tf": "locals {\n a = [1]" + strings.Repeat("[0]", 80_000) + "\n}"}, UnusedLocal, "", ""},
		{"many attributes", map[string]string{"a/main.tf": "locals {\n a = local.b" + strings.Repeat(".c", 120_000) + "\n}"}, UnknownReference, "", ""},
		{"many ors", map[string]string{"a/main.tf": "locals {\n a = true" + strings.Repeat("||true&&true==true", 14_000) + "\n}"}, Unreadable, "", ""},
		{"a doubling of lists", map[string]string{"a/main.tf": chain(60, `[%, %]`)}, "", "too much", ""},
		{"a long chain", map[string]string{"a/main.tf": chain(5000, `%`)}, TooMuch, "", ""},
		{"lists in lists in lists", map[string]string{"a/main.tf": "locals {\n a = [" + strings.Repeat("0,", 3000) + "]\n b = [for x in local.a : [for y in local.a : [for z in local.a : 0]]]\n}\noutput \"o\" {\n value = local.b\n}"}, "", "too much", ""},
		{"a cycle through modules", map[string]string{"a/main.tf": "module \"m\" {\n source = \"./m\"\n v = module.m.o\n}\n", "a/m/main.tf": "variable \"v\" {}\noutput \"o\" {\n value = var.v\n}"}, Cycle, "", ""},
		{"a module that calls itself", map[string]string{"a/main.tf": "module \"m\" {\n source = \"./\"\n}\n"}, Cycle, "", ""},
		{"a module that calls its caller", map[string]string{"a/main.tf": "module \"m\" {\n source = \"./m\"\n}\n", "a/m/main.tf": "module \"up\" {\n source = \"../\"\n}"}, Cycle, "", ""},
		{"a module from elsewhere", map[string]string{"a/main.tf": "module \"m\" {\n source = \"terraform-aws-modules/vpc/aws\"\n}\n"}, "", "is not in this tree", ""},
		{"many of a resource", map[string]string{"a/main.tf": "resource \"aws_kms_key\" \"k\" {\n count = 1000000000\n}\n"}, "", "looked at as one", ""},
		{"for_each of itself", map[string]string{"a/main.tf": "resource \"aws_kms_key\" \"k\" {\n for_each = aws_kms_key.k\n}\n"}, Cycle, "", ""},
		{"Terraform as JSON", map[string]string{"a/main.tf": "", "a/x.tf.json": "{}"}, "", "JSON", ""},
		{"no label", map[string]string{"a/main.tf": "resource {}\nvariable {}\nmodule {}\nprovider {}\n"}, UnknownBlock, "", ""},
		{"dynamic without content", map[string]string{"a/main.tf": "resource \"aws_eks_cluster\" \"c\" {\n name = \"x\"\n role_arn = \"x\"\n dynamic \"vpc_config\" {\n for_each = []\n }\n}\n"}, MissingBlock, "", ""},
		{"many problems", map[string]string{"a/main.tf": "locals {\n" + many(maxProblems+1, "  l%d = 1\n") + "}\n"}, "", "the rest is not listed", ""},
		{"much work", map[string]string{"a/main.tf": "locals {\n  a = [" + strings.Repeat("0,", 1200) + "]\n" + many(100, "  b%d = [for x in local.a : 0]\n") + "}\n" + "output \"o\" {\n  value = [" + many(100, "local.b%d,") + "]\n}\n"}, TooMuch, "", ""},
		{"many environments", func() map[string]string {
			files := map[string]string{"a/main.tf": ""}
			for i := range maxVariants + 1 {
				files[fmt.Sprintf("a/%d.tfvars", i)] = ""
			}
			return files
		}(), "", "files of variables, not more", ""},
		{"variables that are no file", map[string]string{"a/main.tf": "", "a/x.tfvars": "x {\n}"}, UnknownBlock, "", ""},
	}
	for _, tree := range trees {
		t.Run(tree.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for name, text := range tree.files {
				files[name] = &fstest.MapFile{Data: []byte(text)}
			}
			begun := time.Now()
			root, err := Read(files, "a", schema(t))
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if tree.err != "" || err != nil {
				if err == nil || tree.err == "" || !strings.Contains(err.Error(), tree.err) {
					t.Fatalf("error %v, want one about %q", err, tree.err)
				}
				return
			}
			found := false
			for _, p := range root.Problems {
				found = found || p.Kind == tree.kind
			}
			for _, u := range root.Unchecked {
				found = found || tree.why != "" && strings.Contains(u.Why, tree.why)
			}
			if !found {
				t.Errorf("nothing of kind %q or about %q; problems %v, unchecked %v", tree.kind, tree.why, root.Problems, root.Unchecked)
			}
		})
	}
}

// many is a line for each number below n.
func many(n int, line string) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, line, i)
	}
	return text.String()
}

// A symbolic link is not followed, whether it is a file, a module or what is above one.
func TestSymbolicLinksAreNotFollowed(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(outside, "m", "main.tf"), "locals {\n  unused = 1\n}\n")
	write(filepath.Join(dir, "a", "main.tf"), "module \"file\" {\n  source = \"./m\"\n}\nmodule \"above\" {\n  source = \"./l/m\"\n}\n")
	for name, to := range map[string]string{"a/m": filepath.Join(outside, "m"), "a/l": outside, "a/x.tf": filepath.Join(outside, "m", "main.tf")} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := Read(os.DirFS(dir), "a", schema(t))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[Kind]int{}
	for _, p := range root.Problems {
		kinds[p.Kind]++
	}
	if len(root.Problems) != 3 || kinds[NoModule] != 2 || kinds[Unreadable] != 1 {
		t.Errorf("problems: %v", root.Problems)
	}
}

// Whatever a file holds, reading it ends, and says the same each time.
func FuzzRead(f *testing.F) {
	for name, file := range copied(f) {
		if strings.HasSuffix(name, ".tf") {
			f.Add(string(file.Data), "x = 1\n")
		}
	}
	f.Add("variable \"x\" {\n type = object({a = optional(string, \"b\")})\n}\nlocals {\n y = [for k, v in var.x : k...]\n}\n", "x = {a = null}\n")
	s, err := AWS()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, main, variables string) {
		tree := fstest.MapFS{"main.tf": {Data: []byte(main)}, "x.tfvars": {Data: []byte(variables)}, "modules/key/main.tf": {Data: []byte(main)}}
		once, err := Read(tree, ".", s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Read(tree, ".", s)
		if err != nil || fmt.Sprint(once.Problems, once.Unchecked, once.Variants) != fmt.Sprint(again.Problems, again.Unchecked, again.Variants) {
			t.Errorf("read twice, said two things:\n%v %v\n%v %v (%v)", once.Problems, once.Unchecked, again.Problems, again.Unchecked, err)
		}
	})
}
