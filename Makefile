# One word for each check. `make` alone prints what there is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GOLANGCI_LINT_VERSION := v2.15.0
STATICCHECK_VERSION := v0.8.2

TOOLS := $(CURDIR)/.tools/bin
GOLANGCI_LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)
STATICCHECK := $(TOOLS)/staticcheck-$(STATICCHECK_VERSION)

FUZZ_TIME ?= 30

.PHONY: help
help: ## Print this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: check
check: vet lint archtest race fuzz ## Run every check that needs no server: vet, linters, archtest, race, fuzz.

.PHONY: test
test: ## Run the tests. They need nothing but Go.
	go test ./...

.PHONY: race
race: ## Run the tests under the race detector; archtest reads files, one after the other.
	go test -race -timeout 15m $$(go list ./... | grep -v /internal/archtest)

.PHONY: vet
vet: ## Run go vet and gofmt.
	go vet ./...
	@unformatted=$$(git ls-files -co --exclude-standard -- '*.go' | xargs -r gofmt -l); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change: $$unformatted" >&2; exit 1; fi

.PHONY: lint
lint: staticcheck golangci-lint ## Run staticcheck and golangci-lint.

.PHONY: staticcheck
staticcheck: $(STATICCHECK)
	$(STATICCHECK) ./...

.PHONY: golangci-lint
golangci-lint: $(GOLANGCI_LINT)
	$(GOLANGCI_LINT) run ./...

.PHONY: format
format: $(GOLANGCI_LINT) ## Format every file as the linters want it.
	$(GOLANGCI_LINT) fmt ./...

.PHONY: archtest
archtest: ## Check the rules of the house: imports, documentation, sizes, names, modules.
	go test -count=1 ./internal/archtest

.PHONY: modules
modules: ## Write the lists of third-party modules anew, after a wanted change.
	go test -count=1 ./internal/archtest -run Modules -update

.PHONY: fuzz
fuzz: ## Fuzz every target, FUZZ_TIME seconds each (30).
	.ci/fuzz each $(FUZZ_TIME)

.PHONY: integration
integration: ## Install and start the real engines and run the tests that need them.
	@chosen=$$(go run ./internal/citool -real); \
	set -x; INTEGRATION=1 go test -count=1 -timeout 15m $$chosen

.PHONY: mcp
mcp: ## Run the MCP server and client against the conformance suite, the Inspector and others' clients; print what passed.
	cd internal/mcppeers && INTEGRATION=1 go test -count=1 -timeout 15m

.PHONY: bench
bench: ## Run the benchmarks, the comparisons with peers included.
	go test -run '^$$' -bench . -benchmem ./...
	cd internal/bench && go test -run '^$$' -bench . -benchmem ./...

.PHONY: bench-check
bench-check: ## Check the budgets of the guard and of signing: allocations, and times beside those of peers.
	{ (cd internal/bench && go test -run '^$$' -bench '^BenchmarkGuard$$' -benchmem -benchtime 0.1s -count 2 .); \
	  go test -run '^$$' -bench '^BenchmarkSign$$' -benchmem -benchtime 0.1s -count 2 ./base/sign; } | \
	  tee >(cat >&2) | go run ./internal/citool -budgets

.PHONY: tools
tools: $(STATICCHECK) $(GOLANGCI_LINT) ## Install the pinned linters into .tools/bin.

# go install names a program by its package; the version in the file name makes a new pin a new file.
$(STATICCHECK):
	GOBIN=$(TOOLS) GOFLAGS= go install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)
	mv $(TOOLS)/staticcheck $@

$(GOLANGCI_LINT):
	GOBIN=$(TOOLS) GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	mv $(TOOLS)/golangci-lint $@

.PHONY: clean
clean: ## Remove the installed linters and the test cache.
	rm -rf .tools
	go clean -testcache
