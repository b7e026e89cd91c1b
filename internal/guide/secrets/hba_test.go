package secrets

import "testing"

func TestWhomTheDatabaseAsks(t *testing.T) {
	for line, want := range map[string]bool{
		"local all postgres peer": true, "local all all trust": false, "host all all all scram-sha-256": true, "host all all 10.0.0.0/8 trust": false, "host all all 10.0.0.0 255.0.0.0 trust": false,
		"host all all 10.0.0.0 255.0.0.0 scram-sha-256": true, "host all all ::1/128 md5": false, "hostssl all all all password": false, "hostssl all postgres all reject": true, "hostssl all all all cert clientcert=verify-full": true,
		"host all all all peer": false, "host all all all ident": false, "include other.conf": false, "host all all": false, "# host all all all trust": true, "": true, "host all all samenet scram-sha-256 # trust": true,
	} {
		wrong, lines := letIn(line + "\n")
		if (len(wrong) == 0) != want || lines > 1 {
			t.Errorf("%q: %q of %d lines, asks: %t", line, wrong, lines, want)
		}
	}
	for value, want := range map[string]string{
		"--auth-host=scram-sha-256 --auth-local=peer --data-checksums": "", "--auth-host=trust": "--auth-host=trust", "--auth trust": "--auth trust", "-A trust": "-A trust", "--auth-local=trust": "--auth-local=trust", "--auth=scram-sha-256": "", "": "",
	} {
		if got := madeOpen(initArgs, value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
	if madeOpen(hostMethod, "trust") == "" || madeOpen(hostMethod, "scram-sha-256")+madeOpen(hostMethod, "")+madeOpen("OTHER", "trust") != "" {
		t.Error("POSTGRES_HOST_AUTH_METHOD is not read as the image does")
	}
}
