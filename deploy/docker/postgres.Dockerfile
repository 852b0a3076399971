# PostgreSQL from Debian's packages, for compose.yaml: where there is no image registry, and for one machine.
ARG BASE=python:3.13-slim
FROM ${BASE}
# hadolint ignore=DL3008 # the newest security updates of Debian's stable release are wanted
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql \
    && rm -rf /var/lib/apt/lists/* /var/lib/postgresql \
    && install --directory --owner postgres --group postgres --mode 0700 /var/lib/postgresql
COPY deploy/docker/postgres.sh /usr/local/bin/
USER postgres
VOLUME /var/lib/postgresql
EXPOSE 5432
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --start-period=30s CMD ["pg_isready", "--quiet", "--host=127.0.0.1"]
ENTRYPOINT ["postgres.sh"]
