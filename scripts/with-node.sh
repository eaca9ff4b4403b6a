#!/bin/sh
# Runs a TypeScript file on Node 24 or newer, installing the npm dependencies first where they are missing or older than
# package-lock.json: `npm test` and `npm run lab` start from a bare clone, whatever Node the machine itself has.
set -eu
top=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
# Behind a link the dependencies are another checkout's: npm would empty that one.
if [ ! -L "$top/node_modules" ] && [ ! "$top/node_modules/.package-lock.json" -nt "$top/package-lock.json" ]; then
  echo "installing the npm dependencies (npm ci)" >&2
  (cd "$top" && npm ci --no-fund --no-audit --loglevel=error >&2 && touch node_modules/.package-lock.json)
fi
PATH=$top/node_modules/.bin:$PATH
node=$top/node_modules/.bin/node
[ -x "$node" ] || node=node
exec "$node" --disable-warning=ExperimentalWarning "$@"
