// SPDX-License-Identifier: MIT
/* run: who answers, who is asked instead, and how long is waited for them. */
#include "cmd/command.h"
#include "cmd/local.h"
#include "cmd/run.h"

/* Far beyond any sense, near enough that no sum overflows. */
enum { LONGEST_S = 10'000'000 };

static bool read_seconds(
	const struct run *r, const char *name, int64_t minimum, int64_t *ms, struct err *e)
{
	int64_t seconds;

	if (!options_int(&r->given, name, minimum, *ms / 1000, &seconds, e))
		return false;
	if (options_has(&r->given, name))
		*ms = (seconds < LONGEST_S ? seconds : LONGEST_S) * 1000;
	return true;
}

static bool read_patience(struct run *r, struct err *e)
{
	struct http_limits *limits = &r->route.limits;
	int64_t retries;

	if (!options_int(&r->given, "max-retries", 0, 0, &retries, e))
		return false;
	r->retry.retries_max = (int)(retries < 1'000'000 ? retries : 1'000'000);
	return read_seconds(r, "max-retry-wait", 0, &r->retry.wait_max_ms, e) &&
	       read_seconds(r, "connect-timeout", 1, &limits->connect_ms, e) &&
	       read_seconds(r, "first-byte-timeout", 1, &limits->first_byte_ms, e) &&
	       read_seconds(r, "idle-timeout", 1, &limits->idle_ms, e);
}

/* The provider of its choice would have its key sent to the address that is typed. */
static bool check_repository_model(
	const struct route_wish *wish, const struct setting *model, struct err *e)
{
	return !wish->base_url || !model->is_repository ||
	       err_set(e, ERR_USAGE,
		       "--base-url needs --model: that of %s is the repository's choice, and its "
		       "provider's key would go to this URL",
		       model->where);
}

/* The model of --fast or --smart; else the one that is named nearest. */
static bool name_model(struct run *r, struct route_wish *wish, struct err *e)
{
	struct settings *s = &r->settings;
	bool is_fast = options_has(&r->given, "fast"), is_smart = options_has(&r->given, "smart");
	struct setting model = settings_get(s, "model"), sized;

	if (is_fast + is_smart + (model.origin == ORIGIN_OPTION) > 1)
		return err_set(e, ERR_USAGE, "--fast, --smart and --model: only one of them");
	if (!check_repository_model(wish, &model, e))
		return false;
	if (model.origin) {
		wish->model = arena_text(&r->arena, model.text);
		wish->option = model.where;
	}
	if (!is_fast && !is_smart)
		return true;
	sized = settings_get(s, is_fast ? "fast_model" : "smart_model");
	if (!check_repository_model(wish, &sized, e))
		return false;
	wish->size = is_fast ? SIZE_FAST : SIZE_SMART;
	wish->near = wish->model;
	wish->model = sized.origin ? arena_text(&r->arena, sized.text) : NULL;
	wish->option = sized.where;
	return true;
}

/* Said nearer than in a file, or for this model in a file, or for all models in a file. */
static const char *fallback_of(struct run *r, struct route_wish *wish)
{
	struct setting usual = settings_get(&r->settings, "fallback");
	const struct conf_value *own =
		conf_find(&r->settings.conf, "models", r->route.name, "fallback");

	/* The offline model never fails in a way that another could mend. */
	if ((r->replay.path || !r->route.wire) && usual.origin < ORIGIN_PRESET)
		return NULL;
	wish->fallback_option = usual.where;
	if (own && usual.origin < ORIGIN_ENVIRONMENT) {
		wish->fallback_option = arena_printf(&r->arena, "%s:%d", own->file, own->line).p;
		return arena_text(&r->arena, own->text);
	}
	return usual.origin ? arena_text(&r->arena, usual.text) : NULL;
}

static bool open_replay(struct run *r, struct route_wish *wish, struct err *e)
{
	const char *path = options_value(&r->given, "replay");

	if (!path)
		return true;
	if (wish->base_url)
		return err_set(e, ERR_USAGE, "--replay and --base-url are two places to ask");
	if (!replay_open(&r->replay, path, e))
		return false;
	wish->environment = replay_environment;
	/* The script knows what it was made for; what is typed knows better. */
	if (!wish->model || settings_get(&r->settings, "model").origin < ORIGIN_PRESET)
		wish->model = r->replay.model;
	return true;
}

/*
 * What goes for the model's own server goes for this one: who is trusted, and who plays it. A
 * replay asks no server, so there is none to trust.
 */
static bool address_other(struct run *r, struct route *route, struct err *e)
{
	if (!r->replay.path)
		return command_trust(&r->given, route, &r->arena, &r->trust, e);
	return !route->wire || replay_address(&r->replay, route, e);
}

static bool choose_summary_model(struct run *r, const struct route_wish *wish, struct err *e)
{
	struct route *route = &r->summary_route;
	struct route_wish own = *wish;

	struct setting fast = settings_get(&r->settings, "fast_model");

	own.model = options_value(&r->given, "summary-model");
	own.option = settings_get(&r->settings, "summary_model").where;
	if (!own.model && fast.origin && !r->replay.path) {
		own.model = arena_text(&r->arena, fast.text);
		own.option = fast.where;
	}
	if (!own.model)
		return true;
	return route_choose_beside(&own, &r->arena, &r->route, route, e) &&
	       address_other(r, route, e);
}

/* Whoever asks the model has its key. */
static const char *environment_elsewhere(const char *name)
{
	const char *value = run_environment(name);

	return !value && str_ends(str_from(name), STR("_API_KEY")) ? "elsewhere" : value;
}

bool run_choose_model(struct run *r, struct err *e)
{
	struct route_wish *wish = &r->wish;

	*wish = (struct route_wish){
		.base_url = options_value(&r->given, "base-url"), .environment = run_environment};
	if (!settings_wish(&r->settings, wish, e) || !name_model(r, wish, e) ||
		!open_replay(r, wish, e))
		return false;
	/* A model that nobody has named is one whose key is here. */
	if (r->is_elsewhere && wish->model)
		wish->environment = environment_elsewhere;
	if (!route_choose(wish, &r->arena, &r->route, e))
		return false;
	if (r->is_elsewhere) {
		wish->environment = environment_elsewhere;
		return read_patience(r, e);
	}
	if (r->route.is_last_resort && str_is(settings_get(&r->settings, "probe").text, "true"))
		(void)!local_find(wish, &r->arena, &r->route);
	if (!read_patience(r, e))
		return false;
	const char *fallback = fallback_of(r, wish);
	if ((fallback && !route_add_fallbacks(fallback, wish, &r->arena, &r->route, e)) ||
		/* A replay asks no server, so there is none to trust. */
		(!r->replay.path &&
			!command_trust(&r->given, &r->route, &r->arena, &r->trust, e)) ||
		!choose_summary_model(r, wish, e))
		return false;
	return !r->replay.path || replay_address(&r->replay, &r->route, e);
}

const struct route *run_choose_other(struct run *r, struct str model, struct err *e)
{
	struct route *route = arena_alloc(&r->arena, 1, sizeof *route);
	struct route_wish own = r->wish;

	own.model = arena_text(&r->arena, model);
	own.option = "model";
	bool is_good = route_choose_beside(&own, &r->arena, &r->route, route, e) &&
		       address_other(r, route, e);
	return is_good ? route : NULL;
}
