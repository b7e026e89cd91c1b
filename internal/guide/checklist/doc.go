// Package checklist has what the guide wants asked again before each deployment.
package checklist
