// Package compose reads Compose files of a checkout into the model that docker compose has of them: merged, interpolated, checked by the specification's
// schema. compose-go does that; this package sees to it that what is read is the tree's and nothing else, within bounds: no .env, no variable of this
// process, no file that a service includes, extends or names, and no document that is small on disk and endless in memory.
//
// What a project should be like stays outside.
package compose
