# shellcheck shell=bash
# What the scripts share: messages, the cache, packages, the container engine. Sourced, never run.

# Progress and complaints go to stderr: what a script prints on stdout is its result.
say() { printf '%s\n' "$*" >&2; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# The directory of this checkout.
root_dir() { (cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P); }

# Puts Rust on the PATH, or says how to get it. rustup's own directory may be missing from the PATH of a
# shell that was open before rustup came, and from that of a service.
need_rust() {
    have cargo || PATH="${CARGO_HOME:-${HOME:-}/.cargo}/bin:$PATH"
    have cargo || die "Rust is not installed: install 1.88 or newer as https://rustup.rs says, and run this again"
    cargo --version >/dev/null 2>&1 || die "cargo does not work here ('cargo --version' says why): install Rust as https://rustup.rs says"
    export PATH
}

# Where cargo puts what it builds, whatever decides that.
target_dir() {
    cargo metadata --no-deps --format-version 1 --locked --manifest-path "$(root_dir)/Cargo.toml" |
        sed -E 's/.*"target_directory":"([^"]*)".*/\1/'
}

# A checkout of another user's cannot be built in.
need_writable_target() {
    local dir
    dir=$(target_dir)
    while [ ! -e "$dir" ]; do dir=$(dirname "$dir"); done
    [ -w "$dir" ] || die "user $(id -un) may not write to $dir: clone the repository as this user, or set CARGO_TARGET_DIR"
}

# Where fetched binaries and datasets are kept, as the program itself has it. Root's are not in root's
# home: the server runs as another user there, who must be able to read them.
cache_dir() {
    if [ -n "${BULKBENCH_CACHE:-}" ]; then
        printf '%s\n' "$BULKBENCH_CACHE"
    elif is_root; then
        printf '/var/cache/bulkbench\n'
    elif [ -n "${XDG_CACHE_HOME:-}" ]; then
        printf '%s/bulkbench\n' "$XDG_CACHE_HOME"
    elif [ -n "${HOME:-}" ]; then
        printf '%s/.cache/bulkbench\n' "$HOME"
    else
        die "no HOME to keep files in: set BULKBENCH_CACHE to a directory"
    fi
}

# The package manager of this system, or nothing.
package_manager() {
    local manager
    for manager in apt-get dnf zypper apk; do
        if have "$manager"; then
            printf '%s\n' "$manager"
            return 0
        fi
    done
    return 1
}

# install_packages PACKAGE...: by the system's package manager, as root. Fails with the reason.
install_packages() {
    local manager
    manager=$(package_manager) || {
        say "no package manager known here (apt-get, dnf, zypper, apk)"
        return 1
    }
    is_root || {
        local verb=install
        [ "$manager" != apk ] || verb=add
        say "installing $* needs root: run '$manager $verb $*' as root"
        return 1
    }
    say "installing $* with $manager"
    case $manager in
    apt-get)
        # Package lists may be missing (a container's image) or old (their files are gone from the mirror).
        apt_install "$@" >/dev/null 2>&1 || { loud_if_failed apt-get update -qq && loud_if_failed apt_install "$@"; }
        ;;
    dnf) loud_if_failed dnf install -y -q "$@" ;;
    zypper) loud_if_failed zypper --quiet --non-interactive install "$@" ;;
    apk) loud_if_failed apk add --quiet "$@" ;;
    esac
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null
}

# Runs a command that says much, and shows it only when it fails.
loud_if_failed() {
    local output
    output=$("$@" 2>&1) && return 0
    say "$output"
    return 1
}

# The directories of installed PostgreSQL servers, 13 or newer, the newest first: one "VERSION DIR" a line.
installed_postgres() {
    local dir version
    {
        have postgres && dirname "$(readlink -f "$(command -v postgres)")"
        for dir in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin "$(cache_dir)"/postgres/*/bin; do
            printf '%s\n' "$dir"
        done
    } | while read -r dir; do
        if ! [ -x "$dir/postgres" ] || ! [ -x "$dir/initdb" ]; then continue; fi
        version=$("$dir/postgres" --version 2>/dev/null | sed -E 's/^[^0-9]*([0-9.]+).*/\1/') || continue
        if [ "${version%%.*}" -ge 13 ]; then printf '%s %s\n' "$version" "$dir"; fi
    done | sort -u | sort -t. -k1,1nr -k2,2nr
}

# The images in the engine that carry PostgreSQL for this program, one name a line.
engine_images() {
    docker image ls --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | grep -E '^(postgres:18|(localhost/)?bulkbench-postgres:[0-9]+)$' || true
}

# Whether a container engine answers.
engine_answers() {
    have docker && timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1
}

# Makes a container engine answer if one is installed and this user may start it; else says why not.
ensure_engine() {
    engine_answers && return 0
    if ! have docker; then
        say "no container engine: the docker command is not installed"
        return 1
    fi
    if [ -n "${DOCKER_HOST:-}" ]; then
        say "no container engine answers at DOCKER_HOST=$DOCKER_HOST"
        return 1
    fi
    if ! is_root; then
        say "no container engine answers user $(id -un): start it as root, and add the user to its group (docker)"
        return 1
    fi
    if ! have dockerd; then
        say "no container engine answers, and dockerd is not installed"
        return 1
    fi
    local log=/var/log/bulkbench-dockerd.log
    if [ -d /run/systemd/system ] && systemctl start docker >/dev/null 2>&1; then
        say "started the container engine (systemctl start docker)"
    else
        setsid dockerd >"$log" 2>&1 </dev/null &
        say "started the container engine (dockerd, process $!, log $log); it goes on running"
    fi
    local second
    for second in $(seq 30); do
        engine_answers && return 0
        sleep 1
    done
    say "the container engine does not answer after $second s; see $log"
    return 1
}
