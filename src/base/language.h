// SPDX-License-Identifier: MIT
/* language: kinds of files by their names, for counting and for words like "python files". */
#ifndef BASE_LANGUAGE_H
#define BASE_LANGUAGE_H

#include "base/str.h"

struct language {
	const char *name; /* "C", "Python", "Markdown" */
	const char *words[6]; /* lower-case words people use for it, NULL-ended */
	const char *endings[10]; /* ".c"; or a whole base name without dot: "Makefile" */
	bool is_code; /* a programming language, as against data and prose */
};

/* Ended by a NULL name. */
extern const struct language languages[];
/* By the path's base name; NULL when unknown. The longest ending wins. */
const struct language *language_of(struct str path);

#endif
