package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// expectKernel names the environment variable with the kernel set that this machine is to use.
const expectKernel = "CLASSSR_EXPECT_KERNEL"

// A processor that is not recognised would fall back to slower kernels without a word; where it is known what to expect, this fails.
func TestTheExpectedKernelSetIsUsed(t *testing.T) {
	want := os.Getenv(expectKernel)
	if want == "" {
		t.Skipf("%s does not say which kernel set to expect", expectKernel)
	}
	var out, errOut bytes.Buffer
	if code := Run(context.Background(), []string{"version", "--json"}, strings.NewReader(""), &out, &errOut); code != exitDone {
		t.Fatalf("exit code %d: %s", code, errOut.String())
	}
	var got versionResult
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Kernel != want {
		t.Errorf("the kernel set in use is %s, want %s", got.Kernel, want)
	}
}
