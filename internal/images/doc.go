// Package images knows what the platform's containers are made of. It resolves the references of the lock file (images/lock.json) against their registries and
// writes the digests down, there and in a kustomization; a digest is never invented, and a file is written whole or left as it was. And it says what is in
// an image of ours, as CycloneDX (a bill of materials), from the image alone.
//
// It builds no image and judges none.
package images
