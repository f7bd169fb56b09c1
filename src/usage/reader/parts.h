// SPDX-License-Identifier: MIT
/* parts: what readers of whole documents have in common. */
#ifndef USAGE_READER_PARTS_H
#define USAGE_READER_PARTS_H

#include "usage/reader.h"

/*
 * The document as checked JSON, bytes that are no UTF-8 repaired; absent, with a complaint, where
 * it is damaged.
 */
struct str parts_document(struct usage_file *file, struct str text);
/* The same for one line, or a row's value. */
struct str parts_line(struct usage_file *file, struct str line);
/* The member's decoded text; absent for other types. */
struct str parts_text(struct usage_file *file, struct str object, const char *name);
int64_t parts_count(struct str object, const char *name);
/* "credits" of the object in nano-credits; 0 for what is no number of 0 or more. */
int64_t parts_credits(struct str object);
/* Of the first name that is there. */
int64_t parts_count_of(struct str object, const char *const *names);
#define PARTS_COUNT(object, ...) parts_count_of(object, (const char *const[]){__VA_ARGS__, NULL})
/* The first of them that is there. */
struct str parts_first(struct str a, struct str b);
/* "name" of the items of an array that have this "type", into record's tools. */
void parts_tools(
	struct usage_file *file, struct str items, const char *type, struct usage_record *record);
bool parts_has_tokens(const struct usage_tokens *tokens);
/* Last part of a path, and what is in front of it; absent where there is nothing. */
struct str parts_name(struct str path);
struct str parts_parent(struct str path);
/*
 * What was thought and is not part of output yet. ccusage counts it beside the output, at its
 * price.
 */
void parts_add_thoughts(
	const struct usage_file *file, struct usage_tokens *tokens, int64_t thoughts);
/*
 * What a total says beyond the parts. Nothing but a total is output to ccusage.
 */
void parts_fill_total(const struct usage_file *file, struct usage_tokens *tokens, int64_t total);
/* An id of several parts; none where the last one is empty. */
struct str parts_id(struct usage_file *file, struct str a, struct str b);

/* Places of which each path stands for several: add is another's, and gets this. */
struct parts_fan {
	struct usage_places places;
	struct usage_places *outer;
};

/* Keys of a document, sorted so that asking for each of them takes no square of their number. */
struct parts_entry {
	struct str key;
	size_t value;
};
void parts_sort(struct parts_entry *entries, size_t count);
/* The smallest value that has the key; SIZE_MAX: none has. An empty key is none. */
size_t parts_find(const struct parts_entry *entries, size_t count, struct str key);

#endif
