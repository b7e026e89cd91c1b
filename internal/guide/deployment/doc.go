// Package deployment is the overlays of a checkout, production before all, and what a cluster has of it, as several sections of the guide ask about them: rendered once,
// looked at once, and held against each other. What a clause makes of either, the sections say.
package deployment
