# A run keeps everything under /data: mount a volume there that the user (1000, or whom you name) may write to. What it needs
# to know beside that comes from variables and a mounted /flow/flow.toml, never into the image.
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
COPY . /flow
WORKDIR /flow
RUN make setup && useradd --uid 1000 --create-home flow && install -d -o flow /data
ENV PATH=/flow/.venv/bin:$PATH FLOW_DATA=/data NUMBA_CACHE_DIR=/tmp/numba
USER 1000
CMD ["flow", "run"]
