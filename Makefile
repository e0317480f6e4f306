# A thin front door: every target is a command of `cargo xtask`, which does the work.
# Progress goes to the terminal; a first build takes minutes, the next ones seconds.

.DEFAULT_GOAL := help
.PHONY: help demo test fuzz mutants bench instructions dist reproduce deploy enable disable reset logs logs-watch watch emulated browser webapp-gallery webapp-screens webapp-figures clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## start a real server and play the story of a meeting; KEEP=1 leaves it running
	cargo xtask demo $(if $(filter 1,$(KEEP)),--keep)

test: ## run all that CI runs; CI=true forbids leaving anything out
	cargo xtask test

fuzz: ## look for bytes that harm the wire, SECONDS=60 for each target; needs nightly and cargo-fuzz
	cargo xtask fuzz $(SECONDS)

mutants: ## change the code that trust depends on, a little at a time: does a test fail? needs cargo-mutants, and hours
	cargo xtask mutants

bench: ## measure side by side with a Go plugin; BUNDLES="FILE…" adds others, ROUNDS=5, DRIFT=100000, SMOKE=1 only tries everything
	cargo xtask bench $(if $(filter 1,$(SMOKE)),--smoke) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(DRIFT),--drift $(DRIFT)) $(BUNDLES)

instructions: ## count the instructions of each piece, with valgrind
	cargo xtask bench --instructions

dist: ## build dist/zoom-VERSION.tar.gz for all systems, with sums, notices and bill of materials; PLUGIN_SIGNING_KEY signs
	cargo xtask dist

reproduce: ## build this commit again in another place, and compare; as long as a first build
	cargo xtask reproduce

deploy: ## build, upload and enable, on the server that MM_SERVICESETTINGS_SITEURL names; BUNDLE=FILE uploads that one
	cargo xtask deploy $(if $(BUNDLE),'$(BUNDLE)')

enable: ## enable the plugin on that server
	cargo xtask enable

disable: ## disable it; settings and data stay
	cargo xtask disable

reset: ## disable and enable it, so that a new process starts
	cargo xtask reset

logs: ## what the plugin wrote last into that server's log
	cargo xtask logs

logs-watch: ## what it writes from now on
	cargo xtask logs --follow

watch: ## build and deploy after each change
	cargo xtask watch

emulated: ## run what is built for linux-arm64 and Windows, in emulators, under Mattermost's supervisor
	cargo xtask emulated

browser: ## run the browser suite alone
	cargo xtask browser

webapp-gallery: ## serve a page with all that the webapp shows, in all its states
	cargo xtask gallery

webapp-screens: ## take the pictures that the browser suite compares with anew
	cargo xtask screens

webapp-figures: ## measure the webapp: its size, drawing 500 posts, from click to tab
	cargo xtask figures

clean: ## remove what was built, and the cached test server
	cargo clean
	rm -rf dist .cache webapp/build webapp/dist webapp/node_modules
