// SPDX-License-Identifier: MIT
/* isolate: what a task has changed, as a patch for git apply. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/private.h"
#include "batch/isolate_inside.h"

void isolate_patch_name(uint32_t task, char out[ISOLATE_NAME_BYTES])
{
	snprintf(out, ISOLATE_NAME_BYTES, "patches/%u.patch", task);
}

/*
 * Lines of a patch that begin with "diff --git " are heads wherever they are: lines of text have a
 * character in front, and those of binary contents have no spaces.
 */
static void count(struct str patch, struct isolate_change *out)
{
	bool is_text = false;
	struct str line;

	while (patch.n && str_split(&patch, '\n', &line)) {
		if (str_starts(line, STR("diff --git "))) {
			out->files++;
			is_text = false;
		} else if (str_starts(line, STR("@@ "))) {
			is_text = true;
		} else if (is_text && line.n) {
			out->added += line.p[0] == '+';
			out->removed += line.p[0] == '-';
		}
	}
}

static bool make_patch(const struct isolate_git *from, struct child_result *out, struct err *e)
{
	const char *const words[] = {"diff-index", "--cached", "--patch", "--binary",
		"--full-index", "--unified=3", "--find-renames", "--no-color", "--no-ext-diff",
		"--no-textconv", "--ignore-submodules=all", "--src-prefix=a/", "--dst-prefix=b/",
		from->owner->snapshot, "--", NULL};
	struct isolate_git how = *from;

	how.out_max_bytes = ISOLATE_PATCH_MAX_BYTES;
	if (!isolate_git(&how, words, out, e))
		return false;
	return out->out_bytes <= ISOLATE_PATCH_MAX_BYTES ||
	       err_set(e, ERR_LIMIT,
		       "the task has changed too much: a patch of %llu MB, of at most %d",
		       (unsigned long long)(out->out_bytes >> 20), ISOLATE_PATCH_MAX_BYTES >> 20);
}

static bool save(const struct isolate *i, uint32_t task, struct str patch, struct err *e)
{
	char name[ISOLATE_NAME_BYTES];

	isolate_patch_name(task, name);
	if (mkdirat(i->run_fd, "patches", 0700) == 0)
		(void)!fsync(i->run_fd);
	else if (errno != EEXIST)
		return err_errno(e, "patches");
	AUTO_FD directory =
		openat(i->run_fd, "patches", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (directory < 0)
		return err_errno(e, "patches");
	return private_keep(directory, strchr(name, '/') + 1, patch, e);
}

bool isolate_save_patch(struct isolate_slot *slot, uint32_t task, const atomic_bool *cancel,
	struct isolate_change *out, struct err *e)
{
	struct isolate_git how = isolate_git_of(slot, cancel);
	AUTO(child_result) patch = {0};
	struct isolate_change found = {0};
	size_t changed;

	if (!isolate_gather(&how, &changed, &found.left_out, e) ||
		(changed && !make_patch(&how, &patch, e)) ||
		!save(slot->owner, task, buf_str(&patch.out), e))
		return err_context(e, "the changes of the task");
	found.size_bytes = patch.out.n;
	count(buf_str(&patch.out), &found);
	*out = found;
	return true;
}
