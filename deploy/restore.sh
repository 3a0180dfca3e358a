#!/bin/sh
# Puts a backup of deploy/backup.sh in the place of whatever is there, and starts everything. With the .env of that time:
# the keys in it decrypt what the databases hold.
#
#   sh deploy/restore.sh backups/2026-11-27
set -eu
from=${1:?name the folder of the backup}
for file in temporal.dump temporal_visibility.dump live_chat.archive; do
  [ -s "$from/$file" ] || { echo "$from/$file is missing or empty: nothing was changed." >&2; exit 1; }
done

docker compose stop api worker temporal-ui temporal
docker compose up --detach --wait postgresql mongodb

postgresql() {
  docker compose exec --no-TTY postgresql "$@"
}
for database in temporal temporal_visibility; do
  postgresql dropdb --username temporal --if-exists --force "$database"
  postgresql createdb --username temporal "$database"
  postgresql pg_restore --username temporal --dbname "$database" --exit-on-error < "$from/$database.dump"
done
docker compose exec --no-TTY mongodb sh -c '
  umask 077
  echo "password: $MONGO_INITDB_ROOT_PASSWORD" > /tmp/mongorestore.yml
  trap "rm /tmp/mongorestore.yml" EXIT
  mongorestore --config /tmp/mongorestore.yml --username root --authenticationDatabase admin --archive --drop --quiet
' < "$from/live_chat.archive"

docker compose up --detach
echo "The backup is restored. Visitors whose page was open meanwhile have to reload it."
