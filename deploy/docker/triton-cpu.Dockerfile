# A Triton server for CPUs: the gateway's image, with the model, and tritonserver from NVIDIA's PyPI package.
ARG GATEWAY=localhost/clearbg:dev
FROM ${GATEWAY} AS build
# hadolint ignore=DL3002 # only this stage
USER root
ARG PIP_INDEX_URL
ENV XDG_CACHE_HOME=/cache
COPY requirements/triton.txt /
RUN --mount=type=cache,target=/cache \
    python3 -m venv /tools \
    && /tools/bin/pip install --no-deps --require-hashes --target /triton -r /triton.txt
# The base image's own libpython: that of the package expects modules as files which Debian's Python,
# for example, has built in.
RUN ln -sf "$(python3 -c 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))')/libpython3.13.so.1.0" \
    /triton/nvidia_pytriton.libs/libpython3-*.13.so.1.0

FROM ${GATEWAY}
COPY --from=build /triton /opt/clearbg/triton
EXPOSE 8001 8002
HEALTHCHECK --interval=15s --timeout=10s --start-period=120s \
    CMD ["python3", "-c", "import tritonclient.grpc as t; assert t.InferenceServerClient('127.0.0.1:8001').is_model_ready('isnet')"]
CMD ["triton"]
