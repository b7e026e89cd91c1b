package scanning

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

var nextJob = regexp.MustCompile(`\n  [a-z]`)

// in is a mutation of one job of the workflow: old must stand in it exactly once.
func in(job, mode, what, old, new string, also ...string) guide.Mutation {
	return guide.Mutation{Mode: mode, What: what, Also: also, Change: func(d *guide.Draft) error { return replaceIn(d, job, old, new) }}
}

func replaceIn(d *guide.Draft, job, old, new string) error {
	before, body, after, err := parts(d, job)
	if err != nil {
		return err
	}
	if n := strings.Count(body, old); n != 1 {
		return fmt.Errorf("%s: %q stands in job %s %d times, not once", file, old, job, n)
	}
	return d.Write(file, []byte(before+strings.Replace(body, old, new, 1)+after))
}

// parts are the workflow before, in and after a job.
func parts(d *guide.Draft, job string) (before, body, after string, err error) {
	read, err := d.Read(file)
	if err != nil {
		return "", "", "", err
	}
	text, head := string(read), "\n  "+job+":\n"
	i := strings.Index(text, head)
	if i < 0 {
		return "", "", "", fmt.Errorf("%s has no job %s", file, job)
	}
	i += len(head)
	j := len(text)
	if next := nextJob.FindStringIndex(text[i:]); next != nil {
		j = i + next[0]
	}
	return text[:i], text[i:j], text[j:], nil
}

// gone takes a job away.
func gone(job, mode, what string, also ...string) guide.Mutation {
	return guide.Mutation{Mode: mode, What: what, Also: also, Change: func(d *guide.Draft) error {
		before, _, after, err := parts(d, job)
		if err != nil {
			return err
		}
		return d.Write(file, []byte(strings.TrimSuffix(before, "\n  "+job+":\n")+after))
	}}
}

// weakened are the ways in which any job's scan can be made to stop nothing. step is the line that begins the scan's step, and script the line that runs it (empty for an action).
func weakened(job, step, script string, also ...string) []guide.Mutation {
	all := []guide.Mutation{
		in(job, switchedOff, "the job runs only at night", "    runs-on:", "    if: ${{ github.event_name == 'schedule' }}\n    runs-on:", also...),
		in(job, switchedOff, "the step is switched off", step, step+"\n        if: false", also...),
		in(job, neverFails, "the job may fail", "    runs-on:", "    continue-on-error: true\n    runs-on:", also...),
		in(job, neverFails, "the step may fail", step, step+"\n        continue-on-error: true", also...),
		in(job, neverFails, "the job may fail, by an expression", "    runs-on:", "    continue-on-error: ${{ true }}\n    runs-on:", also...),
		in(job, unjudged, "the step has a variable that programs read", step, step+"\n        env: {PATH: .}", also...),
		in(job, unjudged, "something is put in the scanner's place", step, "      - run: cp /bin/true /usr/local/bin/scanner\n"+step, also...),
		in(job, unjudged, "it runs on somebody's own machine", "    runs-on: ubuntu-24.04", "    runs-on: self-hosted", also...),
	}
	if script != "" {
		line := "        run: " + script + "\n"
		all = append(all, in(job, neverFails, "its failure is ignored", line, "        run: "+script+" || true\n", also...),
			in(job, unjudged, "a function has the scanner's name", line, "        run: |\n          "+strings.Fields(script)[0]+"() { :; }\n          "+script+"\n", also...),
			in(job, unjudged, "a variable is set for it", line, "        run: PATH=. "+script+"\n", also...))
	}
	return all
}
