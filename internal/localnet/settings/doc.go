// Package settings holds the numbers that a local network is run with: limits, fees, lifetimes and cost tables of contracts, as
// the ConfigSetting entries that a real network keeps them in. It says where they come from and of which day they are.
package settings
