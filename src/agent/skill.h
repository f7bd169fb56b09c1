// SPDX-License-Identifier: MIT
/*
 * skill: instructions for a kind of work, in a directory of their own: SKILL.md with a name and a
 * description in front (agentskills.io) and what belongs to it. Names and descriptions are told to
 * the model at once, bodies when it asks for one. A project's skills are its words, as AGENTS.md
 * is: they are read from the workspace only, and give no permission.
 */
#ifndef AGENT_SKILL_H
#define AGENT_SKILL_H

#include "agent/workspace.h"
#include "base/buf.h"
#include "base/vec.h"

enum {
	SKILLS_MAX = 64,
	SKILL_NAME_MAX_BYTES = 64,
	SKILL_DESCRIPTION_MAX_BYTES = 1024,
	SKILL_FILE_MAX_BYTES = 256 << 10,
};

struct skill {
	struct str name, description;
	struct str directory; /* absolute for the user's; a project's relative to the root */
	bool is_project;
};

/* {0} is a valid start. The nearest comes first, the user's last; each name comes once. */
struct skills {
	struct arena arena;
	VEC(struct skill) list;
	VEC(const char *) warnings; /* what was left out, and why */
};

/*
 * Looks into .agents/skills and .claude/skills of every directory from the working directory up to
 * the root, and of home (NULL: there is none).
 */
void skills_load(struct skills *s, const struct workspace *w, const char *home);
void skills_release(struct skills *s);
const struct skill *skills_find(const struct skills *s, struct str name);
/* The list for the system prompt; nothing when there are none. */
void skills_put_list(const struct skills *s, struct buf *out);
/*
 * Appends a file of the skill, SKILL.md without what stands in front; ERR_DENIED for a path that
 * leads out of its directory.
 */
[[nodiscard]] bool skill_read(const struct skill *skill, const struct workspace *w, struct str path,
	struct buf *out, struct err *e);
/* The other files of the skill, ", " between them; "" when there are none. */
void skill_put_files(const struct skill *skill, const struct workspace *w, struct buf *out);

#endif
