# To be sourced: `start_postgres` starts a cluster of our own in a temporary folder and sets PG_URL; it is stopped on exit. PostgreSQL
# is installed from the distribution when it is missing, as root or with sudo.

find_postgres() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else return 1; fi; }
# PostgreSQL refuses to run as root.
pg() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

start_postgres() {
    bin=$(find_postgres)
    if [ -z "$bin" ]; then
        echo "$0: PostgreSQL is missing; installing it"
        as_root apt-get update -q >/dev/null && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy postgresql >/dev/null \
            || { echo "$0: install the package postgresql (neither root nor sudo here)"; exit 1; }
        bin=$(find_postgres)
    fi
    pg_folder=$(mktemp -d)
    chmod 755 "$pg_folder"
    if [ "$(id -u)" = 0 ]; then chown postgres "$pg_folder"; fi
    trap stop_postgres EXIT
    local port="" candidate
    for candidate in $(seq 54320 54399); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null; then port=$candidate; break; fi
    done
    [ -n "$port" ] || { echo "$0: no free port"; exit 1; }
    (
        cd /
        pg "$bin/initdb" -D "$pg_folder/data" -U tiendo -A trust -E UTF8 --locale=C >/dev/null
        pg "$bin/pg_ctl" -D "$pg_folder/data" -w -l "$pg_folder/log" -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$pg_folder -c max_connections=300 $*" start >/dev/null
    )
    PG_URL="postgres://tiendo@127.0.0.1:$port"
}

stop_postgres() { (cd / && pg "$bin/pg_ctl" -D "$pg_folder/data" -m immediate stop >/dev/null 2>&1) || true; rm -rf "$pg_folder"; }
