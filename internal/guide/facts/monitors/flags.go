package monitors

import "strings"

// Flag is what a program's arguments say of a setting, by one dash or two, in one word (--name=value) or two; the last one counts, as for the program. times is
// how often it is there.
func Flag(args []string, name string) (value string, times int) {
	if all := Values(args, name); len(all) > 0 {
		return all[len(all)-1], len(all)
	}
	return "", 0
}

// Values are all that a program's arguments say of a setting, for one that may be there several times.
func Values(args []string, name string) (all []string) {
	for i, arg := range args {
		rest, ok := strings.CutPrefix(arg, "-")
		if !ok {
			continue
		}
		rest = strings.TrimPrefix(rest, "-")
		switch given, text, joined := strings.Cut(rest, "="); {
		case given != name:
		case joined:
			all = append(all, text)
		case i+1 < len(args):
			all = append(all, args[i+1])
		default:
			all = append(all, "")
		}
	}
	return all
}

// FlagLike are the names of the flags that begin so.
func FlagLike(args []string, begin string) (names []string) {
	for _, arg := range args {
		rest, ok := strings.CutPrefix(arg, "-")
		if name, _, _ := strings.Cut(strings.TrimPrefix(rest, "-"), "="); ok && strings.HasPrefix(name, begin) {
			names = append(names, name)
		}
	}
	return names
}

// On tells whether a switch is on: --name, and not taken back by --no-name behind it.
func On(args []string, name string) (on bool) {
	for _, arg := range args {
		rest, ok := strings.CutPrefix(arg, "-")
		switch given, value, _ := strings.Cut(strings.TrimPrefix(rest, "-"), "="); {
		case !ok:
		case given == name:
			on = value != "false"
		case given == "no-"+name:
			on = false
		}
	}
	return on
}
