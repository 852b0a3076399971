.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*\#\# .*/\1/p' $(MAKEFILE_LIST))

include environments.mk

# Where this is set, each of the 200 processes that the tests start would compile all its modules.
unexport PYTHONDONTWRITEBYTECODE

LOCK := scripts/uv.sh pip compile --universal --no-header --no-annotate
# A file's tests share what it starts, so a file is one worker's. Three workers keep two cores busy,
# since most tests also wait; tests/conftest.py puts the long files first. A test that fails is run
# once more, and listed as RERUN if it then passes: it has a defect, or has found one.
RERUNS := --reruns 1 -r R
TESTS := -n 3 --dist loadfile --no-loadscope-reorder --durations=20 $(RERUNS)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Set up what is missing, then run the service
	@$(MAKE) --no-print-directory --silent -j4 $(SERVE) $(TRITON) $(MODEL)
	@CLEARBG_TRITON=$${CLEARBG_TRITON:-embedded} .venv/bin/clearbg serve --welcome

triton: $(SERVE) $(TRITON) $(MODEL) ## Run tritonserver alone, in the foreground
	@.venv/bin/clearbg triton

model: $(MODEL_TOOLS) ## Rebuild the model, in all formats
	@.venv-model/bin/clearbg model build

test: $(DEV) $(TRITON) $(MODEL_DEV) $(MODEL) $(NODE) $(CHROMIUM) $(MANIFEST_TOOLS) $(CHECKOV) ## All tests but those of images: a quarter of an hour
	.venv-dev/bin/pytest $(TESTS) --ignore tests/serving --ignore tests/containers
	.venv-model/bin/pytest --durations=20 $(RERUNS) tests/serving

test-unit: $(DEV) ## Tests without processes, models and bulk jobs: a minute
	.venv-dev/bin/pytest -n 2 --dist loadfile --durations=20 -m "not real" \
	  $(addprefix --ignore ,tests/browser tests/bulk tests/cli tests/clients tests/containers tests/end_to_end tests/serving)

test-manifests: $(DEV) $(MANIFEST_TOOLS) $(CHECKOV) ## Check the Kubernetes manifests and the Helm chart: a minute
	.venv-dev/bin/pytest -n 2 tests/kubernetes

check: lint types ## Formatting, lint and types

hooks: $(DEV) ## Run `make check` before each commit, from now on
	.venv-dev/bin/pre-commit install

lint: $(DEV) $(NODE) ## Formatting, lint and import directions, changing nothing
	.venv-dev/bin/ruff format --check .
	.venv-dev/bin/ruff check .
	.venv-dev/bin/lint-imports --no-cache --no-logo
	.venv-dev/bin/codespell *.md clients/typescript/*.md clients/typescript/src clients/typescript/test docs deploy gateway loadtest protos scripts serving tests
	npm --prefix clients/typescript run --silent lint

types: $(MODEL_DEV) ## Strict mypy, with torch installed
	.venv-model/bin/mypy

format: $(DEV) $(NODE) ## Format, and apply automatic fixes
	.venv-dev/bin/ruff format .
	.venv-dev/bin/ruff check --fix .
	npm --prefix clients/typescript run --silent format

bench-images: $(BENCH) $(MODEL) ## Benchmark CPU time, edges and memory of the image path
	.venv-dev/bin/python -m loadtest.bench_images

bench-controls: $(DEV) ## Benchmark CPU time of edge controls and corrections
	.venv-dev/bin/python -m loadtest.bench_controls

bench-edges: $(BENCH) $(MODEL) ## Benchmark soft edges against true alphas; PAIRS=folder takes your pictures
	.venv-dev/bin/python -m loadtest.edges.bench $(PAIRS)

bench-triton: $(DEV) $(TRITON) $(MODEL) ## Benchmark throughput and priorities with Triton
	.venv-dev/bin/python -m loadtest.bench_triton

soak: $(DEV) $(TRITON) $(MODEL) ## Failures of Triton, memory over 500 images, killed bulk workers, overload: 50 minutes
	.venv-dev/bin/python -m loadtest.chaos 200 0.85
	.venv-dev/bin/python -m loadtest.soak
	.venv-dev/bin/python -m loadtest.bulk_kills 20
	.venv-dev/bin/python -m loadtest.bulk_kills 20 distributed
	.venv-dev/bin/python -m loadtest.overload 300

rehearsal: $(DEV) $(TRITON) $(MODEL) ## Restart, kill, scale and upgrade each part under load; root, for network namespaces: 7 minutes
	.venv-dev/bin/python -m loadtest.rehearsal $(EVENTS)

loadtest: $(DEV) $(TRITON) $(MODEL) ## Load test with Locust against its own service: HTML, CSV, chart; 5 minutes
	.venv-dev/bin/python -m loadtest.traffic

bench-gate: $(DEV) ## Benchmark authentication, rate limits and counting usage
	.venv-dev/bin/python -m loadtest.bench_gate

bench-pages: $(DEV) $(MODEL) $(CHROMIUM) ## Benchmark first paints and bytes of the dashboard's pages
	.venv-dev/bin/python -m loadtest.bench_pages

fuzz: $(DEV) ## Fuzz the decoder and the API: 20 minutes
	.venv-dev/bin/pytest tests/fuzz --hypothesis-profile=large -s

# Every image of a load test is to be segmented, also one that came before.
bench bench-images bench-controls bench-triton bench-gate bench-transports bench-bulk soak loadtest tune: export CLEARBG_MASK_CACHE_MB := 0

bench: $(DEV) $(MODEL) ## Benchmark seconds per image, by stage
	.venv-dev/bin/python -m loadtest.bench

bench-cache: $(DEV) $(MODEL) ## Benchmark further results of a known image, and equal requests at once
	.venv-dev/bin/python -m loadtest.bench_cache

bench-rivals: $(DEV) $(TRITON) $(MODEL) $(WEIGHTS) $(REMBG) ## Benchmark against rembg's server, interleaved: an hour
	.venv-dev/bin/python -m loadtest.rivals

bench-int8: $(DEV) $(MODEL) ## Benchmark int8's masks and times against float32's
	.venv-dev/bin/python -m loadtest.int8.judge

pictures: $(DEV) $(MODEL) ## Regenerate the guide's pictures
	.venv-dev/bin/python -m docs.pictures

screenshots: $(DEV) $(MODEL) $(CHROMIUM) ## Take pictures of every page of the dashboard, into docs/screenshots/
	.venv-dev/bin/python -m docs.screenshots

dashboards: $(DEV) ## Regenerate the Grafana dashboards
	.venv-dev/bin/python -m deploy.observability.dashboards

manifests: $(DEV) $(MANIFEST_TOOLS) ## Regenerate the Helm chart and the PrometheusRule
	.venv-dev/bin/python -m deploy.helm

bench-transports: $(DEV) ## Benchmark CPU time per image over HTTP and gRPC, without the model
	.venv-dev/bin/python -m loadtest.bench_transports

bench-start: $(DEV) $(TRITON) $(MODEL) ## Benchmark first starts in fresh clones, bursts after a start, memory: 25 minutes
	.venv-dev/bin/python -m loadtest.start

bench-bulk: $(DEV) $(TRITON) $(MODEL) ## Benchmark bulk jobs, and their effect on interactive requests
	.venv-dev/bin/python -m loadtest.bench_bulk

tune: $(DEV) $(TRITON) $(MODEL) ## Find the best settings for this machine: 10 minutes; resumes if stopped
	.venv-dev/bin/clearbg tune

protos: $(DEV) ## Generate the gRPC stubs beside their .proto
	.venv-dev/bin/python -m grpc_tools.protoc -Iprotos --python_out=protos --pyi_out=protos protos/clearbg/v1/*.proto
	.venv-dev/bin/python -m grpc_tools.protoc -Iprotos --grpc_python_out=protos protos/clearbg/v1/*_service.proto

client: $(DEV) $(NODE) ## Generate the TypeScript client's types, and build it
	.venv-dev/bin/python -m clients.openapi | npm --prefix clients/typescript run --silent generate
	npm --prefix clients/typescript run --silent build

package: $(UV) ## Build the wheel, into dist/
	@scripts/uv.sh build --wheel --python .uv/bin/python --out-dir dist
	@ls dist/*.whl

images: $(WEIGHTS) ## Build the container images, without Docker: as root on Debian
	@scripts/images.sh

test-images: $(DEV) $(CONTAINERS) $(MANIFEST_TOOLS) images ## Check the Dockerfiles, and run the images and Compose
	.venv-containers/bin/hadolint --config deploy/docker/hadolint.yaml deploy/docker/*.Dockerfile
	.venv-dev/bin/pytest -s tests/containers

lock: $(UV) ## Update the pinned requirements
	$(LOCK) pyproject.toml --upgrade --all-extras -c requirements/pins.in -o requirements/all.lock
	$(LOCK) pyproject.toml --upgrade --generate-hashes --extra triton \
	  -c requirements/all.lock -o requirements/serve.lock
	$(LOCK) pyproject.toml --upgrade --generate-hashes --extra triton --extra dev \
	  -c requirements/all.lock -o requirements/dev.lock
	echo uv | $(LOCK) - --upgrade --generate-hashes -o requirements/uv.txt
	for name in image s3 containers; do \
	  $(LOCK) requirements/$$name.in --upgrade --generate-hashes -o requirements/$$name.txt; done
	echo checkov | $(LOCK) - --upgrade --generate-hashes -o requirements/checkov.lock

clean: ## Remove environments and caches; keys, weights and the model stay
	rm -rf tests/kubernetes/tools/node_modules clients/typescript/node_modules clients/typescript/dist clients/typescript/build
	rm -rf .uv .triton .venv .venv-checkov .venv-containers .venv-dev .venv-model .reduced-model .mypy_cache .pytest_cache .ruff_cache
