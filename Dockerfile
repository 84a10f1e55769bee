# syntax=docker/dockerfile:1
# The build stage makes a virtual environment from hashed wheels; nothing is compiled and nothing of it but the environment goes on.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
COPY requirements/tools.txt requirements/run.txt requirements/
RUN python -m venv /opt/uv \
 && /opt/uv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/tools.txt \
 && python -m venv --without-pip /opt/secbot \
 && VIRTUAL_ENV=/opt/secbot /opt/uv/bin/uv pip install --no-cache --only-binary :all: --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md ./
COPY bot bot
COPY commands commands
COPY renderers renderers
COPY sandbox sandbox
RUN /opt/uv/bin/python -m hatchling build -t wheel -d /tmp/wheel \
 && VIRTUAL_ENV=/opt/secbot /opt/uv/bin/uv pip install --no-cache --no-deps /tmp/wheel/*.whl \
 && python -m compileall -q /opt/secbot/lib

FROM ${BASE} AS run
# No shell tools are added. The root file system may be read-only: the bot writes nothing but, with SQLite, its database in /data.
RUN groupadd --gid 10001 secbot \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin secbot \
 && install -d -o 10001 -g 10001 /data /etc/secbot
COPY --from=build /opt/secbot /opt/secbot
ENV PATH=/opt/secbot/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SECBOT_CONFIG=/etc/secbot/secbot.yaml \
    DATABASE_URL=sqlite:////data/secbot.db
USER 10001:10001
VOLUME ["/data"]
EXPOSE 3000 8080
# Exec form, so that SIGTERM reaches the bot. ECS: stopTimeout 120, readonlyRootFilesystem true.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/live', timeout=4)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
