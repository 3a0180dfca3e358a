# What docker-compose.yml and deploy/https.yml take from a registry, made of Debian's packages and of programs that
# `npm run containers` has built from their Go modules and put into the context: users, folders and commands are those of
# the true images.
ARG NODE_IMAGE
ARG APP_IMAGE
FROM ${APP_IMAGE} AS app

FROM ${NODE_IMAGE} AS postgresql
RUN useradd --system --uid 999 --user-group --home-dir /var/lib/postgresql postgres \
  && apt-get update && apt-get install --yes --no-install-recommends postgresql-common \
  && sed -i 's/^#create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf \
  && apt-get install --yes --no-install-recommends postgresql && rm -rf /var/lib/apt/lists/* \
  && ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin/ ; \
  install -d -o postgres -g postgres -m 700 /var/lib/postgresql/data
COPY postgresql.sh /usr/local/bin/docker-entrypoint.sh
ENV PGDATA=/var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["/bin/sh", "/usr/local/bin/docker-entrypoint.sh"]

# FerretDB under the names of MongoDB's programs. It keeps its data in SQLite and knows no users.
FROM ${NODE_IMAGE} AS mongodb
RUN useradd --system --uid 999 --user-group mongodb && install -d -o mongodb -g mongodb /data/db
COPY --from=app /app/node_modules /app/node_modules
COPY ferretdb mongod mongosh mongodump mongorestore /usr/local/bin/
COPY mongo-archive.mjs /app/
VOLUME /data/db
CMD ["mongod"]

FROM ${NODE_IMAGE} AS temporal-base
RUN apt-get update && apt-get install --yes --no-install-recommends netcat-openbsd && rm -rf /var/lib/apt/lists/*

FROM temporal-base AS temporal
COPY temporal-server /usr/local/bin/
COPY temporal-entrypoint.sh /etc/temporal/entrypoint.sh
WORKDIR /etc/temporal
USER node
CMD ["bash", "/etc/temporal/entrypoint.sh"]

FROM temporal-base AS temporal-admin-tools
COPY temporal temporal-sql-tool /usr/local/bin/
COPY temporal-schema /etc/temporal/schema
USER node

FROM temporal-base AS temporal-ui
WORKDIR /home/ui-server
COPY ui-server ./
COPY ui-server.yaml ./config/docker.yaml
USER node
ENTRYPOINT ["./ui-server", "--env", "docker", "start"]

FROM ${NODE_IMAGE} AS proxy
COPY caddy /usr/local/bin/
RUN install -d /data /config
ENV XDG_DATA_HOME=/data XDG_CONFIG_HOME=/config
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile"]
