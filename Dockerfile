# The program is built with the whole tool chain and shipped without it.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY templates templates
COPY static static
COPY content content
COPY locales locales
COPY migrations migrations
COPY benches benches
RUN cargo build --locked --profile dist --bin postern

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --home-dir /var/lib/postern --create-home postern
COPY --from=build /src/target/dist/postern /usr/local/bin/postern
USER postern
WORKDIR /var/lib/postern
VOLUME /var/lib/postern/data
EXPOSE 8080 10031
ENV POSTERN_HTTP__LISTEN=0.0.0.0:8080 POSTERN_GATEWAYS__POLICY__LISTEN=0.0.0.0:10031
ENTRYPOINT ["/usr/local/bin/postern"]
CMD ["serve"]
