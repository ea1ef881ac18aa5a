# Targets: `serve` (the default) is gateway, worker or both, with the networks; no torch, no compiler,
# no root. `triton` is NVIDIA's server with the same networks. `train` trains and exports.
ARG TRITON_BASE=tritonserver:25.09-py3

FROM python:3.11-slim-bookworm AS build

WORKDIR /src
RUN python3 -m venv /opt/rialto
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bridge bridge
COPY export export
COPY service service
COPY rialto rialto
RUN /opt/rialto/bin/pip install --no-cache-dir --disable-pip-version-check \
      --constraint constraints.txt '.[traces,oidc]' \
    && find /opt/rialto -name __pycache__ -prune -exec rm -rf {} +

FROM python:3.11-slim-bookworm AS serve

RUN useradd --system --uid 10001 --home-dir /var/lib/rialto --create-home rialto
COPY --from=build /opt/rialto /opt/rialto
COPY model_repo /opt/rialto/model_repo

ENV PATH=/opt/rialto/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    RIALTO_HOST=0.0.0.0 \
    RIALTO_METRICS_PORT=9400 \
    RIALTO_MODEL_REPO=/opt/rialto/model_repo \
    RIALTO_CACHE=/var/lib/rialto/cache \
    RIALTO_DATA=/var/lib/rialto/data
USER 10001
VOLUME /var/lib/rialto
EXPOSE 8000 9400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s --retries=3 CMD ["rialto", "health"]
ENTRYPOINT ["rialto"]
CMD ["serve"]

# hadolint ignore=DL3006 -- the tag is the argument's
FROM ${TRITON_BASE} AS triton

# Of NVIDIA's own: its user is 1000. Models are read, never written; nothing is polled for.
COPY --chown=0:0 model_repo /models
USER 1000
EXPOSE 8001 8002 8003
ENTRYPOINT ["tritonserver"]
CMD ["--model-repository=/models", "--model-config-name=onnxruntime", \
     "--model-control-mode=explicit", "--load-model=*", "--grpc-port=8001", "--metrics-port=8002", \
     "--http-port=8003", "--exit-on-error=true", "--disable-auto-complete-config"]

FROM python:3.11-slim-bookworm AS train

WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bridge bridge
COPY export export
COPY service service
COPY rialto rialto
RUN pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt '.[train,export]'
COPY model_repo model_repo
RUN useradd --system --uid 10001 --home-dir /runs --create-home rialto
USER 10001
WORKDIR /runs
ENTRYPOINT ["rialto"]
CMD ["train", "--help"]

# What is built where no target is named.
FROM serve
