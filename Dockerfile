# Barnabas in a container.
#
#   docker build -t barnabas .
#   docker run -d --name barnabas -p 9092:9092 -v barnabas:/var/lib/barnabas barnabas
#   docker exec barnabas barnabas topic list
#
# Settings are variables, under the names of the image apache/kafka or our own (docs/configuration.md), or arguments:
#
#   docker run -e KAFKA_NUM_PARTITIONS=6 -e BARNABAS_DURABILITY=page-cache barnabas --set log.retention.hours=24
#   docker run --rm -p 9092:9092 barnabas --dev
#
# Metrics are for the container alone unless BARNABAS_HTTP_LISTENER=:8080 is set and 8080 published (docs/metrics.md).
#
# A client is told the address by which it came. Published under another number (-p 19092:9092), or reached through
# another host, the broker needs KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://HOST:19092. The health check asks
# localhost:9092, or what BARNABAS_BROKERS says.

FROM debian:bookworm AS build
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates make
COPY . .
RUN make package

FROM debian:bookworm-slim
# A user of one number everywhere, so that a volume is readable under the next image, and Kubernetes sees that it is not root.
RUN addgroup --system --gid 9092 barnabas \
 && adduser --system --uid 9092 --gid 9092 --no-create-home --home /var/lib/barnabas barnabas
COPY --from=build /src/build/package/barnabas_*.deb /tmp/
# librdkafka1: for barnabas produce and consume.
RUN apt-get update \
 && apt-get install -y --no-install-recommends librdkafka1 /tmp/barnabas_*.deb \
 && rm -rf /var/lib/apt/lists/* /tmp/barnabas_*.deb
# Without log.dirs the data is in XDG_DATA_HOME/barnabas: here, and still nowhere with --dev.
ENV XDG_DATA_HOME=/var/lib
USER 9092:9092
VOLUME /var/lib/barnabas
EXPOSE 9092
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["barnabas", "cluster", "info", "--timeout", "4s"]
ENTRYPOINT ["barnabas", "serve"]
