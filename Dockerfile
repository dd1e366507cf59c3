# callbox in an image of its own: one static binary, certificates and time zones, no shell, no root.
#
#   docker build -t callbox .
#   docker run --network host -v callbox-data:/data callbox
#
# BUILDER is any image with Go 1.26, a CA bundle and tzdata.
ARG BUILDER=golang:1.26-bookworm
FROM ${BUILDER} AS builder
WORKDIR /src
ARG GOPROXY
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/callbox ./cmd/callbox \
 && mkdir /out/data

FROM scratch
COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=builder /usr/share/zoneinfo /usr/share/zoneinfo
COPY --from=builder /out/callbox /callbox
COPY --from=builder --chown=911:911 /out/data /data
USER 911:911
ENV CALLBOX_DATA=/data
VOLUME /data
# SIP on UDP, TCP and TLS, HTTP, and the RTP range. With host networking nothing needs publishing.
EXPOSE 5060/udp 5060/tcp 5061/tcp 8080/tcp 30000-39999/udp
ENTRYPOINT ["/callbox"]
CMD ["serve"]
