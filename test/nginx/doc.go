// Package nginx holds the tests of the committed front door (nginx/): a real nginx with the committed files, in which nothing is changed but folders, ports and
// where the parts behind it are.
package nginx
