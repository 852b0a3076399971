# A Triton server for GPUs: NVIDIA's image and the model that `make model` has built.
#   make model && docker build -t localhost/triton:dev -f deploy/docker/triton.Dockerfile .
# NOT BUILT AND NOT RUN YET: only hadolint has checked this file. For CPUs, see triton-cpu.Dockerfile.
ARG BASE=nvcr.io/nvidia/tritonserver:26.05-py3
FROM ${BASE}
COPY model_repository /models
USER 1000:1000
EXPOSE 8001 8002
HEALTHCHECK --interval=15s --timeout=5s --start-period=600s \
    CMD ["curl", "--fail", "--silent", "http://127.0.0.1:8000/v2/health/ready"]
CMD ["tritonserver", "--model-repository=/models", "--grpc-http2-min-recv-ping-interval-without-data=10000"]
