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
COPY cloud /app/cloud
COPY ui /app/ui
COPY addon/dist /app/addon/dist
COPY k8s/images/prompt2mesh /app/venv/bin/
COPY k8s/images/health.py LICENSE /app/
# What runs in a user's Blender alone stays out; what the pod tells is text that the API tells, too.
RUN rm -rf /app/cloud/blender/child /app/cloud/blender/isolation /app/ui/viewer /app/ui/studio /app/ui/views \
 && chmod 0755 /app/venv/bin/prompt2mesh \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /app/cloud /app/ui

FROM ${BASE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="prompt2mesh-api" \
      org.opencontainers.image.description="Prompt2Mesh: the API, the job runner and the database migrations" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 tzdata \
 && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log \
 && groupadd --gid 10001 p2m \
 && useradd --uid 10001 --gid p2m --no-create-home --home-dir /tmp --shell /usr/sbin/nologin p2m \
 && install -d -o p2m -g p2m -m 0750 /data
COPY --from=packages /app /app
ENV PATH=/app/venv/bin:/usr/bin:/bin \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    P2M_DATA_DIR=/data \
    P2M_EXTENSION_DIR=/app/addon/dist
WORKDIR /app
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "/app/health.py"]
CMD ["python", "-m", "cloud.api", "--host", "0.0.0.0", "--port", "8000"]
