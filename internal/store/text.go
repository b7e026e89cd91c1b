package store

import "strings"

// Text is s as every engine can keep it: bytes that are no UTF-8, and the zero byte, which PostgreSQL refuses in a text, become U+FFFD.
// Engines apply it to what others have worded (why an event had no effect, why a transaction failed): none of that may stop a write.
func Text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
