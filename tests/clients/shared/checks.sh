# What the checks of programs on the command line share.
export PSQLRC=/dev/null PGCONNECT_TIMEOUT=10

# check NAME COMMAND...: the command prints nothing when all is well, and otherwise why it is not.
check() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1) && [ -z "$said" ]; then echo "ok - $name"; else echo "not ok - $name: $(tr '\n' ' ' <<<"${said:-failed}" | cut -c1-300)"; fi
}
skip() { echo "ok - $1 # SKIP $2"; }
same() { [ "$1" == "$2" ] || echo "wanted <$2>, got <$1>"; }
has() { [[ "$1" == *"$2"* ]] || echo "<$2> is not in <${1:0:400}>"; }
hasnt() { [[ "$1" != *"$2"* ]] || echo "<$2> is in <${1:0:400}>"; }
q() { psql -XAtq -v ON_ERROR_STOP=1 "$@" 2>&1; }

# program NAME: one of the programs that came with the server, or the newest that is installed.
program() {
  local found
  if [ -x "$PSQL_BIN/$1" ]; then found=$PSQL_BIN/$1; else found=$(ls /usr/lib/postgresql/*/bin/"$1" | sort -V | tail -1); fi
  echo "$found"
}
