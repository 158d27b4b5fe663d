#!/usr/bin/env bash
# Installs the programs that a run ("run") or the tests ("test") need, by apt or Homebrew. What is there is left alone; where nothing
# may be installed, the commands that would help are printed.
set -euo pipefail

purpose=${1:-run}

have_postgres() { command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ||
	compgen -G '/opt/homebrew/opt/postgresql@*/bin/initdb' >/dev/null || compgen -G '/usr/local/opt/postgresql@*/bin/initdb' >/dev/null; }
have_chromium() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
	[ -d '/Applications/Chromium.app' ] || [ -d '/Applications/Google Chrome.app' ]; }

apt=() brew=() casks=() missing=()
need() { # what, apt package, brew formula
	missing+=("$1"); apt+=("$2"); brew+=("$3")
}
command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || need FFmpeg ffmpeg ffmpeg
have_postgres || need PostgreSQL postgresql postgresql@17
if [ "$purpose" = test ]; then
	have_chromium || { missing+=(Chromium); apt+=(chromium); casks+=(chromium); }
	command -v cc >/dev/null || need 'a C compiler' 'gcc libc6-dev' gcc
fi
[ ${#missing[@]} -gt 0 ] || exit 0

list=$(printf ', %s' "${missing[@]}")
echo "missing: ${list:2}"

# Debian's package would also make a server that starts with the machine; ours is private, so that one is not wanted.
install_apt() { # sudo or nothing
	local conf=/etc/postgresql-common/createcluster.conf
	get() { $1 env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${@:2}" >/dev/null; }
	$1 apt-get update -qq
	case " ${apt[*]} " in *' postgresql '*)
		get "$1" postgresql-common
		$1 sed -i.plimsoll 's/^#\?create_main_cluster.*/create_main_cluster = false/' "$conf"
	esac
	# shellcheck disable=SC2086 # an entry may name two packages
	get "$1" ${apt[*]}
	[ ! -e "$conf.plimsoll" ] || $1 mv "$conf.plimsoll" "$conf"
}

if command -v apt-get >/dev/null; then
	if [ "$(id -u)" = 0 ]; then
		install_apt ''
	elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		install_apt sudo
	else
		printf 'This needs root. Run:\n\n  sudo apt-get update && sudo apt-get install -y --no-install-recommends %s\n\n' "${apt[*]}"
		exit 1
	fi
elif command -v brew >/dev/null; then
	[ ${#brew[@]} -eq 0 ] || brew install "${brew[@]}"
	[ ${#casks[@]} -eq 0 ] || brew install --cask "${casks[@]}"
else
	printf 'Neither apt nor Homebrew is here. Install %s with the package manager of this system, then try again.\n' "${list:2}"
	exit 1
fi
