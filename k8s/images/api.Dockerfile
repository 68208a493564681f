# The API, the job runner and the migrations: one image, three commands (see README.md beside this).
# Build: scripts/images/build api
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS packages
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-venv \
 && rm -rf /var/lib/apt/lists/*
# The venv that ships has no pip: another one fills it.
RUN python3 -m venv --without-pip /app/venv && python3 -m venv /build/venv
COPY k8s/images/api.lock /build/
RUN --mount=type=secret,id=pip.conf --mount=type=secret,id=ca.crt --mount=type=cache,target=/root/.cache/pip \
    PIP_CONFIG_FILE=/run/secrets/pip.conf /build/venv/bin/pip --disable-pip-version-check --python /app/venv/bin/python \
    install --quiet --no-deps --require-hashes --only-binary :all: --no-compile -r /build/api.lock \
 && find /app/venv/lib -type d -name tests -prune -exec rm -rf {} + \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /app/venv/lib
COPY addon/dist /app/addon/dist
COPY cloud /app/cloud
COPY ui /app/ui
COPY k8s/images/prompt2mesh /app/venv/bin/
COPY k8s/images/health.py LICENSE /app/
# The pages of shared scenes show the UI's 3D viewer; the command line uses the UI's client of the API.
RUN test -s /app/ui/viewer/dist/viewer.js \
 && chmod 0755 /app/venv/bin/prompt2mesh \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /app/cloud /app/ui
# A package that is imported late, or by another one, is missed here and not by the first user.
RUN PYTHONPATH=/app /app/venv/bin/python -c \
    "import cloud.api.app, cloud.cli.commands, cloud.db.migrate, procrastinate, cloud.fleet.kubernetes_client, cloud.jobs.service"

FROM ${BASE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 tzdata \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
 && groupadd --gid 10001 p2m \
 && useradd --uid 10001 --gid p2m --no-create-home --home-dir /tmp --shell /usr/sbin/nologin p2m \
 && install -d -o p2m -g p2m -m 0750 /data
COPY --from=packages /app /app
ENV PATH=/app/venv/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    P2M_DATA_DIR=/data \
    P2M_EXTENSION_DIR=/app/addon/dist
WORKDIR /app
ARG VERSION=0.0.0
ARG REVISION=unknown
# What the API calls its version.
RUN cd /app/venv/lib/python3.11/site-packages \
 && mkdir "prompt2mesh-${VERSION}.dist-info" \
 && printf 'Metadata-Version: 2.1\nName: prompt2mesh\nVersion: %s\n' "${VERSION}" \
    > "prompt2mesh-${VERSION}.dist-info/METADATA"
LABEL org.opencontainers.image.title="prompt2mesh-api" \
      org.opencontainers.image.description="Prompt2Mesh: the API, the job runner and the database migrations" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "/app/health.py"]
CMD ["python", "-m", "cloud.api", "--host", "0.0.0.0", "--port", "8000"]
