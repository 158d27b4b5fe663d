# make help lists the targets. Two are enough: make run and make test.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION    ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS    := -X main.version=$(VERSION)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
# Packages whose goroutines share memory are tested under the race detector as well.
RACE := ./slo/ledger/... ./slo/gate/... ./collectors/... ./alerts ./alerts/postgres ./alerts/notify \
	./incidents/postgres ./incidents/slack/... ./incidents/postmortem/postgres ./incidents/postmortem/drafts \
	./incidents/reminders ./incidents/stakeholders ./incidents/risk/postgres ./platform/gateway ./platform/edge ./platform/cache \
	./internal/controlplane ./internal/identity/... ./internal/httpapi ./internal/loops ./internal/pg/... ./internal/telemetry ./internal/child

.PHONY: help deps test-deps build run test race bench bench-once lint vuln fmt generate pictures clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install what a run needs: FFmpeg, PostgreSQL
	@deploy/deps.sh run

test-deps: ## Install what the tests need on top: Chromium, a C compiler for the race detector
	@deploy/deps.sh test

build: ## Build bin/plimsoll and bin/platform
	@mkdir -p bin
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

run: deps build ## Build and start everything on loopback: budgets of real traffic, with nothing to configure
	@bin/plimsoll demo $(ARGS)

test: test-deps build ## Install what the tests need and run them all
	go test ./...
	$(MAKE) --no-print-directory race

race: ## Run the packages that share memory under the race detector
	CGO_ENABLED=1 go test -race -short $(RACE)

bench: test-deps ## Measure, side by side in one run; print the table and write bin/bench.json
	@mkdir -p bin
	go run ./internal/bench -o bin/bench.json

bench-once: ## Run each benchmark once, so that none can rot
	go test -run '^$$' -bench . -benchtime 1x ./...

lint: ## Vet, staticcheck, formatting, generated files
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'not formatted (make fmt):'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	@before=$$(git diff -- deploy docs); $(MAKE) --no-print-directory generate; \
		[ "$$before" = "$$(git diff -- deploy docs)" ] || { echo 'generated files were not up to date: commit what make generate wrote'; exit 1; }

vuln: ## Look for known vulnerabilities (needs the Go vulnerability database)
	go run $(GOVULNCHECK) ./...

fmt: ## Format the code
	gofmt -w $$(git ls-files '*.go')

generate: ## Write the generated files anew
	go generate ./...

pictures: test-deps ## Paint the pictures of the docs anew, from a running demo
	go test ./internal/e2e -count 1 -run TestStory -args -picture $(CURDIR)/docs/overview.png

clean: ## Remove what was built
	rm -rf bin
