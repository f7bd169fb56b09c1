// SPDX-License-Identifier: MIT
/*
 * conf: settings as JSON text. A table says which keys there are, what they hold and who may set
 * them; the reader checks a text against it and keeps what counts. Bytes in, values out: opening
 * files and looking into the environment is the caller's.
 *
 * Variables in strings are replaced (base/expand.h). A text that is not
 * trusted (a repository's) gets neither its variables nor the keys of CONF_USER_ONLY: they are told
 * as problems and do not count.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"

enum { CONF_FILE_MAX_BYTES = 256 << 10 };

enum conf_type {
	CONF_STRING,
	CONF_INT,
	CONF_SECONDS, /* a whole number */
	CONF_MONEY, /* a number of US dollars, as in base/money.h */
	CONF_BOOL,
	CONF_LIST, /* of strings that are not empty and have no comma in them */
	CONF_WORDS, /* a list of any strings */
	CONF_STRINGS, /* an object whose values are strings */
	CONF_OBJECT, /* any object, kept as it is written: nothing is expanded in it */
	CONF_MAP, /* an object of objects, under names that people choose */
};

enum {
	CONF_USER_ONLY = 1, /* counts in trusted texts only */
	CONF_SECRET = 2, /* never shown whole */
	CONF_LINES =
		4, /* of strings: line feeds and tabs may be in it; no control characters else */
	CONF_PATH = 8, /* of strings: a relative path begins at the directory of its file */
};

struct conf_key {
	const char *name; /* NULL ends a table */
	enum conf_type type;
	unsigned flags;
	int64_t minimum, maximum; /* INT, SECONDS */
	const char *const *choices; /* STRING: NULL-ended; NULL: any text */
	const struct conf_key *members; /* MAP */
	const char *unit; /* of a number; NULL none */
	const char *fallback; /* the default, for people; NULL: none */
	const char *option; /* of the command line that says the same; NULL: none */
	const char *brief; /* one sentence, without the full stop */
};

/* What one key holds. The strings live as long as the text and the conf they came from. */
struct conf_value {
	const struct conf_key *key;
	const struct conf_key *map; /* the key is a member of one of its objects; NULL at the top */
	struct str name; /* of that object */
	struct str text; /* decoded and expanded; a LIST joined by commas; OBJECT, STRINGS, WORDS:
			    JSON */
	struct str *items; /* LIST, WORDS; STRINGS: name, value, name, value ... */
	size_t item_count;
	const char *file;
	int line;
	bool is_trusted; /* from a trusted text */
	bool has_variable; /* some of it came from the environment */
};

struct conf_problem {
	bool is_ignored; /* the key does not count here; otherwise the text is wrong */
	const char *text; /* "FILE:LINE: what" */
};

struct conf_source {
	const char *file; /* its path, also for sentences */
	bool is_trusted;
	const char *trusted_file; /* for sentences: where what is refused here would count */
	const char *(*environment)(const char *name);
};

/* {0} is a valid start. Several texts may be read into one: what was read first is found first. */
struct conf {
	struct arena arena;
	VEC(struct conf_value) values;
	VEC(struct conf_problem) problems;
	size_t error_count; /* of the problems; at most CONF_PROBLEMS_MAX a text are told */
};

enum { CONF_PROBLEMS_MAX = 50 };

void conf_release(struct conf *c);
/* text stays as long as c; a byte order mark in front of it is none of it. True when it has no
 * errors; what is right of it is kept either way. */
bool conf_read(struct conf *c, const struct conf_key *table, struct str text,
	const struct conf_source *source);
/* For what is wrong with a file before its text is known. Returns false. */
__attribute__((format(printf, 2, 3))) bool conf_fail(struct conf *c, const char *format, ...);
/* ERR_PARSE with the first error; true when there is none. */
[[nodiscard]] bool conf_check(const struct conf *c, struct err *e);
/* map NULL: a key at the top. NULL when nobody has set it. */
const struct conf_value *conf_find(
	const struct conf *c, const char *map, struct str name, const char *key);
/*
 * A value from a word: of the environment, or of the command line. "a,b" for a list; not for
 * OBJECT, WORDS, STRINGS and MAP. ERR_USAGE does not repeat what is CONF_SECRET.
 */
[[nodiscard]] bool conf_from_word(const struct conf_key *key, struct str word, struct arena *a,
	struct conf_value *out, struct err *e);
const struct conf_key *conf_key_find(const struct conf_key *table, struct str name);
/* "a string", "a whole number" ... */
const char *conf_type_name(enum conf_type type);
/* For people: a secret as "****" and at most its last four characters. */
struct str conf_masked(struct str secret, struct arena *a);

#endif
