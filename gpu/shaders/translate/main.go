// Command translate makes shaders that use VK_KHR_cooperative_matrix of ones that use the extension before it, VK_NV_cooperative_matrix, in
// place. The compiler of Debian 12 knows only that one.
//
//	translate FILE.spv...
package main

import (
	"fmt"
	"os"
)

func main() {
	for _, name := range os.Args[1:] {
		if err := inPlace(name); err != nil {
			fmt.Fprintf(os.Stderr, "translate: %s: %v\n", name, err)
			os.Exit(1)
		}
	}
}

func inPlace(name string) error {
	code, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if code, err = translate(code); err != nil {
		return err
	}
	return os.WriteFile(name, code, 0o644)
}
