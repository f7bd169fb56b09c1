// SPDX-License-Identifier: MIT
/* changes: which files a run has changed, for scripts and for people. */
#include "ui/view.h"

void changes_put_json(struct json_writer *w, struct keep *keep)
{
	AUTO(arena) scratch = {0};
	struct keep_change *changes;
	size_t count = keep_changes(keep, &scratch, &changes);

	json_key(w, "changes");
	json_open(w, '[');
	for (size_t i = 0; i < count; i++) {
		const struct keep_change *c = &changes[i];
		json_open(w, '{');
		json_member_str(w, "path", c->path);
		json_member_text(w, "kind",
			c->kind == 'A'   ? "added"
			: c->kind == 'D' ? "deleted"
					 : "modified");
		if (c->is_text) {
			json_member_int(w, "added", c->added);
			json_member_int(w, "removed", c->removed);
		}
		json_close(w, '}');
	}
	json_close(w, ']');
}

bool ui_put_changes(struct buf *line, struct keep *keep)
{
	AUTO(arena) scratch = {0};
	struct keep_change *changes;
	size_t count = keep_changes(keep, &scratch, &changes);
	int64_t added = 0, removed = 0;

	for (size_t i = 0; i < count; i++) {
		added += changes[i].added;
		removed += changes[i].removed;
	}
	if (count == 0)
		return false;
	buf_printf(line, "%zu file%s %s (+%lld -%lld); %s", count, count == 1 ? "" : "s",
		keep_is_dry(keep) ? "would change" : "changed", (long long)added,
		(long long)removed,
		keep_is_dry(keep) ? "nothing was written" : "fettle undo takes it back");
	return true;
}
