# Two programs: `docker build .` makes the exporter, `docker build --target webhook .` the printer of alerts for compose.yaml.
FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo build --locked --release --bin platform_exporter --example webhook

FROM debian:bookworm-slim AS webhook
COPY --from=build /source/target/release/examples/webhook /usr/local/bin/
USER 65534:65534
ENTRYPOINT ["webhook"]

# Mozilla's roots are built in, and it writes nothing unless told where.
FROM debian:bookworm-slim
COPY --from=build /source/target/release/platform_exporter /usr/local/bin/
USER 65534:65534
EXPOSE 10048
ENTRYPOINT ["platform_exporter"]
