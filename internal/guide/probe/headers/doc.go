// Package headers asks a web server for routes by any method, TRACE and CONNECT included, and tells what came back: the status, each
// header with all its values, the beginning of the body (docs/guide.md N12, N13, M6).
//
// It writes requests of HTTP/1.1 itself, since net/http's client follows redirects, joins and adds headers, and has its own mind about
// CONNECT. It follows nothing, retries nothing and makes a connection for each request.
package headers
