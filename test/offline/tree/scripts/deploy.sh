#!/bin/sh
# Copies the program and the page to the server.
set -eu

HOST=${PARCEL_HOST:-parcel.example}

check_clean() {
	test -z "$(git status --porcelain)" || {
		echo "uncommitted changes" >&2
		exit 1
	}
}

copy_files() {
	# TODO: stop the service first
	scp out/parcel "$HOST:bin/"
	scp -r web "$HOST:"
}

check_clean
copy_files
