# shellcheck shell=bash
# To be sourced, from the root of the checkout: what the programs that call from outside need. TIENDO names another binary than that of
# `cargo build`; what is installed lies under target/, from files that pin every version. Logs go to the folder $work.

. tests/postgres.sh # as_root
tiendo=$(realpath -m "${TIENDO:-${CARGO_TARGET_DIR:-target}/debug/tiendo}")
servers=()

have_tiendo() { [ -x "$tiendo" ] || cargo build --locked; }

# `package NAME` installs a package of the distribution.
package() {
    echo "$0: $1 is missing; installing it"
    as_root apt-get update -q >/dev/null && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy "$1" >/dev/null \
        || { echo "$0: install the package $1 (neither root nor sudo here)"; return 1; }
}

# `python_with FILE NAME` sets `python` to one that has what the file asks for, and nothing else.
python_with() {
    local folder=target/outside/$2 stamp
    stamp=$(sha256sum <"$1")
    # Not resolved: it knows its folder by the link.
    python=$PWD/$folder/bin/python
    [ "$(cat "$folder/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    rm -rf "$folder"
    mkdir -p target/outside
    command -v python3 >/dev/null || { echo "$0: install python3 (3.11 or later)"; return 1; }
    # Debian keeps it apart from python3.
    python3 -c 'import ensurepip, venv' 2>/dev/null || package python3-venv
    python3 -m venv "$folder"
    "$python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r "$1"
    echo "$stamp" >"$folder/stamp"
}

# `typescript_in FOLDER NAME` sets `typescript` to a copy with what its package-lock.json names, where `built/` has it compiled. Types of the
# document are in `api.ts` for whoever has openapi-typescript.
typescript_in() {
    typescript=target/outside/$2
    for program in node npm; do command -v $program >/dev/null || { echo "$0: $program is missing: install node (20 or later) and npm"; return 1; }; done
    [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || { echo "$0: node is too old: $(node --version), 20 is needed"; return 1; }
    mkdir -p "$typescript"
    cp "$1"/* "$typescript/"
    (
        cd "$typescript"
        if ! cmp -s package-lock.json node_modules/stamp; then
            npm ci --silent --no-audit --no-fund --ignore-scripts
            cp package-lock.json node_modules/stamp
        fi
        [ ! -d node_modules/openapi-typescript ] || npx --no-install openapi-typescript ../../../openapi/openapi.json --output api.ts >/dev/null
        npx --no-install tsc
    )
}

# The address of a port that is free on this machine.
free_address() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print("127.0.0.1:%d" % s.getsockname()[1])'; }

# `serve NAME ARGUMENTS…` starts a server in the background and waits until it is ready; its log is $work/NAME.log, its address $url.
serve() {
    local log=$work/$1.log
    shift
    "$tiendo" "$@" >"$log" 2>&1 &
    servers+=($!)
    for _ in $(seq 600); do
        url=$(sed -n 's/^listening on //p' "$log")
        if [ -n "$url" ]; then return 0; fi
        kill -0 "${servers[-1]}" 2>/dev/null || break
        sleep 0.1
    done
    echo "$0: the server did not start"
    tail -n 5 "$log"
    return 1
}
