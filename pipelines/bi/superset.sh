#!/usr/bin/env bash
# Show the ready-made dashboard over data/ in Apache Superset, on this machine only. Run by `make dashboard`.
set -euo pipefail
cd "$(dirname "$0")/../.."

home=$PWD/.state/superset
bin=$home/venv/bin
data=${FLOW_DATA:-data}
[ -e "$data/flow.duckdb" ] || { echo "There is no $data/flow.duckdb yet: make run, or flow run, publishes it." >&2; exit 1; }

mkdir -p -m 700 "$home"
if ! cmp -s pipelines/bi/superset.lock "$home/installed.lock"; then
  echo "Installing Superset into .state/superset (800 MB, a few minutes, once)"
  .venv/bin/python -m venv --clear "$home/venv"
  .venv/bin/uv pip sync --quiet --python "$bin/python" pipelines/bi/superset.lock
  cp pipelines/bi/superset.lock "$home/installed.lock"
fi
[ -s "$home/secret" ] || (umask 077; "$bin/python" -c "import secrets; print(secrets.token_hex(32))" > "$home/secret")
[ -s "$home/password" ] || (umask 077; "$bin/python" -c "import secrets; print(secrets.token_urlsafe(9))" > "$home/password")

export SUPERSET_HOME=$home FLASK_APP=superset SUPERSET_SECRET_KEY SUPERSET_LOG_LEVEL=ERROR
SUPERSET_SECRET_KEY=$(cat "$home/secret")
superset() { "$bin/superset" "$@" >> "$home/log" 2>&1 || { tail -n 20 "$home/log" >&2; exit 1; }; }

if [ ! -e "$home/ready" ]; then
  superset db upgrade
  superset fab create-admin --username admin --firstname Flow --lastname Admin --email admin@localhost --password "$(cat "$home/password")"
  superset init
  touch "$home/ready"
fi
.venv/bin/python -m pipelines.bi.superset --data "$data" --archive "$home/dashboard.zip"
rm -rf "$home/flow"
.venv/bin/python -m zipfile -e "$home/dashboard.zip" "$home"
superset import-directory --overwrite "$home/flow"

echo "http://localhost:${PORT:-8088}/superset/dashboard/flow/   user admin, password $(cat "$home/password")   (Ctrl-C ends it)"
exec "$bin/superset" run --host 127.0.0.1 --port "${PORT:-8088}" >> "$home/log" 2>&1
