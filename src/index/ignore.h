// SPDX-License-Identifier: MIT
/*
 * ignore: which names a tree's ignore files leave out (gitignore(5), and .ignore as ripgrep has
 * it).
 *
 * rules are the lines of one ignore file. A level is a directory that has such files; levels hang
 * on their parents, and children keep them alive. The verdict goes from the deepest level up:
 * .ignore files first, then .gitignore up to the nearest repository, then info/exclude, then the
 * user's own file. In a file the last rule that matches wins. Excluded directories are for the
 * caller not to enter; nothing below them can be taken back.
 */
#ifndef INDEX_IGNORE_H
#define INDEX_IGNORE_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

enum { IGNORE_PATTERN_MAX_BYTES = 4096 }; /* longer ones are left out: no path needs them */
enum ignore_verdict { IGNORE_NONE, IGNORE_OUT, IGNORE_IN };

struct ignore_rule;
struct ignore_slot;

struct ignore_rules {
	VEC(struct ignore_rule) rules;
	/* After ignore_rules_seal: plain names and endings in a hash table, the rest in order. */
	struct ignore_slot *slots;
	size_t slot_mask;
	uint32_t *general;
	size_t general_count;
	bool has_names, has_paths, has_endings;
	struct arena arena;
};

/* A name that is to be judged, with what many rules want to know of it. */
struct ignore_name {
	struct str path; /* from the root, '/' separated */
	struct str name; /* its last part */
	struct str ending; /* from the last '.' of name on; absent when there is none */
	bool is_directory;
	uint32_t name_hash, ending_hash;
};

struct ignore_level {
	struct ignore_level *parent;
	atomic_int references;
	size_t base; /* bytes of root-relative path in front of this directory's names */
	bool is_repository; /* has a .git: the parents' .gitignore files end here */
	struct ignore_rules dot_ignore, git, exclude;
};

void ignore_rules_release(struct ignore_rules *r);
/* One pattern without '!' and line end. Absent text and comments are for the caller. */
void ignore_rules_add(struct ignore_rules *r, struct str pattern, bool is_negated);
void ignore_rules_parse(struct ignore_rules *r, struct str text); /* a file's lines */
void ignore_rules_seal(struct ignore_rules *r);
enum ignore_verdict ignore_rules_match(
	const struct ignore_rules *r, const struct ignore_name *name, size_t base);

struct ignore_name ignore_name(struct str path, bool is_directory);

enum ignore_files { IGNORE_GIT = 1, IGNORE_DOT = 2, IGNORE_REPOSITORY = 4 };

/*
 * The level of a directory that may have the given files; parent itself when it has none of them.
 * Takes a reference on what it returns. base as in ignore_level.
 */
[[nodiscard]] struct ignore_level *ignore_level_open(
	struct ignore_level *parent, int dir_fd, unsigned files, size_t base);
struct ignore_level *ignore_level_keep(struct ignore_level *level); /* NULL is nothing */
void ignore_level_drop(struct ignore_level *level);
/* global: the user's own rules, of the lowest rank; may be NULL. */
enum ignore_verdict ignore_verdict(const struct ignore_level *level,
	const struct ignore_rules *global, const struct ignore_name *name);
/* core.excludesFile, or git/ignore in the configuration directory. Sealed. */
void ignore_rules_load_global(struct ignore_rules *r);

#endif
