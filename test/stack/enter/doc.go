// Package enter does things inside another network namespace, such as a container's: what a program there could reach, without a program there.
package enter
