// Package sarif is the parts of SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html) that this project writes and reads: what scanners find goes by it from one
// program to the next. It is data alone; what a result means, whoever writes or reads it says.
package sarif
