# `make` prints this help. Each target is the line CI runs; what needs a decision is Go.

PARTS ?= optional

.DEFAULT_GOAL := help
.PHONY: help test prove bench stack-compose stack-kube contract host generate fuzz dev demo

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 22

test: ## all tests; PARTS=required makes a missing part (Rust, Node …) a failure, PART=name runs one stage
	@go run ./test/run -parts=$(PARTS) $(if $(PART),-part='$(PART)')

prove: ## what is too long for every run: seeded worlds, kills, plans of large tables; goes on where it was stopped, PART=name runs one
	@go run ./test/run -parts=$(PARTS) -prove $(if $(PART),-part='$(PART)')

bench: ## what everything costs, as ratios in one run (docs/scale.md, docs/localnet.md, docs/operations/audit.md); goes on where it was stopped, PART=Ingest runs one
	@go run ./test/run -parts=$(PARTS) -bench $(if $(PART),-part='$(PART)')

stack-compose: ## the stack of docker-compose.yml, up in a Docker Engine of its own, with a trade through its front door; then down
	@go run ./test/run -parts=$(PARTS) -part=stack-compose

stack-kube: ## the same by the production overlay on a Kubernetes node of its own, whose programs are built the first time (15 minutes)
	@go run ./test/run -parts=$(PARTS) -part=stack-kube

contract: ## rebuilds the contract and its fixtures from source and compares them with the committed wasm, byte for byte
	@go run ./internal/reproduce contract

host: ## the same for the Soroban host inside localnet
	@go run ./internal/reproduce host

generate: ## writes the generated code anew (bindings of the contract, OpenAPI document)
	@go generate ./...

fuzz: ## every fuzz target for TIME each (default 30s), without those that have run as long on the same code; PART=terms, xdr, rpc or vectors, a folder or a name
	@go run ./test/run -fuzz=$(or $(TIME),30s) $(if $(PART),-part='$(PART)')

dev: ## the platform on this machine: localnet, contract, indexer, api
	@go run ./cmd/stellarescrow dev

demo: ## four trades, played through the HTTP API
	@go run ./cmd/stellarescrow demo
