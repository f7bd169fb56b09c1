// SPDX-License-Identifier: MIT
#include "agent/trusted.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/private.h"
#include "base/sha256.h"
#include "base/vec.h"

enum { RECORD_MAX_BYTES = 16 << 10 };

static void digest_of(struct str bytes, char out[SHA256_TEXT])
{
	struct sha256 digest = sha256_of(bytes);

	sha256_text(&digest, out);
}

/* Roots have slashes in them, so files are called by their digest. */
static void name_of(const char *root, char out[SHA256_TEXT])
{
	digest_of(str_from(root), out);
}

static bool read_record(int directory, const char *name, struct arena *a, struct trusted *out)
{
	AUTO(buf) text = {0};
	char own[SHA256_TEXT];
	struct err e;

	if (!private_read(directory, name, RECORD_MAX_BYTES, &text, &e) ||
		!json_check(buf_str(&text), &e))
		return false;
	struct str record = arena_copy(a, buf_str(&text));
	struct str root = json_text(json_get(record, "root"), a);
	struct trusted found = {.digest = json_text(json_get(record, "sha256"), a)};
	if (!root.n || found.digest.n != SHA256_TEXT - 1 ||
		!json_int(json_get(record, "at"), &found.wall_s))
		return false;
	found.root = arena_text(a, root);
	/* A record under another's name is not about that one. */
	name_of(found.root, own);
	if (strcmp(own, name) != 0)
		return false;
	*out = found;
	return true;
}

/* With links followed: the directory may be reached through one that leads into the workspace. */
static bool is_inside(const char *directory, const char *root)
{
	char path[PATH_MAX], real[PATH_MAX];
	struct str top = str_from(root);

	if (top.n <= 1 || (size_t)snprintf(path, sizeof path, "%s", directory) >= sizeof path)
		return true;
	/* What is not there yet is judged by what is above it. */
	for (char *slash; !realpath(path, real); *slash = '\0') {
		slash = strrchr(path, '/');
		if (!slash || slash == path)
			return false;
	}
	return str_starts(str_from(real), top) && (!real[top.n] || real[top.n] == '/');
}

bool trusted_is(const char *directory, const char *root, struct str bytes)
{
	struct arena a = {0};
	char name[SHA256_TEXT], digest[SHA256_TEXT];
	struct trusted found;
	struct err e;
	AUTO_FD fd = is_inside(directory, root) ? -1 : private_open(directory, false, &e);
	bool is_trusted = false;

	if (fd >= 0) {
		name_of(root, name);
		digest_of(bytes, digest);
		is_trusted = read_record(fd, name, &a, &found) && strcmp(found.root, root) == 0 &&
			     str_is(found.digest, digest);
	}
	arena_release(&a);
	return is_trusted;
}

bool trusted_add(
	const char *directory, const char *root, struct str bytes, int64_t wall_s, struct err *e)
{
	char name[SHA256_TEXT], digest[SHA256_TEXT];
	AUTO(buf) text = {0};
	struct json_writer w = {.buf = &text};

	if (is_inside(directory, root))
		return err_set(e, ERR_DENIED,
			"%s lies in %s: a repository could bring its own trust", directory, root);
	AUTO_FD fd = private_open(directory, true, e);
	if (fd < 0)
		return false;
	name_of(root, name);
	digest_of(bytes, digest);
	json_open(&w, '{');
	json_member_text(&w, "root", root);
	json_member_text(&w, "sha256", digest);
	json_member_int(&w, "at", wall_s);
	json_close(&w, '}');
	buf_put_char(&text, '\n');
	return private_write(fd, name, buf_str(&text), e);
}

bool trusted_forget(const char *directory, const char *root, struct err *e)
{
	char name[SHA256_TEXT];
	AUTO_FD fd = private_open(directory, false, e);

	if (fd < 0)
		return false;
	name_of(root, name);
	return unlinkat(fd, name, 0) == 0 || err_errno(e, "%s", root);
}

static int by_root(const void *a, const void *b)
{
	return strcmp(((const struct trusted *)a)->root, ((const struct trusted *)b)->root);
}

void trusted_each(
	const char *directory, void (*visit)(void *self, const struct trusted *trusted), void *self)
{
	struct arena a = {0};
	VEC(struct trusted) found = {0};
	struct trusted record;
	struct err e;
	AUTO_FD fd = private_open(directory, false, &e);
	DIR *entries = fd < 0 ? NULL : opendir(directory);

	for (struct dirent *entry; entries && (entry = readdir(entries));)
		if (read_record(fd, entry->d_name, &a, &record))
			vec_push(&found, record);
	if (entries)
		closedir(entries);
	if (found.n)
		qsort(found.p, found.n, sizeof *found.p, by_root);
	vec_each (&found, item)
		visit(self, item);
	vec_release(&found);
	arena_release(&a);
}
