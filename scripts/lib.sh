# Shared by the scripts in this folder: messages, cargo, and what the system must have. Sourced, not run.
# shellcheck shell=bash

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
readonly root

say() { printf '%s\n' "$*" >&2; }

die() {
    say "error: $*"
    exit 2
}

# What the build and the tests need: a Debian package, and a test that tells whether it is there already, however it
# came there. One line each: package|test
build_needs() {
    cat <<'NEEDS'
gcc|command -v cc
libc6-dev|echo '#include <stdlib.h>' | cc -E -
git|command -v git
pkg-config|command -v pkg-config
libzmq3-dev|pkg-config --exists libzmq
protobuf-compiler|command -v protoc
libprotobuf-dev|test -e "$(dirname "$(dirname "$(command -v protoc)")")/include/google/protobuf/empty.proto"
ca-certificates|test -e /etc/ssl/certs/ca-certificates.crt || test -e /etc/ssl/cert.pem
NEEDS
}

test_needs() {
    cat <<'NEEDS'
etcd-server|command -v etcd
etcd-client|command -v etcdctl
iproute2|command -v ip
nftables|command -v nft
python3|command -v python3
chromium|command -v chromium || command -v chromium-browser || command -v google-chrome
nodejs|command -v node
npm|command -v npm
tmux|command -v tmux
NEEDS
}

# Reads needs, prints the packages whose test fails.
missing_of() {
    local package probe
    while IFS='|' read -r package probe; do
        (eval "$probe") >/dev/null 2>&1 </dev/null || printf '%s\n' "$package"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "need root or sudo to run: $*"
    fi
}

# Runs quietly; what it said is shown only when it fails.
quietly() {
    local log status=0
    log="$(mktemp)"
    "$@" >"$log" 2>&1 || status=$?
    [ "$status" -eq 0 ] || cat "$log" >&2
    rm -f "$log"
    return "$status"
}

# Installs the packages that are named, on Debian and Ubuntu.
install_packages() {
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        die "please install what these Debian packages hold, then run this again: $*"
    say "installing: $*"
    local etcd_ran=no
    if pgrep -x etcd >/dev/null 2>&1; then etcd_ran=yes; fi
    quietly as_root apt-get update -qq || say "warning: the package lists could not be renewed; trying the ones at hand"
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" ||
        die "apt-get could not install: $*"
    # Debian starts an etcd of its own after installing it. The tests start theirs; nobody asked for another.
    case " $* " in
    *" etcd-server "*)
        if [ "$etcd_ran" = no ] && [ -d /run/systemd/system ]; then
            quietly as_root systemctl disable --now etcd.service || true
        fi
        ;;
    esac
}

# Ubuntu has no chromium package that works without snap: there the browser's test says that it did not run.
without_what_cannot_be() {
    local package
    for package in "$@"; do
        if [ "$package" = chromium ] && grep -qs '^ID=ubuntu' /etc/os-release; then
            say "not installed: chromium (on Ubuntu: snap install chromium); the test of the map will say that it did not run"
        else
            printf '%s\n' "$package"
        fi
    done
}

install_build_needs() {
    local missing
    mapfile -t missing < <(build_needs | missing_of)
    install_packages "${missing[@]}"
}

install_test_needs() {
    local missing
    mapfile -t missing < <(test_needs | missing_of)
    mapfile -t missing < <(without_what_cannot_be "${missing[@]}")
    install_packages "${missing[@]}"
    install_browser_driver
}

# The driver of the browser comes from npm, pinned by its lock file.
install_browser_driver() {
    local folder="$root/tests/map"
    [ -f "$folder/package-lock.json" ] || return 0
    if [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]; then return 0; fi
    say "installing: the browser driver of tests/map"
    quietly npm --prefix "$folder" ci --no-audit --no-fund || die "npm could not install tests/map/package-lock.json"
    touch "$folder/node_modules/.package-lock.json"
}

# Puts cargo into PATH, also where rustup did not.
find_cargo() {
    local home="${CARGO_HOME:-${HOME:-}/.cargo}"
    if ! command -v cargo >/dev/null && [ -x "$home/bin/cargo" ]; then
        PATH="$home/bin:$PATH"
        export PATH
    fi
    command -v cargo >/dev/null ||
        die "cargo was not found, neither in PATH nor in $home/bin. Install Rust from https://rustup.rs and run this again"
}

# Builds the binary and sets `tombolo` to its path. The dev profile is the default: the heart and the codecs are
# optimised in it too, and the tests use the same build. With the whole workspace's features, as in every other build,
# so that nothing is built twice. From the root, because cargo reads the toolchain and its settings there.
build_tombolo() {
    local profile="${TOMBOLO_PROFILE:-dev}" output target="${CARGO_TARGET_DIR:-target}"
    case "$profile" in
    dev) output=debug ;;
    *) output="$profile" ;;
    esac
    say "building (the first time takes some minutes)"
    (cd "$root" && cargo build --workspace --bin tombolo --profile "$profile")
    case "$target" in
    /*) ;;
    *) target="$root/$target" ;;
    esac
    # shellcheck disable=SC2034 # for who sources this
    tombolo="$target/$output/tombolo"
}
