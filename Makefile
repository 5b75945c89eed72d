# People and CI call the same targets. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BINARY := build/bin/weightroom
# With the page in it that holds the window to the page's contract; never shipped.
CONTRACT := $(BINARY)-contract
# Wails needs "desktop production" for a window; webkit2_41 is the WebKitGTK that current systems have.
TAGS := desktop,production,webkit2_41
GO_SOURCES := $(shell git ls-files -co --exclude-standard -- '*.go' 'app/**/*.[ch]' go.mod go.sum 2>/dev/null)
PAGE_SOURCES := $(shell git ls-files -co --exclude-standard -- frontend 2>/dev/null)
# A busy machine takes ten times as long as an idle one.
GO_TEST := python3 build/setup/gotest.py -count=1 -timeout 90m -tags engine
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: deps
deps: ## install what building needs and is missing (Debian, Ubuntu)
	@build/setup/deps.sh run

.PHONY: deps-test
deps-test: ## install what the tests need too
	@build/setup/deps.sh run test

.PHONY: engine
engine: ## build the engine, cached outside the checkout
	@build/engine/build.sh

.PHONY: starter
starter: ## fetch the starter model and check it
	@build/starter/fetch.sh

frontend/node_modules/.package-lock.json: frontend/package.json frontend/package-lock.json
	@cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

frontend/dist/index.html: frontend/node_modules/.package-lock.json $(PAGE_SOURCES)
	@cd frontend && npm run --silent build -- --logLevel warn

.PHONY: page
page: frontend/dist/index.html ## build the page

$(BINARY): $(GO_SOURCES) frontend/dist/index.html
	@mkdir -p build/bin
	go build -trimpath -tags $(TAGS) -ldflags "-s -w -X weightroom/app/core.Version=$(VERSION)" -o $@ .

.PHONY: app
app: $(BINARY) ## build the app

.PHONY: build
build: deps engine starter app ## build everything

.PHONY: run
run: build ## build everything and open the window
	@if [ -z "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" ] && [ "$$(uname -s)" = Linux ]; then \
	  echo 'There is no display here, so no window opens. Everything is built; try a command:'; \
	  echo '  $(BINARY) run smollm2-135m "What is the capital of France?"'; \
	  echo '  $(BINARY) --help'; \
	else exec $(BINARY); fi

.PHONY: test
test: deps-test engine starter app lint test-go test-page test-engine test-window ## run every test
	@echo 'All tests passed.'

.PHONY: test-go
test-go: frontend/dist/index.html ## run the Go tests that need no engine, display or network
	go test -timeout 30m ./...

.PHONY: test-page
test-page: frontend/node_modules/.package-lock.json ## check and test the page
	@cd frontend && npm run --silent check && npm run --silent lint && npm run --silent format:check && npm run --silent test

.PHONY: test-engine
test-engine: deps-test engine starter app ## run the Go tests on the real engine and real weights
	@$(GO_TEST) -p 1 -run Engine ./backend/engine ./app/...
	@$(GO_TEST) -run 'EngineFills|EngineAccepts|EnginePlan|EngineQuantizes' ./backend/testdrive

$(CONTRACT): $(BINARY) build/window/contract.sh
	@build/window/contract.sh $(TAGS) $@

.PHONY: test-window
test-window: engine starter app $(CONTRACT) ## drive the real window under Xvfb through its accessibility tree
	@build/window/run.sh /usr/bin/python3 -W ignore build/window/test_window.py

.PHONY: test-slow
test-slow: deps-test engine starter app ## run the reliability trials at their full counts (hours)
	WEIGHTROOM_SLOW=1 WEIGHTROOM_MUTANTS=10000000 WEIGHTROOM_STATES=5000 WEIGHTROOM_KILLS=1000 WEIGHTROOM_FLIPS=1000 \
	  go test -count=1 -timeout 12h -v ./backend/...
	WEIGHTROOM_SLOW=1 go test -count=1 -timeout 12h -v -tags engine -p 1 -run Engine ./backend/engine ./backend/testdrive
	WEIGHTROOM_PAGE_KILLS=100 build/window/run.sh /usr/bin/python3 -W ignore build/window/test_window.py PageDeath

.PHONY: screenshots
screenshots: deps-test engine starter app ## take pictures of every page of the real window
	@build/window/run.sh /usr/bin/python3 -W ignore build/window/screenshots.py build/screenshots

.PHONY: bench
bench: engine starter app ## measure start, memory, the chats on screen, speed beside llama-bench, and downloads beside curl
	@build/window/run.sh /usr/bin/python3 -W ignore build/bench/bench.py
	@build/window/run.sh /usr/bin/python3 -W ignore build/bench/page.py
	WEIGHTROOM_BENCH=1 go test -count=1 -v -run BesideCurl ./backend/download/transfer

.PHONY: catalog
catalog: ## write the catalog's data anew from gathered facts: make catalog FACTS=DIR
	@test -n "$(FACTS)" || { echo 'catalog: name the folder with the facts: make catalog FACTS=DIR' >&2; exit 1; }
	@python3 build/catalog/blueprints.py "$(FACTS)"
	@python3 build/catalog/catalog.py "$(FACTS)"

.PHONY: bindings
bindings: frontend/dist/index.html ## generate the page's bindings and events from package app
	@tsoutputtype=interfaces go run -tags bindings,webkit2_41 . >/dev/null
	@rm -rf frontend/wailsjs/runtime
	@go generate ./app >/dev/null

.PHONY: lint
lint: bindings ## check style, and that generated files are current
	@build/setup/lint.sh

.PHONY: clean
clean: ## remove what was built in this checkout
	rm -rf build/bin build/lib build/share build/tmp frontend/node_modules frontend/dist/assets frontend/dist/index.html
