# The targets a developer needs. `make test` is what every commit passes; it takes about two minutes once all is compiled.

GO ?= go
# The same flags everywhere: what one target has compiled serves all others, also in another clone.
export CGO_ENABLED ?= 0
export GOFLAGS := -trimpath $(filter-out -trimpath,$(shell $(GO) env GOFLAGS))
BIN := $(CURDIR)/bin
GOLANGCI := $(BIN)/golangci-lint
GOLANGCI_VERSION := v2.15.0
BENCHSTAT := golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
# A number of inputs, not a time: when time runs out, go test may call a slow input a failure.
FUZZTIME ?= 5000x
# Its inputs are requests to a whole server, a hundred times slower than those of others.
FUZZTIME_API ?= 1000x
# Packages that are tested under load by targets of their own.
UNDER_LOAD := classsr/server/soak classsr/cluster/field
TESTS ?= ./...
KERNEL_TESTS := ./engine ./branch ./cost ./infer . ./cmd/...

.PHONY: test
test: ## vet and all tests
	$(GO) vet ./...
	$(GO) test $(TESTS)

.PHONY: test-but-load
test-but-load: ## the same without what `make soak` and `make field` do
	$(MAKE) test TESTS="$$($(GO) list ./... | grep -vxF $(UNDER_LOAD:%=-e %) | tr '\n' ' ')"

.PHONY: check-full
check-full: ## the slow proofs: all tests, the slow ones too, with the race detector and on every kernel set, and longer fuzzing
	CLASSSR_SLOW=1 CGO_ENABLED=1 $(GO) test -count=1 -race -timeout 40m ./...
	CLASSSR_SLOW=1 $(MAKE) avx2 generic cross ANY_KERNEL='^$$'
	$(MAKE) windows
	CLASSSR_LOAD=full $(GO) test -count=1 -timeout 30m -v ./server/soak
	CLASSSR_LOAD=full $(GO) test -count=1 -timeout 120m -v ./cluster/schedule ./cluster/field
	CLASSSR_PICTURES=10000 $(GO) test -count=1 -timeout 40m -run KilledGoesOn ./cmd/classsr
	$(MAKE) fuzz FUZZTIME=60s FUZZTIME_API=60s
	.ci/need 'command -v exiftool' libimage-exiftool-perl
	$(MAKE) examples compatible try-release

.PHONY: race
race: ## the race detector where goroutines share something (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -short ./gpu/... ./internal/par ./budget ./dataset ./client ./server/... ./cluster/queue/...
	CGO_ENABLED=1 $(GO) test -race -run Runs ./train
	CGO_ENABLED=1 $(GO) test -race -run 'Shared|Threads|Waits|Panics|AtOnce' . ./infer ./engine
	CGO_ENABLED=1 $(GO) test -race -run 'Watch|Change' ./pipeline
	CGO_ENABLED=1 $(GO) test -race -run 'Shared|Threads|Bands|Encoders|Sinks|Strips' ./imageio ./imageio/strips

.PHONY: avx2
avx2: ## the tests that depend on kernels, on those for AVX2
	CLASSSR_KERNEL=avx2 CLASSSR_EXPECT_KERNEL=avx2 $(GO) test $(KERNEL_TESTS)

# Tests of what is the same on all kernel sets: what is chosen and forecast, and what is around the networks. check-full has them on each.
ANY_KERNEL ?= CostsAreMeasured|FirstPoint|BudgetsAreMet|RoutingThatDoesNotPay|MoreMayBeLost|PointsRise|Reuse|Sequences|Flicker|Device|Video|Frames|Stay|TestScripts/(cluster|serve|watch|kill|interrupt|pages|train)

.PHONY: generic
generic: ## the same on the pure Go ones, which are ten times slower, without what is the same on all
	CLASSSR_KERNEL=generic CLASSSR_EXPECT_KERNEL=generic $(GO) test -skip '$(ANY_KERNEL)' $(KERNEL_TESTS)

.PHONY: arm64
arm64: ## the arithmetic on another processor, emulated (needs Debian's qemu-user)
	GOARCH=arm64 $(GO) test -exec qemu-aarch64 ./internal/kernel ./internal/portable ./route
	GOARCH=arm64 $(GO) test -exec qemu-aarch64 -run EveryMachine ./branch ./cost ./infer
	GOARCH=arm64 $(GO) test -exec qemu-aarch64 -run 'TheseBytes|Undoes' ./cluster/wire
	GOARCH=arm64 $(GO) test -short -exec qemu-aarch64 -timeout 8m -run 'FullContext|GraphsOfOtherKinds|NumberOfThreads' ./engine

.PHONY: cross
cross: ## builds the program for other systems, and vets it there
	for os in windows darwin; do for arch in amd64 arm64; do echo "$$os/$$arch"; \
		GOOS=$$os GOARCH=$$arch CGO_ENABLED=0 $(GO) build -o build/cross/ ./cmd/classsr ./cmd/classsr-gpu && \
		GOOS=$$os GOARCH=$$arch CGO_ENABLED=0 $(GO) vet ./... || exit 1; done; done

# What meets the system, and the arithmetic once; the rest is the same on every system.
WINDOWS_TESTS ?= . ./cmd/... ./budget ./convert ./dataset ./evaluate ./fault ./icc ./imageio/... ./internal/... ./metadata ./picture ./pipeline/... ./cluster/... ./server/... ./train/... \
	./weights/...

.PHONY: windows
windows: ## the program for Windows and its tests, run by wine
	.ci/windows -short -count=1 $(WINDOWS_TESTS)

.PHONY: soak
soak: ## two minutes of load, kills and attacks on the server
	CLASSSR_LOAD=short $(GO) test -count=1 -timeout 8m -v ./server/soak

.PHONY: field
field: ## two minutes of a cluster of several processes and hosts to which everything happens once (as root, who can make hosts)
	CLASSSR_LOAD=short $(GO) test -count=1 -timeout 15m -v ./cluster/field

.PHONY: nats-server
nats-server: ## a nats-server as others may have one, of the version that is inside; CLASSSR_NATS_SERVER=bin/nats-server tries it (the whole path)
	$(GO) build -o $(BIN)/nats-server github.com/nats-io/nats-server/v2

.PHONY: screenshot
screenshot: build ## the picture of the page in the README
	cd web/check && npm ci --no-audit --no-fund --silent && UPDATE=1 $(GO) test -count=1 -run ServersPage .

.PHONY: browser
browser: build ## the server's page, the viewer and pages of one file in Chromium, what they compute in node, and whether the API's description is valid (needs chromium, node, npm)
	node --test web/tests/
	cd web/check && npm ci --no-audit --no-fund --silent && $(GO) vet ./... && $(GO) test -count=1 ./...

FAMILIES := checksum colours convolution winograd dense dots edges elementwise filter gradient interleave peak predict samples transform

.PHONY: gen
gen: ## write the assembly again; it is checked in, and this must not change it
	cd internal/kernel/gen && for f in $(FAMILIES); do \
		$(GO) run . -what $$f -out ../$${f}_amd64.s -stubs ../$${f}_amd64.go -pkg kernel || exit 1; done
	cd internal/kernel/gen && $(GO) run . -what neon -out ../neon_arm64.s -stubs ../neon_arm64.go
	cd internal/kernel/gen && $(GO) run . -what layout >../layout.go

.PHONY: gen-shaders
gen-shaders: ## compile the shaders again (Debian 12's glslc); what comes out is checked in, and this must not change it
	cd gpu/shaders && ./compile

OAPI_CODEGEN := github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2

.PHONY: gen-client
gen-client: ## write the client that is made of the API's description again, and try it on a server; it is checked in, and this must not change it
	mkdir -p build
	$(GO) run ./cmd/classsr serve --openapi >build/openapi.json
	cd client/generated && $(GO) run $(OAPI_CODEGEN) -config config.yaml ../../build/openapi.json
	cd client/generated && $(GO) vet ./... && $(GO) test -count=1 ./...

.PHONY: lint
lint: $(GOLANGCI) ## formatting, vet for both processors, linters
	test -z "$$(gofmt -l .)"
	GOARCH=amd64 $(GO) vet ./...
	GOARCH=arm64 $(GO) vet ./...
	cd internal/kernel/gen && $(GO) vet ./...
	$(GOLANGCI) run ./...

.PHONY: fuzz
fuzz: ## every fuzz target there is, for FUZZTIME; what was found is made smaller by ten tries at most
	mkdir -p build
	$(GO) test -list '^Fuzz' ./... >build/fuzz.list
	awk '/^Fuzz/ {name[n++] = $$1} /^ok/ {for (i = 0; i < n; i++) print $$2, name[i]; n = 0}' build/fuzz.list >build/fuzz.targets
	test -s build/fuzz.targets
	while read -r package target; do echo "$$package $$target"; \
		time=$(FUZZTIME); if [ $$target = FuzzAPI ]; then time=$(FUZZTIME_API); fi; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $$time -fuzzminimizetime 10x $$package </dev/null || exit 1; \
	done <build/fuzz.targets

.PHONY: bench
bench: ## speed of the kernels and networks, six times each, summed up by benchstat
	mkdir -p build
	$(GO) test -run '^$$' -bench . -benchtime 1s -count 6 ./internal/kernel ./engine | tee build/bench.txt
	$(GO) run $(BENCHSTAT) build/bench.txt

PHOTO ?= docs/samples/photo.jpg

.PHONY: gpu-bench
gpu-bench: ## measure the GPU beside PyTorch, into build/gpu-bench (docs/gpu.md); FLAGS are those of bench/gpu/run.sh
	bench/gpu/run.sh --photo $(PHOTO) $(FLAGS)

.PHONY: gpu-bench-pack
gpu-bench-pack: ## what that needs on a machine without Go, into build/gpu-bench-pack, with a PHOTO
	bench/gpu/pack build/gpu-bench-pack $(PHOTO)

KERNELS ?= avx512 avx2

.PHONY: costs
costs: build ## measure what routing reckons with again, for each kernel set (a quiet machine, some minutes)
	for k in $(KERNELS); do CLASSSR_KERNEL=$$k $(BIN)/classsr bench --costs cost/costs.json || exit 1; done

MODELS ?=

.PHONY: cards
cards: build ## measure what is missing of the models on the test pictures in CLASSSR_SHARED and write docs/cards; MODELS names some, or files
	$(GO) run ./cards -classsr $(BIN)/classsr $(MODELS)

.PHONY: build
build: ## the program, as one static file, and its helper for GPUs
	CGO_ENABLED=0 $(GO) build -ldflags "-s -w" -o $(BIN)/classsr ./cmd/classsr
	CGO_ENABLED=0 $(GO) build -ldflags "-s -w" -o $(BIN)/classsr-gpu ./cmd/classsr-gpu

.PHONY: site
site: ## the documents as a site in build/site, with a page for each command and a search; it needs nothing from elsewhere
	rm -rf build/commands
	$(GO) run -tags documentation ./cmd/classsr documentation markdown build/commands
	cd docs/site && $(GO) vet ./... && $(GO) test -count=1 ./... && $(GO) run . ../.. ../../build/commands ../../build/site

# Documents whose commands are run as they stand.
FOLLOWED ?= examples.md $(patsubst docs/%,%,$(wildcard docs/tutorials/*.md))

.PHONY: examples
examples: build ## does what the examples and tutorials say, to the letter, each in an empty folder, and compares what is printed
	cd docs/site && $(GO) build -o $(BIN)/follow ./follow
	cd docs && PATH="$(BIN):$$PATH" SAMPLES=$(CURDIR)/docs/samples $(BIN)/follow $(FOLLOWED)

OASDIFF := github.com/oasdiff/oasdiff@v1.37.0

.PHONY: compatible
compatible: ## whether clients of the release's API get along with this one
	mkdir -p build
	$(GO) run ./cmd/classsr serve --openapi >build/openapi.json
	$(GO) run $(OASDIFF) breaking --fail-on WARN testdata/1.0.0/openapi.json build/openapi.json

VERSION ?= 1.0.0

.PHONY: release
release: ## what is given to people, for all systems, into build/release: the same bytes each time
	packaging/release $(VERSION)

.PHONY: try-release
try-release: release ## whether it has the same bytes again, and starts, and can be installed and removed (as root, on Debian)
	packaging/try-release $(VERSION)

$(GOLANGCI):
	GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
