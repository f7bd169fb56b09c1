// SPDX-License-Identifier: MIT
/* local: the server of this machine that answers when nobody has named a model. */
#ifndef CMD_LOCAL_H
#define CMD_LOCAL_H

#include "call/call.h"

/*
 * Looks for one (call/probe.h) with a loop of its own, before there are tasks: a signal ends the
 * program here. False: there is none. What is found lives in the arena.
 */
[[nodiscard]] bool local_find(const struct route_wish *wish, struct arena *a, struct route *out);

#endif
