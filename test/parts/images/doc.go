// Package images builds the images of the stack on this machine, without any registry, and hands them out as archives that docker load, skopeo
// (oci-archive: and docker-archive:) and ctr images import read.
//
// Ours (api, client, indexer, backup) are built by buildah from images/NAME/Dockerfile, as a release builds them; only their builder is a stand-in: the
// machine's own Go toolchain, with a shell, what install needs, and the CA roots of Debian's package.
//
// Those of others are in registries, and no test reaches one. What stands in for them (standins/NAME) is made of the files of Debian's packages, or of a program
// built from its Go module, with the users, paths and commands that docker-compose.yml and k8s/base use of the real ones. Each says so in its label
// org.opencontainers.image.description; none is ever released.
//
// What is built is kept in <cache>/images, by the hash of what goes in. Only root can build (layers belong to users of their own); where buildah or a package
// is missing, tests are skipped by name, or fail where parts are required (package parts).
package images
