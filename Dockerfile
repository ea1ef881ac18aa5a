# The serving image: gateway, worker or both, with the networks; no torch, no compiler, no root.
FROM python:3.11-slim-bookworm AS build

WORKDIR /src
RUN python3 -m venv /opt/rialto
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY bridge bridge
COPY export export
COPY service service
COPY rialto rialto
RUN /opt/rialto/bin/pip install --no-cache-dir --disable-pip-version-check \
      --constraint constraints.txt . \
    && find /opt/rialto -name __pycache__ -prune -exec rm -rf {} +

FROM python:3.11-slim-bookworm

RUN useradd --system --uid 10001 --home-dir /var/lib/rialto --create-home rialto
COPY --from=build /opt/rialto /opt/rialto
COPY model_repo /opt/rialto/model_repo

ENV PATH=/opt/rialto/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    RIALTO_HOST=0.0.0.0 \
    RIALTO_MODEL_REPO=/opt/rialto/model_repo \
    RIALTO_CACHE=/var/lib/rialto/cache \
    RIALTO_DATA=/var/lib/rialto/data
USER 10001
VOLUME /var/lib/rialto
EXPOSE 8000 9400
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["rialto", "health"]
ENTRYPOINT ["rialto"]
CMD ["serve"]
