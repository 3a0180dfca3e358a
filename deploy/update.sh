#!/bin/sh
# Replaces the containers of a service by containers of the image and the settings of now, with no moment without one:
# first as many new ones, and once they are healthy the old ones are stopped one by one, each finishing what is under way.
#
#   docker compose build
#   sh deploy/update.sh worker && sh deploy/update.sh api
set -eu
service=${1:?name the service: worker or api}
old=$(docker compose ps --quiet "$service")
count=$(echo "$old" | grep -c . || true)
if [ "$count" -eq 0 ]; then
  echo "There is no $service yet: docker compose up --detach" >&2
  exit 1
fi
# A port of this machine leads to one container only.
if [ -n "$(docker compose port "$service" 3000 2>/dev/null | grep -v ':0$' || true)" ]; then
  echo "$service is published by itself (deploy/https.yml puts a proxy in front of it): it is away for some seconds."
  docker compose up --detach --no-deps --wait "$service"
  exit
fi
scale() {
  docker compose up --detach --no-deps --no-recreate --wait --scale "$service=$1" "$service"
}
scale $((count * 2))
for container in $old; do
  docker stop "$container"
  docker rm "$container"
done
scale "$count"
