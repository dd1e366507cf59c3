# Every target works from a clean clone with Go, git and make. `make help` lists them.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

GO          ?= go
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS     := -s -w -X main.version=$(VERSION)
# Pinned here instead of go.mod: callbox itself needs none of the linter's modules.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# The race detector needs cgo; without a C compiler the tests still run, and say that they ran without it.
RACE        := $(if $(shell command -v $${CC:-gcc} 2>/dev/null),-race)
# Its tests mostly wait for timers and audio, so that more of them run at once than there are cores.
SYSTEM      := ./cmd/callbox/internal/systest
FUZZTIME    ?= 10s
SOAK        ?= 1h
IMAGE       ?= callbox:$(VERSION)
BUILDER     ?= golang:1.26-bookworm

.PHONY: help build run test check unit system fuzz bench floods soak scale docker clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## one static binary, ./callbox
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o callbox ./cmd/callbox

run: build ## the embedded lab on this machine, until Ctrl-C
	./callbox serve

test: check unit system ## everything CI runs

check: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l cmd sip routing psap config testdata); \
	if [ -n "$$unformatted" ]; then echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

unit: ## package tests under the race detector
	$(if $(RACE),,@echo "no C compiler: testing without the race detector")
	$(GO) test $(RACE) -timeout 10m $$($(GO) list ./... | grep -v /internal/systest) ./testdata/bench/soak

system: ## the real binary driven by SIPp, baresip and tshark
	$(GO) test $(RACE) -timeout 15m -parallel 6 $(SYSTEM)

fuzz: ## each fuzz target for FUZZTIME
	@grep -rE --include='*_test.go' -o '^func Fuzz[A-Za-z0-9_]+' cmd sip routing psap config | sort | \
	while IFS=: read -r file target; do \
		target=$${target#func }; echo "== $$(dirname $$file) $$target"; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$(dirname $$file)" </dev/null; \
	done

bench: build ## calls per second, CPU, delay and memory, beside Kamailio + rtpengine when installed
	testdata/bench/bench.sh

floods: build ## emergency calls beside floods of junk, requests and connections
	testdata/bench/floods.sh

soak: build ## calls and faults for SOAK, an hour unless said otherwise, with a report and a plot
	$(GO) build -o testdata/bench/soak/soak ./testdata/bench/soak
	testdata/bench/soak/soak -callbox ./callbox -time $(SOAK) -out testdata/bench

scale: build ## a million numbers with addresses: import, start, memory, decisions, changes, on both databases
	$(GO) build -o testdata/bench/scale/scale ./testdata/bench/scale
	testdata/bench/scale/scale -callbox ./callbox -out testdata/bench

docker: ## the container image
	docker build --build-arg BUILDER=$(BUILDER) --build-arg VERSION=$(VERSION) -t $(IMAGE) -t callbox:latest .

clean: ## remove what the other targets made
	rm -rf callbox dist testdata/bench/rtpbench/rtpbench testdata/bench/callbench/callbench testdata/bench/soak/soak testdata/bench/flood/flood testdata/bench/scale/scale
