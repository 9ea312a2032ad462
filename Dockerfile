# The control plane, and the guard that releases it. Stage one builds, stage two runs: no compiler, no pip cache, no root.
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/interlock
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/interlock/bin/pip install --no-cache-dir '.[control,embedded]'

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 interlock
COPY --from=build /opt/interlock /opt/interlock
COPY render-startup.sh /usr/local/bin/
ENV PATH=/opt/interlock/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    INTERLOCK_HOST=0.0.0.0 \
    INTERLOCK_PROJECT__CONFIG=interlock:control/persistence/alembic.ini
USER interlock
WORKDIR /home/interlock
EXPOSE 8000
CMD ["render-startup.sh"]
