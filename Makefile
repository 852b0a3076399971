.DEFAULT_GOAL := help
.PHONY: help run triton model test check lint types format bench bench-images bench-triton bench-gate bench-transports bench-bulk tune protos fuzz soak loadtest pictures dashboards lock clean

PYTHON ?= python3
PIP := -m pip --disable-pip-version-check --quiet
SERVE := .venv/serve.stamp
TRITON := .venv/triton.stamp
DEV := .venv/dev.stamp
MODEL_TOOLS := .venv-model/model.stamp
MODEL_DEV := .venv-model/dev.stamp
# Tests that mostly wait, several at once; the others use the cores, or what there is only one of.
WAITING := tests/accounts tests/bulk tests/cli tests/rpc tests/webhooks
MODEL := model_repository/isnet/1/manifest.json

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(SERVE) $(TRITON) $(MODEL) ## Set up what is missing, then serve
	@CLEARBG_TRITON=$${CLEARBG_TRITON:-embedded} .venv/bin/clearbg serve --welcome

triton: $(SERVE) $(TRITON) $(MODEL) ## Run tritonserver alone, in the foreground
	@.venv/bin/clearbg triton

model: $(MODEL_TOOLS) ## Build the model anew
	@.venv-model/bin/clearbg model build

test: $(DEV) $(TRITON) $(MODEL_DEV) $(MODEL) ## All tests
	.venv/bin/pytest -n 3 --dist loadfile $(WAITING)
	.venv/bin/pytest --ignore tests/serving $(addprefix --ignore ,$(WAITING))
	.venv-model/bin/pytest tests/serving

check: lint types ## Formatting, lint and types

lint: $(DEV) ## Formatting and lint, changing nothing
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .

types: $(MODEL_DEV) ## Strict mypy, with torch's types at hand
	.venv-model/bin/mypy

format: $(DEV) ## Format and fix what can be fixed
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

bench-images: .venv/bench.stamp $(MODEL) ## Cost, edges and memory of the image path
	.venv/bin/python -m loadtest.bench_images

bench-triton: $(DEV) $(TRITON) $(MODEL) ## Throughput through Triton, and priorities
	.venv/bin/python -m loadtest.bench_triton

soak: $(DEV) $(TRITON) $(MODEL) ## Chaos in full, memory over 500 images, bulk jobs killed, overload: 50 minutes
	.venv/bin/python -m loadtest.chaos 200 0.85
	.venv/bin/python -m loadtest.soak
	.venv/bin/python -m loadtest.bulk_kills 20
	.venv/bin/python -m loadtest.bulk_kills 20 distributed
	.venv/bin/python -m loadtest.overload 300

loadtest: $(DEV) $(TRITON) $(MODEL) ## Locust against a service of its own, 5 minutes: HTML, CSV, picture
	.venv/bin/python -m loadtest.traffic

bench-gate: $(DEV) ## Cost of checking a key and its limits
	.venv/bin/python -m loadtest.bench_gate

fuzz: $(DEV) ## Damaged files and odd requests: 20 minutes
	.venv/bin/pytest tests/fuzz --hypothesis-profile=large -s

bench: $(DEV) $(MODEL) ## Seconds per image, by stage
	.venv/bin/python -m loadtest.bench

pictures: $(DEV) $(MODEL) ## Make the README's pictures anew
	.venv/bin/python -m docs.pictures

dashboards: $(DEV) ## Write the Grafana dashboards anew
	.venv/bin/python -m deploy.observability.dashboards

bench-transports: $(DEV) ## CPU an image over HTTP and over gRPC, model excluded
	.venv/bin/python -m loadtest.bench_transports

bench-bulk: $(DEV) $(TRITON) $(MODEL) ## What bulk jobs cost, and what they cost others
	.venv/bin/python -m loadtest.bench_bulk

tune: $(DEV) $(TRITON) $(MODEL) ## Find settings that suit this machine: 10 minutes; goes on if stopped
	.venv/bin/clearbg tune

protos: $(DEV) ## Write the gRPC stubs beside their .proto
	.venv/bin/python -m grpc_tools.protoc -Iprotos --python_out=protos --pyi_out=protos protos/clearbg/v1/*.proto
	.venv/bin/python -m grpc_tools.protoc -Iprotos --grpc_python_out=protos protos/clearbg/v1/*_service.proto

lock: ## Resolve the requirements anew
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/python $(PIP) install uv
	.venv-lock/bin/uv pip compile pyproject.toml --universal --no-header --no-annotate --quiet \
	  --upgrade --all-extras -c requirements/pins.in -o requirements/all.lock
	.venv-lock/bin/uv pip compile pyproject.toml --universal --no-header --no-annotate --quiet \
	  --upgrade --generate-hashes --extra triton -c requirements/all.lock -o requirements/serve.lock
	.venv-lock/bin/uv pip compile pyproject.toml --universal --no-header --no-annotate --quiet \
	  --upgrade --generate-hashes --extra triton --extra dev -c requirements/all.lock -o requirements/dev.lock
	rm -rf .venv-lock

clean: ## Remove environments and caches; keys, weights and the model stay
	rm -rf .venv .venv-model .mypy_cache .pytest_cache .ruff_cache

# Two environments: .venv serves and tests and has no torch; .venv-model builds the model.
.venv/bin/python .venv-model/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "ClearBG needs Python 3.11 or newer; $(PYTHON) is not. Set PYTHON=python3.x" >&2; exit 1; }
	@$(PYTHON) -m venv $(@D:/bin=) || \
	  { echo "Python cannot make environments. On Debian: apt install python3-venv" >&2; exit 1; }

$(SERVE): requirements/serve.lock pyproject.toml | .venv/bin/python
	@echo "Installing the service (about 20 s)"
	@.venv/bin/python $(PIP) install --require-hashes -r requirements/serve.lock
	@.venv/bin/python $(PIP) install --no-deps --editable .
	@touch $@

# The wheel's metadata asks for an older NumPy, its tritonserver does not: it gets a folder of its
# own. Where there is no wheel for the platform, the CPU model in the gateway serves.
$(TRITON): $(SERVE)
	@test "$$(uname -sm)" != "Linux x86_64" || { echo "Installing tritonserver"; \
	  .venv/bin/python $(PIP) install --no-deps --upgrade --target .venv/triton \
	  nvidia-pytriton==0.7.0 || echo "No tritonserver for this platform: the CPU will serve"; }
	@touch $@

$(DEV): requirements/dev.lock $(SERVE)
	@echo "Installing the test tools"
	@.venv/bin/python $(PIP) install --require-hashes -r requirements/dev.lock
	@touch $@

# torch's wheels differ by platform and index, so this environment is pinned without hashes.
$(MODEL_TOOLS): requirements/all.lock pyproject.toml | .venv-model/bin/python
	@echo "Installing the model's build tools (torch: minutes, gigabytes; TORCH_INDEX_URL can name smaller CPU wheels)"
	@test -z "$(TORCH_INDEX_URL)" || .venv-model/bin/python $(PIP) install \
	  --index-url "$(TORCH_INDEX_URL)" $$(grep -E '^torch(vision)?==' requirements/all.lock)
	@.venv-model/bin/python $(PIP) install -c requirements/all.lock --editable '.[model]'
	@touch $@

.venv/bench.stamp: $(DEV)
	@.venv/bin/python $(PIP) install -c requirements/all.lock --editable '.[bench]'
	@touch $@

$(MODEL_DEV): $(MODEL_TOOLS)
	@.venv-model/bin/python $(PIP) install -c requirements/all.lock --editable '.[dev]'
	@touch $@

# No prerequisite: once the model is built, its tools may be removed.
$(MODEL):
	@$(MAKE) --no-print-directory $(MODEL_TOOLS)
	@.venv-model/bin/clearbg model build
