# Both base images can be replaced, for example by a mirror's: --build-arg RUST_IMAGE=…
ARG RUST_IMAGE=rust:1-slim-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${RUST_IMAGE} AS build
WORKDIR /src
# Query data is committed, so building needs no database.
ENV SQLX_OFFLINE=true CARGO_PROFILE_RELEASE_STRIP=debuginfo
COPY Cargo.toml Cargo.lock config.example.toml ./
COPY .sqlx ./.sqlx
COPY assets ./assets
COPY migrations ./migrations
COPY src ./src
COPY tests/gateways ./tests/gateways
# Whoever builds behind a mirror passes a cargo configuration: --secret id=cargo-config,src=config.toml
RUN --mount=type=secret,id=cargo-config,target=/usr/local/cargo/config.toml \
    --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --bin kaquan \
    && cp target/release/kaquan /kaquan

FROM ${RUNTIME_IMAGE}
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin kaquan
# The platforms are reached over TLS; the build image has the authorities already.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/config.example.toml /etc/kaquan/config.example.toml
COPY --from=build /kaquan /usr/local/bin/kaquan
USER 10001:10001
# There is no Postgres in this image: give it DATABASE_URL.
ENV KAQUAN__SERVER__LISTEN=0.0.0.0:8080 KAQUAN__METRICS__LISTEN=0.0.0.0:9090
EXPOSE 8080 9090
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["kaquan", "health"]
ENTRYPOINT ["kaquan"]
CMD ["serve"]
