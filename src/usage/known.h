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
	VEC(uint32_t) files;
	bool must_list;
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
	uint64_t tail; /* hash of the last bytes in front of end */
	int64_t born_ns; /* 0 unknown: which of two files is the older one */
	enum usage_file_state state;
	int64_t items, copies, damaged;
	struct usage_damage damages[USAGE_DAMAGES];
	size_t damage_count;
	struct str why;
	struct usage_memory memory;
	/* Not in the index. */
	int64_t counted_items; /* those in front are in the index's sums */
	bool is_dropped; /* nothing that the index has of it holds */
	bool is_changed; /* what is in the index of it is not true any more */
	enum known_change change;
	struct known_facts now; /* where it changed */
};

struct known {
	struct arena arena;
	VEC(struct known_dir) dirs;
	VEC(struct known_file) files;
	bool dirs_changed;
};

void known_release(struct known *known);
uint32_t known_add_dir(struct known *known, const struct known_dir *dir);
uint32_t known_add_file(struct known *known, uint32_t dir, struct str name);
/* The whole path of a file. */
struct str known_path(const struct known *known, const struct known_file *file, struct arena *a);

/* For the index: files in groups of KNOWN_GROUP by their number. */
enum { KNOWN_GROUP = 256 };
void known_put_dirs(const struct known *known, struct buf *out);
void known_put_files(const struct known *known, size_t group, struct buf *out);
/* Directories first; bytes have to live as long as known. */
[[nodiscard]] bool known_take_dirs(struct known *known, struct str bytes, struct err *e);
[[nodiscard]] bool known_take_files(struct known *known, struct str bytes, struct err *e);

#endif
