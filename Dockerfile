# The service as an image: built with TLS to PostgreSQL, run as nobody on a small Debian.
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY migrations migrations
COPY src src
RUN cargo build --profile dist --locked --features postgres-tls,s3

FROM debian:bookworm-slim
# Versions come with the base image: pinning them would pin their holes.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home --uid 10001 tiendo \
    && install -d -o 10001 /var/lib/tiendo/files
COPY --from=build /build/target/dist/tiendo /usr/local/bin/tiendo
USER 10001
ENV LISTEN=0.0.0.0:8080 FILES_URL=file:/var/lib/tiendo/files
VOLUME /var/lib/tiendo/files
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["curl", "-fsS", "http://127.0.0.1:8080/health/ready"]
ENTRYPOINT ["tiendo"]
CMD ["serve"]
