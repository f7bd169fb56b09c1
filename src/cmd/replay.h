// SPDX-License-Identifier: MIT
/*
 * replay: a run against a script instead of providers, all inside this process. The scripted
 * provider of "fettle mock" answers, so everything a script can do is done here too.
 */
#ifndef CMD_REPLAY_H
#define CMD_REPLAY_H

#include "call/call.h"
#include "cmd/mock.h"

/* {0} is a valid start: no replay. */
struct replay {
	const char *path; /* NULL: none */
	struct buf script;
	struct arena arena;
	const char *model; /* --model when it is not given: the first that the script asks for */
	struct mock *mock;
};

/* Why tools ask nobody: a replay is the same wherever it runs. */
extern const char replay_closed_web[];

/* ERR_USAGE when the script cannot be read or is not right. path stays. */
[[nodiscard]] bool replay_open(struct replay *r, const char *path, struct err *e);
/* For route_choose: no key and no address of the real environment counts. */
const char *replay_environment(const char *name);
/* The route and its fallbacks lead to the script; ERR_USAGE for one that asks nobody. */
[[nodiscard]] bool replay_address(struct replay *r, struct route *route, struct err *e);
/* From here on client's requests are answered by the script. */
[[nodiscard]] bool replay_start(
	struct replay *r, struct loop *loop, struct http_client *client, struct err *e);
void replay_stop(struct replay *r); /* before the loop is freed */
void replay_release(struct replay *r);

#endif
