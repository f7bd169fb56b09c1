// SPDX-License-Identifier: MIT
/*
 * hook: commands of the user's that are run before and after tools and at the end of a task. They
 * are the user's own, so they run as the user, outside of the sandbox. Each gets one JSON object on
 * stdin (docs/tools.md) and says no with exit status 2 and its reason on stderr; any other failure
 * is told and changes nothing.
 */
#ifndef AGENT_HOOK_H
#define AGENT_HOOK_H

#include "agent/tool/tool.h"

enum hook_moment { HOOK_BEFORE_TOOL, HOOK_AFTER_TOOL, HOOK_END };

struct hook {
	const char *name;
	enum hook_moment moment;
	const struct str *tools; /* globs of names; none: all */
	size_t tool_count;
	const char *command; /* for sh */
	int64_t timeout_ms;
};

struct hooks {
	const struct hook *list;
	size_t count;
	const char *session_id;
	/* A hook that failed without saying no; from any thread. */
	void (*failed)(void *self, const char *sentence);
	void *self;
};

/* "before_tool", "after_tool", "end". */
[[nodiscard]] bool hook_moment_find(struct str name, enum hook_moment *out);
/* False when one says no: why gets its reason. */
[[nodiscard]] bool hooks_before(
	const struct hooks *hooks, const struct tool_call *call, struct buf *why);
/* What they print is put behind the result; one that says no makes it an error, with its reason. */
void hooks_after(
	const struct hooks *hooks, const struct tool_call *call, struct tool_result *result);
bool hooks_has_end(const struct hooks *hooks);
/* error NULL: the task is done. */
[[nodiscard]] bool hooks_end(const struct hooks *hooks, const struct workspace *w, struct str text,
	const struct err *error, const atomic_bool *cancel, struct buf *why);

#endif
