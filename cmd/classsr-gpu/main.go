// Command classsr-gpu computes bands of pictures with GPUs for classsr, which starts it and speaks with it through its standard input and output
// (package gpu/link). It is a program of its own, since drivers are libraries that may crash, hang and take memory, and since what loads them needs
// the system's loader: classsr itself is one static file.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"classsr/gpu/helper"
)

// version is set when a release is built, to that of classsr.
var version = "development"

func main() {
	if len(os.Args) > 1 {
		fmt.Printf("classsr-gpu %s\nIt is started by classsr: see `classsr devices`.\n", version)
		return
	}
	signal.Ignore(os.Interrupt) // which is for classsr: this program ends when its input does
	out, err := claimOutput()
	if err == nil {
		err = helper.Serve(context.Background(), os.Stdin, out, version, newBackend())
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "classsr-gpu: %v\n", err)
		os.Exit(1)
	}
}
