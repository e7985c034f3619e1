# Prosopon on an ordinary CPU. Build and run:
#   docker build -t prosopon .
#   docker run --rm -v "$PWD:/data" prosopon analyze clip.mp4 -o out
#   docker run --rm -v /archive:/archive:ro -v "$PWD:/data" prosopon batch /archive -o out --resume
FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
ARG EXTRAS=cloud,query,ray
# The version is that of the wheel just built.
# hadolint ignore=DL3013
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    set -- /wheels/prosopon-*.whl \
    && pip install --no-cache-dir "$1[$EXTRAS]" \
    && useradd --create-home --uid 1000 prosopon
# Each worker has one thread; libraries that count cores would start more.
ENV OMP_NUM_THREADS=1 PYTHONUNBUFFERED=1
USER 1000
WORKDIR /data
ENTRYPOINT ["prosopon"]
CMD ["--help"]
