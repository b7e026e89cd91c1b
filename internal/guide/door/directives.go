package door

import (
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/nginxconf"
)

// blocks and directives are those of nginx that a clause of the door looks at, or that leave TLS and headers as they are, wherever they stand. nginx and its modules have a thousand: take headers away, run
// programs, hand settings to the TLS library, serve other protocols beside HTTP. What is not listed is found by name.
func blocks() []string {
	return []string{"main", "events", "http", "server", "location", "if", "limit_except", "upstream", "map", "geo", "types", "split_clients", "charset_map"}
}

func directives() []string {
	return []string{
		// of the program
		"user", "worker_processes", "worker_rlimit_nofile", "worker_connections", "worker_shutdown_timeout", "pid", "error_log", "daemon", "master_process", "multi_accept", "use", "pcre_jit", "thread_pool", "aio", "env",
		// of servers, and of which location answers
		"listen", "server_name", "server_tokens", "server_names_hash_bucket_size", "server_names_hash_max_size", "http2", "merge_slashes", "absolute_redirect", "port_in_redirect", "server_name_in_redirect",
		"return", "rewrite", "set", "break", "internal", "try_files", "root", "alias", "index", "error_page", "recursive_error_pages", "default_type", "charset", "types_hash_bucket_size", "types_hash_max_size",
		"map_hash_bucket_size", "map_hash_max_size", "variables_hash_bucket_size", "variables_hash_max_size", "allow", "deny", "satisfy", "etag", "if_modified_since", "expires",
		// TLS, which N11 and N14 look at
		"ssl", "ssl_certificate", "ssl_certificate_key", "ssl_password_file", "ssl_protocols", "ssl_ciphers", "ssl_prefer_server_ciphers", "ssl_ecdh_curve", "ssl_session_cache", "ssl_session_tickets",
		"ssl_session_ticket_key", "ssl_session_timeout", "ssl_buffer_size", "ssl_handshake_timeout", "ssl_reject_handshake", "ssl_client_certificate", "ssl_verify_client", "ssl_verify_depth", "ssl_crl",
		"ssl_stapling", "ssl_stapling_verify", "ssl_stapling_file", "ssl_stapling_responder", "ssl_trusted_certificate", "resolver", "resolver_timeout",
		// headers, which N12 and N13 look at
		"add_header", "add_header_inherit", "proxy_hide_header", "proxy_pass_header",
		// requests, and how they are handed on
		"proxy_pass", "proxy_set_header", "proxy_http_version", "proxy_buffering", "proxy_buffers", "proxy_buffer_size", "proxy_busy_buffers_size", "proxy_request_buffering", "proxy_max_temp_file_size",
		"proxy_temp_file_write_size", "proxy_temp_path", "proxy_connect_timeout", "proxy_send_timeout", "proxy_read_timeout", "proxy_next_upstream", "proxy_next_upstream_tries", "proxy_next_upstream_timeout",
		"proxy_redirect", "proxy_intercept_errors", "proxy_ignore_client_abort", "proxy_socket_keepalive", "proxy_cookie_flags", "proxy_headers_hash_bucket_size", "proxy_headers_hash_max_size", "proxy_bind",
		"proxy_ssl_server_name", "proxy_ssl_name", "proxy_ssl_verify", "proxy_ssl_verify_depth", "proxy_ssl_trusted_certificate", "proxy_ssl_certificate", "proxy_ssl_certificate_key", "proxy_ssl_protocols",
		"fastcgi_temp_path", "uwsgi_temp_path", "scgi_temp_path", "zone", "least_conn", "ip_hash", "hash", "random", "keepalive", "real_ip_header", "real_ip_recursive", "set_real_ip_from",
		// limits, times and logs
		"limit_req", "limit_req_zone", "limit_req_status", "limit_req_log_level", "limit_req_dry_run", "limit_conn", "limit_conn_zone", "limit_conn_status", "limit_conn_log_level", "limit_rate", "limit_rate_after",
		"client_max_body_size", "client_body_buffer_size", "client_body_temp_path", "client_body_timeout", "client_body_in_single_buffer", "client_header_buffer_size", "client_header_timeout",
		"large_client_header_buffers", "send_timeout", "keepalive_timeout", "keepalive_requests", "keepalive_time", "keepalive_disable", "reset_timedout_connection", "lingering_close", "lingering_time",
		"lingering_timeout", "underscores_in_headers", "ignore_invalid_headers", "request_pool_size", "connection_pool_size", "output_buffers", "postpone_output", "sendfile", "sendfile_max_chunk", "tcp_nopush",
		"tcp_nodelay", "directio", "open_file_cache", "open_file_cache_errors", "open_file_cache_min_uses", "open_file_cache_valid", "log_format", "access_log", "log_not_found", "log_subrequest", "open_log_file_cache",
		"gzip", "gzip_buffers", "gzip_comp_level", "gzip_disable", "gzip_http_version", "gzip_min_length", "gzip_proxied", "gzip_static", "gzip_types", "gzip_vary",
	}
}

// undoneBy is what of nginx' configuration can undo any clause of the door.
func undoneBy(c *nginxconf.Config) (findings []guide.Finding) {
	add := func(name string, at nginxconf.Place) {
		findings = append(findings, guide.Finding{Mode: unjudgedSetting, Subject: "nginx, " + at.String(), Detail: "take " + name + " away: what it does to TLS and headers is not known here", At: place(at)})
	}
	known := directives()
	for scope := range c.Main.All() {
		if scope.Kind == "server" && scope.Parent().Kind == "upstream" || !slices.Contains(blocks(), scope.Kind) {
			add(scope.Kind, scope.At)
		}
		if scope.Table() {
			continue
		}
		for _, d := range scope.Directives {
			if !slices.Contains(known, d.Name) && !(scope.Kind == "upstream" && d.Name == "server") {
				add(d.Name, d.At)
			}
		}
	}
	return findings
}
