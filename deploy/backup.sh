#!/bin/sh
# Backs up everything that is kept, apart from .env: Temporal's two databases and MongoDB's, into a new folder.
#
#   sh deploy/backup.sh backups/2026-11-27
#
# The workers stand still meanwhile: what Temporal knows of a chat and what MongoDB has of it are then the same, and a
# restore needs both. Visitors go on writing, with their ✓; what they write is relayed when the workers are back.
set -eu
umask 077
into=${1:?name a folder for the backup}
mkdir -p "$(dirname "$into")"
mkdir "$into"

trap 'docker compose start worker' EXIT
# Ends when the activities under way have ended.
docker compose stop worker

dump_database() {
  docker compose exec --no-TTY postgresql pg_dump --username temporal --format custom "$1" > "$into/$1.dump"
}
# In this order: a workflow that began in between is listed without being there, and not the other way round.
dump_database temporal
dump_database temporal_visibility
docker compose exec --no-TTY mongodb sh -c '
  umask 077
  echo "password: $MONGO_INITDB_ROOT_PASSWORD" > /tmp/mongodump.yml
  trap "rm /tmp/mongodump.yml" EXIT
  mongodump --config /tmp/mongodump.yml --username root --authenticationDatabase admin --db live_chat --archive --quiet
' > "$into/live_chat.archive"
echo "$into has temporal.dump, temporal_visibility.dump and live_chat.archive. Keep .env too, in another place."
