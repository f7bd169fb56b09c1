// SPDX-License-Identifier: MIT
/* What the options and settings say of how much providers may be asked. */
#include <stdio.h>
#include <string.h>

#include "base/xdg.h"
#include "cmd/settings.h"
#include "io/hiredis_table.h"
#include "io/redis_url.h"

static bool read_limit(const struct options *given, const char *name, int64_t *out, struct err *e)
{
	const struct conf_key *limits = conf_key_find(settings_keys, STR("rate_limits"));
	int64_t most = conf_key_find(limits->members, str_from(name))->maximum;

	if (!options_int(given, name, 1, 0, out, e))
		return false;
	return *out <= most ||
	       err_set(e, ERR_USAGE, "option --%s: more than %lld", name, (long long)most);
}

static void put_limit(struct rate_wish *wish, const struct conf_value *v)
{
	const char *key = v->key->name;
	int64_t *number = strcmp(key, "rpm") == 0   ? &wish->rpm
			  : strcmp(key, "tpm") == 0 ? &wish->tpm
						    : &wish->concurrent;

	if (!str_int(v->text, number))
		*number = 0;
}

static bool is_rate(const struct conf_value *v)
{
	return v->map && strcmp(v->map->name, "rate_limits") == 0;
}

/* The single models, or the providers. */
static size_t put_names(struct settings *s, bool is_model, struct rate_wish *wishes, size_t from)
{
	size_t n = from;

	vec_each (&s->conf.values, v) {
		size_t i = from;
		if (!is_rate(v) || str_contains(v->name, STR("/")) != is_model)
			continue;
		while (i < n && !str_eq(wishes[i].name, v->name))
			i++;
		n += i == n;
		wishes[i].name = v->name;
		put_limit(&wishes[i], v);
	}
	return n;
}

/* ---- names ---- */

struct search {
	struct str name;
	bool is_found;
};

static void compare(void *self, const char *name, const char *, const char *)
{
	struct search *search = self;

	search->is_found |= str_is(search->name, name);
}

/* A word that means nobody would limit nobody. */
static bool check_name(const struct settings *s, const struct conf_value *limit, struct err *e)
{
	size_t slash = str_find_char(limit->name, '/', 0);
	struct search search = {slash == SIZE_MAX ? limit->name : str_head(limit->name, slash)};

	route_each_provider(compare, &search);
	vec_each (&s->conf.values, v)
		search.is_found |= v->map && strcmp(v->map->name, "providers") == 0 &&
				   str_eq(v->name, search.name);
	return search.is_found ||
	       err_set(e, ERR_PARSE, "%s:%d: rate_limits: no provider is called %.*s", limit->file,
		       limit->line, STR_ARG(str_head(search.name, 80)));
}

static bool check_names(const struct settings *s, struct err *e)
{
	vec_each (&s->conf.values, v)
		if (is_rate(v) && !check_name(s, v, e))
			return false;
	return true;
}

static bool check_meeting(const char *url, struct err *e)
{
	AUTO(arena) arena = {0};
	struct redis_url parts;

	if (!url || !*url ||
		(redis_url_read(str_from(url), &arena, &parts, e) && hiredis_table_open(e)))
		return true;
	e->code = ERR_USAGE;
	return err_context(e, "FETTLE_REDIS_URL");
}

bool settings_rates(
	struct settings *s, const struct options *given, struct rates *out, struct err *e)
{
	size_t most = 1, n = 1;

	vec_each (&s->conf.values, v)
		most += is_rate(v);
	struct rate_wish *wishes = arena_alloc(&s->arena, most, sizeof *wishes);
	if (!read_limit(given, "rpm", &wishes->rpm, e) ||
		!read_limit(given, "tpm", &wishes->tpm, e) ||
		!read_limit(given, "concurrent", &wishes->concurrent, e))
		return false;
	n = put_names(s, true, wishes, n);
	n = put_names(s, false, wishes, n);
	*out = (struct rates){wishes, n, s->environment("FETTLE_REDIS_URL")};
	return check_names(s, e) && check_meeting(out->redis_url, e);
}

/* Once, however often it comes and goes. */
static void tell_away(void *self, const struct err *e)
{
	struct rates *rates = self;

	if (e && !rates->is_away_told)
		fprintf(stderr, "fettle: limits are not shared now: %s\n", e->text);
	rates->is_away_told = true;
}

struct pacer *settings_pacer(struct settings *s, struct loop *loop, struct rates *rates)
{
	const char *url = rates->redis_url;
	struct pacer *pacer =
		pacer_new(loop, xdg_directory(XDG_STATE, "", s->environment, &s->arena),
			rates->wishes, rates->count);
	struct err e;

	/* It was looked at when the settings were read. */
	if (url && *url && !pacer_meet(pacer, url, tell_away, rates, &e))
		tell_away(rates, &e);
	return pacer;
}
