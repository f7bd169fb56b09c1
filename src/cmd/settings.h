// SPDX-License-Identifier: MIT
/*
 * settings: what was asked for, from all places where people say it:
 *
 *   option > preset > environment > nearest .fettle.json > ... > the user's config.json > default
 *
 * settings_keys.c has the table of keys. What is read from it: the checks of the files, options
 * that were not given, `fettle config`, the JSON Schema and the table in docs/config.md.
 */
#ifndef CMD_SETTINGS_H
#define CMD_SETTINGS_H

#include "agent/agent.h"
#include "base/conf.h"
#include "base/option.h"
#include "call/call.h"
#include "call/pacer.h"
#include "usage/price.h"

enum { SETTINGS_MAX = 64 };
#define SETTINGS_FILE ".fettle.json"

/* Ended by a NULL name; at most SETTINGS_MAX. */
extern const struct conf_key settings_keys[];
/* What a preset may hold. */
extern const struct conf_key preset_keys[];

enum origin {
	ORIGIN_NONE, /* nobody said, and there is no default */
	ORIGIN_DEFAULT,
	ORIGIN_FILE,
	ORIGIN_ENVIRONMENT,
	ORIGIN_PRESET,
	ORIGIN_OPTION,
};

struct setting {
	enum origin origin;
	struct str text;
	const struct str *items; /* of a list */
	size_t item_count;
	const char *where; /* "--model", "FETTLE_MODEL", ".fettle.json:3" ...; "" */
	bool is_repository; /* nobody but a repository's file says it */
};

struct settings_file {
	const char *path; /* as it is shown */
	bool is_trusted, exists;
};

struct preset {
	const char *name; /* NULL: none is chosen */
	const char *where; /* "built in", "FILE", "FILE:LINE" */
	bool is_in_files; /* the settings files hold it; otherwise own does */
	bool is_trusted;
	struct conf own;
};

struct settings {
	struct arena arena;
	struct conf conf; /* of all files, the nearest first; its problems, too */
	struct conf_value variables[SETTINGS_MAX]; /* by place in settings_keys; key NULL: unset */
	VEC(struct settings_file) files; /* in the order they were looked for */
	VEC(const char *) warnings; /* about files, one line each */
	const char *directory; /* of the user's settings; NULL: there is none */
	const char *user_file; /* for sentences, also where there is none */
	const char *(*environment)(const char *name);
	const struct options *given; /* NULL: no options */
	struct preset preset;
};

/* Always release it. */
void settings_release(struct settings *s);
/* Reads what there is; problems are kept in s->conf. w stays. */
void settings_read(struct settings *s, const struct workspace *w,
	const char *(*environment)(const char *name));
/* The first error there was, ERR_PARSE. */
[[nodiscard]] bool settings_check(const struct settings *s, struct err *e);
/* On stderr: what in the files does not count, and what is wrong with the files themselves. */
void settings_warn(const struct settings *s);
/*
 * On stderr: what a repository's files have set beside the model, as it may cost money. given is
 * what was typed.
 */
void settings_tell_repository(struct settings *s);
/* For a file by its path, whatever it is called. is_trusted as in conf_source. */
void settings_read_file(struct settings *s, const char *path, const struct conf_key *table,
	bool is_trusted, struct conf *into);

/* key is the name of a settings key that is no MAP. */
struct setting settings_get(struct settings *s, const char *key);
/* A key of the chosen preset; NULL when it does not say. */
const struct conf_value *settings_preset_value(const struct settings *s, const char *key);
/*
 * Adds to the options that were given those that a setting says, defaults too. table is the
 * command's; an option that it lacks is left out.
 */
void settings_fill(
	struct settings *s, const struct option *table, struct options *given, struct arena *a);
/* Providers, models and what holds for all of them. The wish's strings live as long as s. */
[[nodiscard]] bool settings_wish(struct settings *s, struct route_wish *wish, struct err *e);
struct rates {
	const struct rate_wish *wishes;
	size_t count;
	const char *redis_url; /* where limits are shared by machines; NULL or "": they are not */
	bool is_away_told;
};

/*
 * How much providers may be asked: by the options (LIMIT_OPTIONS), then by rate_limits, where a
 * model goes before its provider. ERR_USAGE. All lives as long as s.
 */
[[nodiscard]] bool settings_rates(
	struct settings *s, const struct options *given, struct rates *out, struct err *e);
/*
 * What calls of this process wait by, together with the user's other processes. The rates stay as
 * long as it.
 */
struct pacer *settings_pacer(struct settings *s, struct loop *loop, struct rates *rates);
/*
 * What answers cost: by usage_prices, which only the user sets, as a repository must not hide what
 * was spent, and by the catalogue. ERR_USAGE names the member. All lives without s.
 */
[[nodiscard]] bool settings_prices(struct settings *s, struct usage_prices **out, struct err *e);
/* How language servers are found and waited for. The strings live as long as s. */
void settings_lsp(struct settings *s, const struct workspace *w, struct lsp_options *out);
/* "FETTLE_MAX_TURNS"; absent for what no variable can say. */
struct str settings_variable(const struct conf_key *key, struct arena *a);

/* ---- presets ---- */

/*
 * The user's presets/NAME.json, the user's config.json, those built in, a repository's: the first
 * that has the name. A repository cannot replace what the user already has.
 */
[[nodiscard]] bool preset_choose(struct settings *s, const char *name, struct err *e);
/* Every name with its preset's place and description, in that order. */
void preset_each(struct settings *s,
	void (*visit)(void *self, const char *name, const char *where, struct str description),
	void *self);
/* Names of files below the user's presets/, without ".json". */
void preset_files(struct settings *s, void (*visit)(void *self, const char *name), void *self);

#endif
