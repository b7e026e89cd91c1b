// Package amount holds money: whole units of an asset's smallest part, never a float.
//
// Stroops is an amount somebody types, an account holds and the contract takes: 64 bits, every operation checked. Int128 is what the contract counts in:
// the i128 of its interface, where sums over deposits and over trades live, and where a hostile argument may hold anything.
//
// Both print as decimal strings with seven decimals (the classic assets'), in text and in JSON alike; what has other decimals says so by name (Format, Parse…Decimals).
// Which asset an amount is of is not known here.
package amount
