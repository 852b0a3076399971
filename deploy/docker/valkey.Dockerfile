# Valkey from Debian's packages, for compose.yaml: counts and masks, which may be lost.
ARG BASE=python:3.13-slim
FROM ${BASE}
# hadolint ignore=DL3008 # the newest security updates of Debian's stable release are wanted
RUN apt-get update \
    && apt-get install -y --no-install-recommends valkey-server valkey-tools \
    && rm -rf /var/lib/apt/lists/*
USER valkey
EXPOSE 6379
HEALTHCHECK --interval=5s CMD ["valkey-cli", "ping"]
# Protected mode would reject other hosts; only the network of compose.yaml reaches this port.
ENTRYPOINT ["valkey-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", \
    "--maxmemory", "128mb", "--maxmemory-policy", "allkeys-lru"]
