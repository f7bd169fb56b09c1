// SPDX-License-Identifier: MIT
/* mock: the scripted provider, a server that answers as docs/mock.md describes. */
#ifndef CMD_MOCK_H
#define CMD_MOCK_H

#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"

enum { MOCK_SCRIPT_MAX_BYTES = 64 << 20 };

struct mock;

/*
 * Listens on 127.0.0.1. script_json is copied; script_name is for sentences. port 0 takes a free
 * one. log_fd gets one JSON object a line for each request, -1: none; it stays the caller's. A
 * script that is not right is ERR_USAGE and the sentence names the place.
 */
[[nodiscard]] bool mock_start(struct loop *loop, struct str script_json, const char *script_name,
	int port, int log_fd, struct mock **out, int *bound_port, struct err *e);
/* The same inside this process, on a socket without a port, with no log: *socket is its name. */
[[nodiscard]] bool mock_start_inside(struct loop *loop, struct str script_json,
	const char *script_name, struct mock **out, const char **socket, struct err *e);
struct recorder;

/* Requests go to the recorder, which is the caller's and is freed behind the mock. */
[[nodiscard]] bool mock_start_recording(struct loop *loop, struct recorder *recorder, int port,
	int log_fd, struct mock **out, int *bound_port, struct err *e);
void mock_free(struct mock *mock); /* closes every connection; NULL is nothing */

#endif
