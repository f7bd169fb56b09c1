// SPDX-License-Identifier: MIT
/*
 * offline: private to the offline model's files. A request in plain words is read into a few asks;
 * each ask looks at results of the tools and writes its part of the answer.
 *
 * There is no state besides the messages. Every turn all asks are answered again from the start:
 * desk_* gives the result of a call that was made already, or notes the call as wanted and returns
 * NULL. When calls are wanted they are what is emitted; when none are, the text is.
 *
 * Everything lives in the arena given to offline_answer.
 */
#ifndef LLM_OFFLINE_H
#define LLM_OFFLINE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/language.h"
#include "base/str.h"
#include "base/vec.h"
#include "llm/llm.h"

/* ---- words: offline_words.c ---- */

enum word_kind {
	WORD_PLAIN,
	WORD_QUOTED, /* in quotes or backticks, given without them */
	WORD_NAME, /* looks like an identifier: retry_delay, retryDelay, RETRY_MAX, retry() */
	WORD_PATH, /* src/retry.c, retry.c, src/; with first and last from "retry.c:10-20" */
	WORD_GLOB, /* *.py; ".py" becomes one too */
	WORD_NUMBER, /* 5, five; 10-20 with last */
	WORD_STOP, /* , ; . ? ! or a line's end: text holds the character */
};

/* What a word can mean. A word may have several meanings; see the lexicon. */
enum word_class {
	W_FILLER,
	W_LIST,
	W_SHOW,
	W_COUNT,
	W_FIND,
	W_MENTION,
	W_DEFINE,
	W_USE,
	W_CALL,
	W_IMPORT,
	W_LOOK,
	W_VALUE,
	W_FILE,
	W_LINE,
	W_SIZE,
	W_DIRECTORY,
	W_FUNCTION,
	W_TYPE,
	W_MARK,
	W_LARGE,
	W_SMALL,
	W_NEW,
	W_OLD,
	W_EMPTY,
	W_LAYOUT,
	W_PROJECT,
	W_GIT,
	W_COMMIT,
	W_BRANCH,
	W_CHANGE,
	W_PENDING,
	W_AUTHOR,
	W_WHERE,
	W_WHICH,
	W_WHAT,
	W_WHO,
	W_HOW,
	W_WHY,
	W_WHEN,
	W_YES_NO,
	W_DO,
	W_EXPLAIN,
	W_JUDGE,
	W_TEST,
	W_HEADER,
	W_DOCUMENT,
	W_CONFIG,
	W_IMAGE,
	W_SCRIPT,
	W_SOURCE,
	W_FIRST,
	W_LAST,
	W_LANGUAGE,
	W_COMMENT,
	W_WEAK,
	W_POLITE,
	W_PRONOUN,
	W_SCOPE,
	W_AND,
	W_PER,
	W_NAMED,
	W_FILENAME,
	W_PERSON,
	W_MOST,
};

#define CLASS(c) (UINT64_C(1) << (c))

struct word {
	enum word_kind kind;
	struct str text; /* as typed, without quotes, "()" and line numbers */
	struct str low; /* PLAIN: lower case, the lexicon's spelling where it was mistyped */
	uint64_t classes; /* PLAIN: of enum word_class */
	const struct language *language;
	int64_t first, last; /* NUMBER and PATH; 0 when not given */
	bool is_bytes; /* NUMBER: "10kb" */
	bool is_object; /* what is searched for, whatever else the word could mean */
	bool is_used; /* taken as scope, language or number: no subject any more */
};

struct words {
	struct word *p;
	size_t n;
};

struct words offline_words(struct str text, struct arena *a);
/* What is behind the last slash. */
struct str offline_base(struct str path);
/* ---- the lexicon: offline_lexicon.c ---- */

/* Sets language and classes by w->low; false when the word is not known. */
bool lexicon_look_up(struct word *w, struct arena *a);
/* For an unknown word: the one it was mistyped from, if there is one. */
void lexicon_guess(struct word *w, struct arena *a);
/* list holds words between single spaces, also at both ends. Too long a word is in every list. */
bool lexicon_lists(const char *list, struct str low);
/* Without its plural, -ed or -ing: "retries" and "retrying" give "retry". Lower case in and out. */
struct str offline_stem(struct str low, struct arena *a);
struct str offline_lower(struct str s, struct arena *a);

/* ---- requests: offline_request.c ---- */

enum ask {
	ASK_NOTHING,
	ASK_HELP,
	ASK_CANNOT,
	ASK_LIST,
	ASK_COUNT,
	ASK_RANK, /* largest, smallest, newest, oldest files */
	ASK_GROUPS, /* by language or by directory */
	ASK_SHOW,
	ASK_LAYOUT,
	ASK_FIND,
	ASK_MARKS, /* TODO and the like */
	ASK_DEFINED,
	ASK_USED,
	ASK_BODY,
	ASK_OUTLINE, /* functions, types in a file or a scope */
	ASK_IMPORTS,
	ASK_TOPIC,
	ASK_LOG,
	ASK_STATUS,
	ASK_COMMIT,
	ASK_DIFF,
	ASK_AUTHORS,
	ASK_BLAME, /* who wrote a line */
	ASK_HOWTO, /* how to build or run: what README and Makefile say */
	ASK_KINDS, /* one past the last */
};

enum { REQUESTS_MAX = 8, SUBJECTS_MAX = 8 };

struct subjects {
	struct str p[SUBJECTS_MAX];
	size_t n;
};

struct scope {
	struct subjects places; /* directories as typed */
	bool is_guess; /* "in x": maybe a directory, maybe not */
	struct str alternatives; /* simple globs, joined with commas; "" without one */
	struct str label; /* "Python", "test"; "" without one */
	/* "in the tests": the directory if there is one, else this kind of files. */
	struct str fallback, fallback_label;
};

struct request {
	enum ask ask;
	struct words words;
	uint64_t classes; /* of all words together */
	struct subjects names; /* identifiers and quoted text */
	struct subjects topics; /* the remaining words with a meaning of their own, as typed */
	struct subjects weak; /* "rules", "logic": they say little by themselves */
	struct subjects paths; /* files */
	struct scope scope;
	int64_t first, last; /* lines asked for, from 1; 0 not given */
	int64_t limit; /* "last 3 commits"; 0 not given */
	int64_t threshold; /* "more than 100 lines"; 0 not given */
	bool is_below, is_bytes; /* of the threshold */
	bool is_quoted; /* the names were quoted */
	bool is_phrase; /* names[0] is text to search, as it was typed */
	bool is_numeric; /* asks how many */
	bool is_negated; /* "files that do not include x" */
	bool is_explaining; /* CANNOT: where to read about it is worth telling */
	bool is_guess; /* CANNOT: no rule fitted; what the words lead to may be it */
	bool is_tested; /* USED: in tests only */
	struct str joint; /* how it was joined to the request before it */
};

/* At most REQUESTS_MAX; never 0: a text that says nothing is one ASK_HELP. */
size_t offline_requests(struct str task, struct request out[REQUESTS_MAX], struct arena *a);
bool request_has(const struct request *r, enum word_class c);
/* The very word, where it is not part of what is searched for. */
bool request_says(const struct request *r, const char *word);

/* ---- scopes: offline_scope.c ---- */

/* Takes languages, kinds of files, patterns and directories out of the words. */
void scope_read(struct request *r, struct arena *a);
bool subjects_add(struct subjects *s, struct str text);

/* ---- lines of code: offline_symbol.c ---- */

struct definition {
	struct str name;
	const char *noun; /* "function", "struct", "macro", "heading", "key" ... */
	bool is_declaration; /* a prototype, "extern", "struct x;" */
};

/* What the line of that file defines, by the shape of the line alone. */
bool symbol_defined(struct str path, struct str line, struct definition *out);
/* The same for one name; finds enumerators inside of a line as well. */
bool symbol_defines(struct str path, struct str line, struct str name, struct definition *out);
/* Where a comment begins in the line, SIZE_MAX without one. */
size_t symbol_comment(struct str path, struct str line);
bool symbol_is_import(struct str path, struct str line);
bool symbol_is_code(struct str path); /* a programming language, as against prose and data */
/* Position of name as a whole identifier at or after from, or SIZE_MAX. */
size_t symbol_find(struct str line, struct str name, size_t from);
/* Number of lines at the start of text that belong to the definition its first line begins. */
size_t symbol_extent(struct str path, struct str *lines, size_t count);

/* ---- the desk: offline_desk.c ---- */

enum { ROUNDS_MAX = 3, CALLS_MAX = 24 };

struct finding {
	struct str text;
	bool is_error;
};

struct desk_call {
	struct str name, input, id;
	struct finding finding;
	bool has_result;
};

struct desk {
	const struct prompt *prompt;
	struct arena *a;
	struct desk_call *made; /* since the task was given */
	size_t made_count;
	size_t ids; /* calls in all messages: the next id's number - 1 */
	int rounds;
	struct desk_call wanted[CALLS_MAX];
	size_t wanted_count;
};

void desk_open(struct desk *d, const struct prompt *prompt, struct arena *a, struct str *task);

struct grep_ask {
	struct str pattern, path, glob;
	const char *mode; /* NULL: content */
	bool ignore_case, word, literal;
	int64_t limit;
};

/* NULL: the result is not there yet and the call is noted. */
const struct finding *desk_view(struct desk *d, struct str path, int64_t offset, int64_t limit);
const struct finding *desk_ls(struct desk *d, struct str path, int64_t depth);
const struct finding *desk_glob(struct desk *d, struct str pattern, struct str path);
const struct finding *desk_grep(struct desk *d, const struct grep_ask *ask);
const struct finding *desk_count(struct desk *d, struct str path, struct str glob, const char *by,
	const char *sort, int64_t limit);

struct git_ask {
	const char *show;
	struct str path, revision;
	int64_t offset, limit;
};

const struct finding *desk_git(struct desk *d, const struct git_ask *ask);
/* False: not there yet, or an error, which is put. */
bool is_usable(const struct finding *f, struct buf *out);

/* Results, read. The arrays live in the desk's arena. */
struct match {
	struct str path;
	int64_t line;
	struct str text;
};

struct matches {
	struct match *p;
	size_t n;
	int64_t total, files; /* found in all, also what was cut off */
	bool is_cut;
};

struct matches desk_matches(struct desk *d, const struct finding *f);

struct entry {
	struct str path; /* or a language's or directory's name */
	struct str date;
	int64_t files, lines, bytes;
};

struct entries {
	struct entry *p;
	size_t n;
	int64_t files, lines, bytes; /* of all, also what was cut off */
	bool is_cut;
};

struct entries desk_entries(struct desk *d, const struct finding *f);
/* A path per line, without the last line; total from it. */
struct entries desk_paths(struct desk *d, const struct finding *f);
/* Splits text into lines without numbers for what view gave; its last "[...]" goes to *note. */
size_t desk_lines(struct desk *d, const struct finding *f, struct str **lines, struct str *note);
/* Up to max integers of the text in their order; returns how many. */
size_t desk_numbers(struct str text, int64_t *out, size_t max);
/* Existing files for a name ("readme", "retry.c", "src/retry.c"). False: not known yet. */
bool desk_files(struct desk *d, struct str name, struct subjects *out);
/* The same; where there are none the answer says so. */
bool desk_named_files(struct desk *d, struct str name, struct subjects *files, struct buf *answer);

/* "the parser": files of that name with any ending, at most 4. False: not known yet. */
bool desk_namesakes(struct desk *d, struct str name, struct subjects *out);

/* Where to look: what path and glob to give to a tool, and how to say it. */
struct target {
	struct str path, glob;
	struct str second; /* glob for when the first matches nothing; "" without one */
	struct str words; /* " in src", "" for everywhere */
	struct str kind; /* "Python file", "file" */
	struct str problem; /* a sentence when what was named does not exist */
};

/* Guesses are looked up in the tree first. False: not known yet. */
bool desk_target(struct desk *d, const struct request *r, struct target *out);

/* ---- answers: the other files ---- */

/* Writes this request's part of the answer; worthless when calls were noted meanwhile. */
typedef void answer_fn(struct desk *d, const struct request *r, struct buf *out);

answer_fn answer_list, answer_count, answer_rank, answer_groups, answer_show, answer_layout;
answer_fn answer_find, answer_marks, answer_defined, answer_used, answer_body, answer_outline;
answer_fn answer_imports, answer_topic, answer_log, answer_status, answer_commit, answer_diff;
answer_fn answer_authors, answer_blame, answer_howto;

enum { ITEMS_SHOWN = 30 };

/* "\n- path:line: text" without outer white space, cut to a readable width. */
void put_place(struct buf *out, const struct match *m);
/* The first of them, with what is left of total. */
void put_places(struct buf *out, const struct match *m, size_t count, int64_t total);
void put_more(struct buf *out, int64_t more); /* "- and N more", nothing for 0 */
void put_error(struct buf *out, const struct finding *f);
/* The one file whose history is asked for; a name alone is found first. False: not known yet. */
bool history_path(struct desk *d, const struct request *r, struct str *path);
/* "1a2b3c4", "HEAD~2", "main..topic", "the commit before last"; "" when none is named. */
struct str request_revision(const struct request *r);
/* Lines between fences, so that they are shown as they are. */
void put_fence(struct buf *out, const struct str *lines, size_t count);
/* By its name or directory; also what is made for tests and examples. */
bool path_is_test(struct str path);
/* Writes where the names of the request are defined, as facts beside a refusal. */
void put_facts(struct desk *d, const struct request *r, struct buf *out);
const char *plural(int64_t count); /* "" or "s" */

#endif
