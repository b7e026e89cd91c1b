// Package reach holds internal/guide/reach against packets: the policies are written once more as nftables rules, and real connections are tried
// between network namespaces (test/parts/netns). In cyclonus, a module of its own, it is held against another project's matcher.
package reach
