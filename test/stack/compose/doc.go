// Package compose runs the stack of docker-compose.yml as it is committed, in a Docker Engine of its own (test/parts/docker): trades are made through its
// front door by people who come from outside, what the files promise is looked for on the processes, ports and networks, the audit looks at it as an
// operator would, a backup is made, and everything goes down again.
//
// What differs from a machine that serves people: images come from test/parts/images, by the variables IMAGE_… that the file has for it; the authority that
// certifies the door and the Stellar network is a test's; nginx looks for another certificate every two seconds and not once a minute; Grafana is in no
// package that a test could install, and is left out by name.
//
// It takes minutes, and runs only when it is asked for: make stack-compose.
package compose
