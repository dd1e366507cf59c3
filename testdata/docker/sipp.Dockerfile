# SIPp with the scenarios, for the load profile of docker-compose.yml.
ARG DEBIAN=debian:bookworm-slim
FROM ${DEBIAN}
RUN apt-get update \
 && apt-get install -y --no-install-recommends sip-tester \
 && rm -rf /var/lib/apt/lists/*
COPY sipp /scenarios
USER 911:911
WORKDIR /tmp
ENTRYPOINT ["sipp"]
