// SPDX-License-Identifier: MIT
/*
 * world: what the small commands that ask providers have in common: words, settings, the loop, the
 * network and signals, and their end.
 */
#ifndef CMD_WORLD_H
#define CMD_WORLD_H

#include "agent/agent.h"
#include "call/list.h"
#include "cmd/command.h"
#include "cmd/settings.h"

struct world {
	struct arena arena;
	struct options given;
	struct workspace workspace;
	struct settings settings;
	struct route_wish wish; /* without a model */
	const struct route *route; /* the only one that is asked; NULL: there are more */
	struct loop *loop;
	struct http_client *http;
	struct pacer *pacer; /* of those that ask models; NULL none */
	struct http_trust trust;
	int signal_number; /* that stopped it, 0 none */
	bool is_done; /* set it, and world_wait returns */
};

/*
 * A command's whole run: reads the words by its options, shows its help when asked, calls body and
 * tells its error. body returns the exit status; EXIT_USAGE comes with an error, others may.
 */
int world_command(const struct command *command, const struct program *program, int count,
	char *const *words, int (*body)(struct world *w, struct err *e));
/* Reads the settings of the directory (-C); world.wish holds what they say. ERR_USAGE. */
[[nodiscard]] bool world_settings(struct world *w, struct err *e);
/* Part of it: the problems of the files are left in w->settings. */
[[nodiscard]] bool world_read_settings(struct world *w, struct err *e);
[[nodiscard]] bool world_open(struct world *w, struct err *e);
/* Runs the loop until is_done or a signal; false then: end what is under way by world_finish. */
[[nodiscard]] bool world_wait(struct world *w);
/*
 * The same for lists (NULL: none) whose sink sets is_done with the last one. They have ended then,
 * after a signal too.
 */
[[nodiscard]] bool world_wait_lists(struct world *w, struct lists *lists);
/* Runs the loop until is_done once more: the end of what was cancelled comes soon. */
void world_finish(struct world *w);

#endif
