// Command server is what the containers of the test run: it answers on port 8080.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	fmt.Println(http.ListenAndServe(":8080", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "here") })))
	os.Exit(1)
}
