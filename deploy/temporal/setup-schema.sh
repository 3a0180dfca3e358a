#!/bin/sh
# Creates Temporal's two databases in PostgreSQL, or brings their tables up to the version of this image. Runs to its end
# before the server starts; running it again changes nothing. SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD say where.
set -eu

schema=/etc/temporal/schema/postgresql/v12

set_up() {
  database=$1
  versions=$2
  temporal-sql-tool --plugin postgres12 --database "$database" create-database
  temporal-sql-tool --plugin postgres12 --database "$database" setup-schema --version 0.0
  temporal-sql-tool --plugin postgres12 --database "$database" update-schema --schema-dir "$versions"
}

set_up temporal "$schema/temporal/versioned"
set_up temporal_visibility "$schema/visibility/versioned"
echo "Temporal's databases are up to date."
