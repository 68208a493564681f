# The web UI (see README.md beside this). Build: scripts/images/build ui
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS packages
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-venv \
 && rm -rf /var/lib/apt/lists/*
# The venv that ships has no pip: another one fills it.
RUN python3 -m venv --without-pip /app/venv && python3 -m venv /build/venv
COPY k8s/images/ui.lock /build/
RUN --mount=type=secret,id=pip.conf --mount=type=secret,id=ca.crt --mount=type=cache,target=/root/.cache/pip \
    PIP_CONFIG_FILE=/run/secrets/pip.conf /build/venv/bin/pip --disable-pip-version-check --python /app/venv/bin/python \
    install --quiet --no-deps --require-hashes --only-binary :all: --no-compile -r /build/ui.lock \
 && find /app/venv/lib -type d -name tests -prune -exec rm -rf {} + \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /app/venv/lib
COPY ui /app/ui
COPY k8s/images/health.py LICENSE /app/
RUN test -s /app/ui/viewer/dist/viewer.js \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /app/ui
# A package that is imported late, or by another one, is missed here and not by the first user.
RUN cd /tmp && PYTHONPATH=/app P2M_API_URL=http://api /app/venv/bin/python -c "import ui.app, ui.studio_project, ui.prompt_form"

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
    P2M_HEALTH_URL=http://127.0.0.1:8501/_stcore/health
WORKDIR /app
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="prompt2mesh-ui" \
      org.opencontainers.image.description="Prompt2Mesh: the web UI" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 10001:10001
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "/app/health.py"]
CMD ["python", "-m", "ui", "--host", "0.0.0.0", "--port", "8501"]
