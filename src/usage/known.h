// SPDX-License-Identifier: MIT
/*
 * known: the directories and files of transcripts, and how far each was read. Numbers of both stay
 * theirs as long as the index lives.
 */
#ifndef USAGE_KNOWN_H
#define USAGE_KNOWN_H

#include "base/vec.h"
#include "usage/pack.h"
#include "usage/usage.h"

enum known_kind {
	KNOWN_DIRECTORY,
	KNOWN_SINGLE, /* only one of its files is meant; it is not listed */
	KNOWN_ELSEWHERE, /* another machine's: never looked at */
};

struct known_dir {
	struct str path; /* absolute */
	uint32_t source; /* place in usage_readers */
	uint32_t note, place_n; /* of its place; how much of the path is the place's */
	enum known_kind kind;
	uint32_t parent; /* the directory it is in; its own number for a place */
	uint64_t device, inode; /* KNOWN_ELSEWHERE: device is the other index's origin */
	int64_t modified_ns; /* when it was listed; 0: it has to be listed */
	struct str why; /* it cannot be listed; absent: it can */
	/* Not in the index. */
	uint32_t first_file; /* of its files, plus 1; see known_link */
	bool must_list;
	bool is_changed; /* what is in the index of it is not true any more */
	int64_t now_modified_ns;
};

enum known_change {
	KNOWN_SAME,
	KNOWN_GREW, /* perhaps: what is in front of end is to be compared */
	KNOWN_NEW, /* or another one: all of it is to be read */
	KNOWN_VANISHED,
	KNOWN_SHUT, /* it cannot be read; why is set */
};

struct known_facts {
	uint64_t device, inode;
	int64_t size_bytes, modified_ns;
};

struct known_file {
	uint32_t dir;
	struct str name;
	struct known_facts facts; /* when it was read */
	int64_t end; /* read up to here */
	uint64_t ends; /* hash of the first bytes and the last ones in front of end */
	int64_t born_ns; /* 0 unknown: which of two files is the older one */
	enum usage_file_state state;
	int64_t items, copies, damaged;
	struct str why;
	struct str extra; /* packed: most runs need it of few files */
	bool tells_limits; /* there are some in its memory */
	/* Not in the index. */
	uint32_t next_file; /* the next of its directory, plus 1 */
	int64_t counted_items; /* those in front are in the index's sums */
	bool is_dropped; /* nothing that the index has of it holds */
	bool is_changed; /* what is in the index of it is not true any more */
	enum known_change change;
	struct known_facts now; /* where it changed */
};

/* What a file's extra is. */
struct known_extra {
	struct usage_memory memory;
	struct usage_damage damages[USAGE_DAMAGES];
	size_t damage_count;
};

/* Files as the index has them: side by side, by their number. */
struct known_group {
	struct str bytes;
	uint32_t first, count;
	bool has_changes; /* one of its files has changed */
	bool has_unread; /* one of its files could not be read */
};

struct known {
	struct arena arena;
	VEC(struct known_dir) dirs;
	VEC(struct known_file) files;
	VEC(struct known_group) groups;
	VEC(uint32_t) changed; /* files whose change is not KNOWN_SAME */
	size_t last_changed; /* the group that is looked at first: who wrote last writes on */
	bool dirs_changed, is_linked;
	bool tells_limits; /* one of the files does */
	bool has_unread; /* a file or directory perhaps cannot be read */
};

void known_release(struct known *known);
uint32_t known_add_dir(struct known *known, const struct known_dir *dir);
uint32_t known_add_file(struct known *known, uint32_t dir, struct str name);
/* From here on each directory knows its files. */
void known_link(struct known *known);
/* The directory's file with that name; UINT32_MAX: there is none. */
uint32_t known_find_file(struct known *known, uint32_t dir, struct str name);
/* Another machine's directory, by its index's origin; made where it is not known. */
uint32_t known_elsewhere(struct known *known, const struct known_dir *dir, uint64_t origin);
/* texts in it are the index's or the arena's */
void known_take_extra(const struct known_file *file, struct known_extra *extra);
void known_put_extra(struct known *known, struct known_file *file, const struct known_extra *extra);
/* The whole path of a file. */
struct str known_path(const struct known *known, const struct known_file *file, struct arena *a);

/* For the index: both in groups by their number, which fit into a page beside others. */
enum { KNOWN_DIRS = 48, KNOWN_FILES = 28 };
void known_put_dirs(const struct known *known, size_t group, struct buf *out);
void known_put_files(const struct known *known, size_t group, struct buf *out);
/*
 * Directories first, then the groups in their order, whose bytes have to live as long as known.
 * Nothing of a file may be looked at before its group is unpacked, which any thread may do, once.
 */
[[nodiscard]] bool known_take_dirs(struct known *known, struct str bytes, struct err *e);
[[nodiscard]] bool known_take_files(struct known *known, struct str bytes, struct err *e);
/* After the last group: makes room for all. */
void known_make_room(struct known *known);
/* False: damaged. */
[[nodiscard]] bool known_unpack(struct known *known, size_t group);
[[nodiscard]] bool known_unpack_all(struct known *known, struct err *e);

#endif
