package monitoring

import (
	"maps"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/monitors"
)

// unjudgedSetting is the way to fail of a setting that is not listed here. Grafana has several hundred, more with each version, and some of them let people in.
const unjudgedSetting = "unjudged-setting"

// harmless are the sections of Grafana's settings by which nobody comes in, whatever they say.
func harmless() []string {
	return []string{"analytics", "annotations", "dashboards", "dataproxy", "date_formats", "emails", "explore", "help", "log", "log.console", "log.file", "metrics", "news", "plugins", "profile", "query_history", "quota", "server", "smtp",
		"unified_alerting"}
}

// known are the settings of other sections that let nobody in, whatever they say, and admin_password, which is looked at by itself.
func known() map[string][]string {
	return map[string][]string{
		"DEFAULT": {"instance_name"},
		"paths":   {"data", "logs", "plugins", "provisioning", "temp_data_lifetime"},
		"security": {"admin_user", "admin_password", "admin_email", "content_security_policy", "content_security_policy_template", "cookie_samesite", "cookie_secure", "disable_gravatar", "disable_initial_admin_creation",
			"secret_key", "strict_transport_security", "strict_transport_security_max_age_seconds", "x_content_type_options", "x_xss_protection"},
		"auth":       {"disable_login_form", "disable_signout_menu", "login_cookie_name", "login_maximum_inactive_lifetime_duration", "login_maximum_lifetime_duration", "signout_redirect_url", "token_rotation_interval_minutes"},
		"auth.basic": {"enabled", "password_policy"}, // a password is what it asks for
		"users":      {"allow_org_create", "auto_assign_org", "auto_assign_org_role", "default_language", "default_theme", "home_page", "login_hint", "password_hint", "verify_email_enabled"},
		"snapshots":  {"external_enabled", "external_snapshot_name", "external_snapshot_url", "remove_expired"},
	}
}

// switches are the settings by which somebody comes in, or sees something, without the password of an account that somebody has made; so is the one called enabled of every section auth.X. on tells
// that it does so where nothing is said.
func switches() []struct {
	section, name string
	on            bool
} {
	return []struct {
		section, name string
		on            bool
	}{
		{"auth.anonymous", "enabled", false}, {"auth.proxy", "enabled", false}, {"users", "allow_sign_up", false},
		{"public_dashboards", "enabled", true}, {"snapshots", "enabled", true}, {"snapshots", "public_mode", false},
	}
}

// way is a section of another way to sign in than by password.
func way(section string) bool { return strings.HasPrefix(section, "auth.") && section != "auth.basic" }

// told is what a Grafana is told of its settings: by its file, its environment, and its arguments.
type told struct {
	file *monitors.Grafana
	part part
}

// ways are the switches, and those of all other ways to sign in that are spoken of, that are not off, as section and name.
func (s told) ways() (open [][2]string) {
	asked := map[[2]string]bool{}
	for _, w := range switches() {
		asked[[2]string{w.section, w.name}] = w.on
	}
	for _, one := range slices.Concat(s.file.Settings(), monitors.Arguments(s.part.args)) {
		if way(one.Section) && one.Name == "enabled" {
			if at := [2]string{one.Section, one.Name}; !asked[at] {
				asked[at] = false
			}
		}
	}
	for variable := range s.part.env { // whose section and name run into each other
		if rest, ok := strings.CutPrefix(strings.TrimSuffix(variable, "__FILE"), "GF_AUTH_"); ok {
			if rest, ok = strings.CutSuffix(rest, "_ENABLED"); ok && rest != "BASIC" {
				if at := [2]string{"auth." + strings.ToLower(rest), "enabled"}; !asked[at] {
					asked[at] = false
				}
			}
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(asked), func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) }) {
		value := s.file.Setting(at[0], at[1])
		if value == "" && asked[at] {
			value = "as it is when nothing is said"
		}
		variable, there := s.part.env[monitors.Variable(at[0], at[1])]
		if there {
			value = variable
		}
		if argument, there := monitors.Argument(s.part.args, at[0], at[1]); there {
			value = argument
		}
		if _, there := s.part.env[monitors.Variable(at[0], at[1])+"__FILE"]; there || !monitors.Off(value) {
			open = append(open, at)
		}
	}
	return open
}

// unjudged are the settings that are none of those listed here, as they are written.
func (s told) unjudged() (all []string) {
	for _, one := range slices.Concat(s.file.Settings(), monitors.Arguments(s.part.args)) {
		if !listed(one.Section, one.Name) {
			all = append(all, one.Name+" of ["+one.Section+"]")
		}
	}
	for _, variable := range slices.Sorted(maps.Keys(s.part.env)) {
		if strings.HasPrefix(variable, "GF_") && !listedVariable(strings.TrimSuffix(variable, "__FILE")) {
			all = append(all, variable)
		}
	}
	return all
}

func listed(section, name string) bool {
	for _, w := range switches() {
		if w.section == section && w.name == name {
			return true
		}
	}
	return way(section) || slices.Contains(harmless(), section) || slices.Contains(known()[section], name)
}

func listedVariable(name string) bool {
	if name == "GF_PATHS_CONFIG" || name == "GF_PATHS_HOME" || strings.HasPrefix(name, "GF_AUTH_") && strings.HasSuffix(name, "_ENABLED") { // each looked at by itself
		return true
	}
	for _, section := range harmless() {
		if strings.HasPrefix(name, monitors.Variable(section, "")) {
			return true
		}
	}
	for section, names := range known() {
		if slices.ContainsFunc(names, func(n string) bool { return monitors.Variable(section, n) == name }) {
			return true
		}
	}
	return slices.ContainsFunc(switches(), func(w struct {
		section, name string
		on            bool
	}) bool {
		return monitors.Variable(w.section, w.name) == name
	})
}
