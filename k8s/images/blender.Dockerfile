# A user's Blender (see README.md beside this). Build: scripts/images/build blender
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS packages
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-venv \
 && rm -rf /var/lib/apt/lists/*
# The venv that ships has no pip: another one fills it.
RUN python3 -m venv --without-pip /app/venv && python3 -m venv /build/venv
COPY k8s/images/blender.lock /build/
# Away with it: tests, and Cycles' and the denoiser's parts for graphics cards, which no pod has (they are opened by name
# when such a card is found; what bpy is linked with stays).
RUN --mount=type=secret,id=pip.conf --mount=type=secret,id=ca.crt --mount=type=cache,target=/root/.cache/pip \
    PIP_CONFIG_FILE=/run/secrets/pip.conf /build/venv/bin/pip --disable-pip-version-check --python /app/venv/bin/python \
    install --quiet --no-deps --require-hashes --only-binary :all: --no-compile -r /build/blender.lock \
 && find /app/venv/lib -type d -name tests -prune -exec rm -rf {} + \
 && cd /app/venv/lib/python3.11/site-packages/bpy \
 && rm -rf */scripts/addons_core/cycles/lib/*.zst */scripts/addons_core/cycles/source \
 && rm -f lib/libOpenImageDenoise_device_cuda.so* lib/libOpenImageDenoise_device_hip.so* \
          lib/libOpenImageDenoise_device_sycl.so* \
 && python3 -m compileall -q --invalidation-mode unchecked-hash /app/venv/lib

FROM ${BASE} AS system
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 tzdata libseccomp2 \
    libegl1 libgl1 libice6 libsm6 libx11-6 libxext6 libxfixes3 libxi6 libxkbcommon0 libxrender1 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
 && groupadd --gid 10001 p2m \
 && useradd --uid 10001 --gid p2m --no-create-home --home-dir /pod --shell /usr/sbin/nologin p2m \
 && install -d -o p2m -g p2m -m 0750 /pod /cache /workspace /scratch \
 && ln -s pod/snapshots /snapshots && ln -s pod/imports /imports
# /workspace, /scratch and /tmp are the user's code's, and emptied; the front keeps its own files away from them. The
# links are where the code finds snapshots and uploads on one machine, too.
ENV PATH=/app/venv/bin:/usr/bin:/bin \
    HOME=/pod \
    TMPDIR=/pod \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    P2M_HEALTH_URL=http://127.0.0.1:8765/healthz
WORKDIR /app

FROM system AS code
COPY cloud/__init__.py cloud/errors.py cloud/logs.py cloud/redaction.py /app/cloud/
COPY cloud/blender /app/cloud/blender
COPY k8s/images/health.py LICENSE /app/
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /app/cloud

# Compiled shaders and the API index: what the first Blender of a machine makes otherwise.
FROM system AS warm
COPY --from=packages /app/venv /app/venv
COPY --from=code /app /app
COPY k8s/images/warm_blender.py /build/
RUN python /build/warm_blender.py /app/cache

# The packages in a layer of their own: new code is a new layer of 3 MB, not of a gigabyte.
FROM system
COPY --from=packages /app/venv /app/venv
COPY --from=code /app /app
COPY --from=warm /app/cache /app/cache
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="prompt2mesh-blender" \
      org.opencontainers.image.description="Prompt2Mesh: a user's Blender behind MCP" \
      org.opencontainers.image.licenses="MIT AND GPL-3.0-or-later" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 10001:10001
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "/app/health.py"]
CMD ["python", "-m", "cloud.blender", "--host", "0.0.0.0", "--port", "8765", "--workspace", "/pod", \
     "--child-root", "/", \
     "--public-key", "/keys/pod.pub", "--isolation", "container", "--cache-seed", "/app/cache"]
