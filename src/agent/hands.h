// SPDX-License-Identifier: MIT
/*
 * hands: what tools share besides the workspace. struct hands belongs to the run: it is made by the
 * command and stays the same for all its conversations. struct memory belongs to one conversation:
 * its agent makes and frees it. Tools use both from several worker threads at once, so whatever
 * changes in them has a lock of its own.
 */
#ifndef AGENT_HANDS_H
#define AGENT_HANDS_H

#include <pthread.h>

#include "agent/hook.h"
#include "agent/keep.h"
#include "agent/lsp.h"
#include "agent/permit.h"
#include "agent/secret.h"
#include "agent/seen.h"
#include "agent/shell.h"
#include "agent/skill.h"
#include "agent/tool/tool.h"

struct web_policy;
struct agent_context;

struct hands {
	struct permit permit;
	struct secret_rules secrets;
	struct fence *fence; /* for children; NULL: none can be started */
	struct skills skills;
	struct hooks hooks;
	const struct web_policy *web; /* io/web.h; NULL: only what the task names is fetched */
	struct lsp *lsp; /* NULL: no language servers */
	struct mcp *mcp; /* servers whose tools are offered; NULL: none */
	bool is_dry_run; /* changes are shown, and nothing is written */
	pthread_mutex_t changing; /* held while files are changed; zeroed is unlocked */
	struct keep *keep; /* of what changes; NULL: nothing is kept */
	struct agent_context *reader; /* of sub-agents, loaded for the first one; NULL before */
};

struct memory {
	struct str task_text; /* what the user asked for */
	struct lsp_edited *edited; /* files that were changed */
	struct seen *seen; /* files that were viewed or written */
	struct shell *shell; /* commands */
};

/* text stays as long as the memory. */
[[nodiscard]] struct memory *memory_new(struct str task_text);
void memory_free(struct memory *m);

#endif
