# Most targets call one command of `cargo xtask`, the build tool in xtask/.
# The first build takes minutes, later builds take seconds.

.DEFAULT_GOAL := help
.PHONY: help demo test test-quick check-style server webapp dist deploy enable disable reset logs logs-watch watch reproduce emulated browser webapp-gallery webapp-screens webapp-bench fuzz mutants bench instructions clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## run a meeting on a real server; KEEP=1 leaves it running
	cargo xtask demo $(if $(filter 1,$(KEEP)),--keep)

test: ## run all tests, as CI does; CI=true fails on missing tools
	cargo xtask test

test-quick: ## run the lints and the unit and component tests
	cargo xtask test --quick

check-style: ## check the formatting and run the lints
	cargo xtask check-style

server: ## build the plugin's executable for this machine
	cargo xtask server

webapp: ## build the webapp
	cargo xtask webapp

dist: ## build release bundles; PLUGIN_SIGNING_KEY=KEY signs them
	cargo xtask dist

deploy: ## build, upload, and enable; BUNDLE=FILE uploads that file
	cargo xtask deploy $(if $(BUNDLE),'$(BUNDLE)')

enable: ## enable the plugin on the server
	cargo xtask enable

disable: ## disable the plugin; its settings and data stay
	cargo xtask disable

reset: ## disable and enable the plugin
	cargo xtask reset

logs: ## show the plugin's latest lines in the server's log
	cargo xtask logs

logs-watch: ## follow the plugin's lines in the server's log
	cargo xtask logs --follow

watch: ## build and deploy after each change
	cargo xtask watch

reproduce: ## build this commit twice and compare the bytes
	cargo xtask reproduce

emulated: ## test the arm64 and Windows executables in emulators
	cargo xtask emulated

browser: ## run the browser tests
	cargo xtask browser

webapp-gallery: ## serve a page with every state of the webapp
	cargo xtask gallery

webapp-screens: ## update the reference pictures of the browser tests
	cargo xtask screens

webapp-bench: ## measure the webapp's size and speed
	cargo xtask webapp-bench

fuzz: ## fuzz the RPC code; SECONDS=60 for each target
	targets=$$(cargo +nightly fuzz list --fuzz-dir host/rpc/fuzz) && for target in $$targets; do \
	    mkdir -p target/fuzz/$$target && cargo +nightly fuzz run --fuzz-dir host/rpc/fuzz $$target target/fuzz/$$target \
	    host/rpc/fuzz/corpus/$$target -- -max_total_time=$(or $(SECONDS),60) -max_len=4096 -timeout=10 \
	    -rss_limit_mb=1024 -malloc_limit_mb=256 || exit 1; \
	done

mutants: ## run cargo-mutants on security code; takes hours
	cargo xtask mutants

bench: ## compare with a Go plugin; BUNDLES, ROUNDS, DRIFT, SMOKE=1
	cargo xtask bench $(if $(filter 1,$(SMOKE)),--smoke) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(DRIFT),--drift $(DRIFT)) $(BUNDLES)

instructions: ## count the instructions of each benchmark with valgrind
	cargo xtask bench --instructions

clean: ## remove build output and the cached test server
	cargo clean
	rm -rf dist .cache webapp/build webapp/dist webapp/node_modules
