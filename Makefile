# The targets a developer needs. `make test` is what every commit passes; it takes under two minutes.

GO ?= go
BIN := $(CURDIR)/bin
GOLANGCI := $(BIN)/golangci-lint
GOLANGCI_VERSION := v2.15.0
# A number of inputs, not a time: when time runs out, go test may call a slow input a failure.
FUZZTIME ?= 20000x

.PHONY: test
test: ## vet and all tests
	$(GO) vet ./...
	$(GO) test ./...

.PHONY: check-full
check-full: ## the slow proofs: all tests with the race detector and on every kernel set, and longer fuzzing
	$(GO) test -count=1 -race -timeout 30m ./...
	CLASSSR_KERNEL=avx2 $(GO) test -count=1 ./engine . ./cmd/...
	CLASSSR_KERNEL=generic $(GO) test -count=1 ./engine . ./cmd/...
	$(MAKE) fuzz FUZZTIME=60s

.PHONY: generic
generic: ## the tests that depend on kernels, on the pure Go ones
	CLASSSR_KERNEL=generic $(GO) test ./engine . ./cmd/...

.PHONY: arm64
arm64: ## the arithmetic on another processor, emulated (needs Debian's qemu-user)
	GOARCH=arm64 $(GO) test -exec qemu-aarch64 ./internal/kernel ./internal/portable ./route ./engine
	GOARCH=arm64 $(GO) test -exec qemu-aarch64 -run EveryMachine ./branch

FAMILIES := convolution winograd dense dots elementwise interleave peak samples

.PHONY: gen
gen: ## write the assembly again; it is checked in, and this must not change it
	cd internal/kernel/gen && for f in $(FAMILIES); do \
		$(GO) run . -what $$f -out ../$${f}_amd64.s -stubs ../$${f}_amd64.go -pkg kernel || exit 1; done
	cd internal/kernel/gen && $(GO) run . -what layout >../layout_amd64.go

.PHONY: lint
lint: $(GOLANGCI) ## formatting, vet for both processors, linters
	test -z "$$(gofmt -l .)"
	GOARCH=amd64 $(GO) vet ./...
	GOARCH=arm64 $(GO) vet ./...
	cd internal/kernel/gen && $(GO) vet ./...
	$(GOLANGCI) run ./...

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME
	$(GO) test -run '^$$' -fuzz '^FuzzReadSafetensors$$' -fuzztime $(FUZZTIME) ./weights
	$(GO) test -run '^$$' -fuzz '^FuzzRead$$' -fuzztime $(FUZZTIME) ./weights/torch
	$(GO) test -run '^$$' -fuzz '^FuzzPickle$$' -fuzztime $(FUZZTIME) ./weights/torch
	$(GO) test -run '^$$' -fuzz '^FuzzDecode$$' -fuzztime $(FUZZTIME) ./imageio

.PHONY: bench
bench: ## speed of the kernels and networks, six times each, summed up by benchstat
	mkdir -p build
	$(GO) test -run '^$$' -bench . -benchtime 1s -count 6 ./internal/kernel ./engine | tee build/bench.txt
	$(GO) run golang.org/x/perf/cmd/benchstat@latest build/bench.txt

KERNELS ?= avx512 avx2

.PHONY: costs
costs: build ## measure what routing reckons with again, for each kernel set (a quiet machine, some minutes)
	for k in $(KERNELS); do CLASSSR_KERNEL=$$k $(BIN)/classsr bench --costs costs.json || exit 1; done

.PHONY: build
build: ## the program, as one static file
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/classsr ./cmd/classsr

$(GOLANGCI):
	GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
