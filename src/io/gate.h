// SPDX-License-Identifier: MIT
/*
 * gate: holds requests to a host back while the first connection to it is being made, so that they
 * can share it when it turns out to speak HTTP/2. Knows neither sockets nor clocks: whoever is held
 * keeps an eye on its own deadline and leaves when it has passed.
 *
 * A host's door is open while a request is through to it. At a closed door the first one leads: it
 * connects. Those behind it are held until it is through (then all go), or leaves without (then the
 * next one leads). A host that is known to take one request a connection never holds anybody.
 */
#ifndef IO_GATE_H
#define IO_GATE_H

#include "base/str.h"

struct door;

struct gate {
	struct door *doors;
};

struct gate_pass {
	struct gate_pass *next; /* of those that are held, or may go */
	struct door *door; /* NULL: not at the gate */
	enum { PASS_HELD, PASS_READY, PASS_LEADS, PASS_THROUGH } state;
};

void gate_release(struct gate *gate); /* when nobody is at it */
/* True: go on now. False: held; gate_next gives the pass when it is its turn. */
[[nodiscard]] bool gate_enter(struct gate *gate, struct gate_pass *pass, struct str host);
/* The connection of the pass works. */
void gate_through(struct gate_pass *pass);
/* The request is over, however and in whatever state; a pass that is nowhere may leave, too. */
void gate_leave(struct gate_pass *pass);
/* The pass's host takes one request a connection. */
void gate_stands_open(struct gate_pass *pass);
/* Takes one of those whose turn has come; NULL when there is none. */
struct gate_pass *gate_next(struct gate *gate);
/* Calls for every pass that leads; it may go through in the call, but not leave. */
void gate_each_leader(struct gate *gate, void (*call)(struct gate_pass *pass));

#endif
