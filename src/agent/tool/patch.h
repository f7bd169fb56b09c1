// SPDX-License-Identifier: MIT
/*
 * patch: changes to files as the GPT models write them:
 *
 *   *** Begin Patch
 *   *** Add File: PATH          then lines with "+"
 *   *** Delete File: PATH
 *   *** Update File: PATH
 *   *** Move to: PATH           may follow
 *   @@ a line above the change  several narrow the place down; the text may be missing
 *    context, -old, +new lines
 *   *** End of File             the hunk ends with the file
 *   *** End Patch
 */
#ifndef AGENT_TOOL_PATCH_H
#define AGENT_TOOL_PATCH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

enum patch_kind { PATCH_ADD, PATCH_DELETE, PATCH_UPDATE };

struct patch_line {
	char mark; /* ' ', '-' or '+' */
	struct str text;
};

struct patch_hunk {
	VEC(struct str) above; /* lines to go to first */
	VEC(struct patch_line) lines;
	bool is_at_end;
};

struct patch_file {
	enum patch_kind kind;
	struct str path, moved_to; /* moved_to absent: it stays */
	struct buf content; /* of a new file */
	VEC(struct patch_hunk) hunks;
};

struct patch {
	VEC(struct patch_file) files;
};

/*
 * Views of text, which stays. A shell's here-document or a code fence around it is taken off. On
 * failure e names the line.
 */
[[nodiscard]] bool patch_parse(struct patch *p, struct str text, struct err *e);
void patch_release(struct patch *p);
/*
 * Makes the hunks' changes in text, the whole of a file. Each hunk's place is looked for behind the
 * one before it: as written, then without regard to white space at the ends of lines, then at both
 * sides, then to typographic characters. Line ends, a byte order mark and a missing last newline
 * stay. On failure text is left alone and why has a sentence for the model.
 */
[[nodiscard]] bool patch_update(
	struct buf *text, const struct patch_file *file, struct arena *a, struct buf *why);

#endif
