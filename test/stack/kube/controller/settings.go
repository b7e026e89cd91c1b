package controller

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// setting writes what one key of the controller's ConfigMap means; "" where nginx is so by itself, or where the controller alone is meant.
type setting func(value string) (string, error)

// says is a setting whose value stands in an nginx line.
func says(line string) setting {
	return func(value string) (string, error) {
		if strings.ContainsAny(value, ";{}\"'\n") {
			return "", errors.New("it has characters that nginx reads as its own")
		}
		return strings.ReplaceAll(line, "$1", value), nil
	}
}

// must is a setting that is written for one value alone, and so refuses every other.
func must(want, line string) setting {
	return func(value string) (string, error) {
		if value != want {
			return "", fmt.Errorf("%.40q: only %q is stood in for", value, want)
		}
		return line, nil
	}
}

// settings are those of k8s/ingress-nginx/controller.yaml. What several keys say together, config.go writes.
var settings = map[string]setting{
	"ssl-protocols":       says("ssl_protocols $1;"),
	"ssl-ciphers":         says("ssl_ciphers $1;"),
	"ssl-ecdh-curve":      says("ssl_ecdh_curve $1;"),
	"ssl-session-tickets": must("false", "ssl_session_tickets off;"),
	"hsts":                must("true", ""), "hsts-max-age": says(""), "hsts-include-subdomains": must("true", ""), "hsts-preload": must("true", ""),
	"add-headers":                 says(""),
	"hide-headers":                hidden,
	"server-tokens":               must("false", "server_tokens off;"),
	"enable-ocsp":                 must("true", "ssl_stapling on;"),
	"allow-snippet-annotations":   must("false", ""), // none is written here at all
	"annotations-risk-level":      must("Medium", ""),
	"use-forwarded-headers":       must("false", ""), // so X-Forwarded-For is the caller's address, whatever it says
	"compute-full-forwarded-for":  must("false", ""),
	"proxy-next-upstream":         says("proxy_next_upstream $1;"),
	"proxy-connect-timeout":       says("proxy_connect_timeout $1s;"),
	"proxy-send-timeout":          says("proxy_send_timeout $1s;"),
	"proxy-body-size":             says("client_max_body_size $1;"),
	"client-header-timeout":       says("client_header_timeout $1s;"),
	"client-body-timeout":         says("client_body_timeout $1s;"),
	"large-client-header-buffers": says("large_client_header_buffers $1;"),
	"limit-req-status-code":       says("limit_req_status $1;"),
	"limit-conn-status-code":      says("limit_conn_status $1;"),
	"log-format-escape-json":      must("true", ""), // nothing is logged but errors
}

func hidden(value string) (string, error) {
	var lines []string
	for name := range strings.SplitSeq(value, ",") {
		line, err := says("proxy_hide_header $1;")(strings.TrimSpace(name))
		if err != nil {
			return "", err
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n"), nil
}

// annotations of an Ingress, after their prefix. limit-rps and limit-connections need a zone as well, which config.go makes.
const prefix = "nginx.ingress.kubernetes.io/"

var annotations = map[string]setting{
	"force-ssl-redirect":     must("true", ""), // every host is, here
	"proxy-body-size":        says("client_max_body_size $1;"),
	"proxy-read-timeout":     says("proxy_read_timeout $1s;"),
	"proxy-buffering":        says("proxy_buffering $1;"),
	"limit-rps":              says(""),
	"limit-burst-multiplier": says(""),
	"limit-connections":      says(""),
}

// lines writes values by what is known of their keys.
func lines(values map[string]string, known map[string]setting) (list []string, err error) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		write, ok := known[key]
		if !ok {
			return nil, fmt.Errorf("%s is not stood in for", key)
		}
		text, err := write(values[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if text != "" {
			list = append(list, strings.Split(text, "\n")...)
		}
	}
	return list, nil
}
