// SPDX-License-Identifier: MIT
/* run: what its tools may do, and what they share. */
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/run.h"

/* What is typed comes to what the settings say. */
static struct str *collect(struct run *r, const char *option, const char *key, size_t *count)
{
	struct setting set = settings_get(&r->settings, key);
	size_t typed = 0;

	while (options_nth(&r->given, option, typed))
		typed++;
	struct str *all = arena_alloc(&r->arena, typed + set.item_count + 1, sizeof *all);
	for (size_t i = 0; i < typed; i++)
		all[i] = str_from(options_nth(&r->given, option, i));
	for (size_t i = 0; i < set.item_count; i++)
		all[typed + i] = set.items[i];
	*count = typed + set.item_count;
	return all;
}

static bool read_rules(struct run *r, const char *option, const char *key, const struct str **rules,
	size_t *count, struct err *e)
{
	*rules = collect(r, option, key, count);
	for (size_t i = 0; i < *count; i++) {
		if (permit_check_rule((*rules)[i], e))
			continue;
		if (options_nth(&r->given, option, i))
			return err_context(e, "option --%s", option);
		return err_context(e, "%s: %s", settings_get(&r->settings, key).where, key);
	}
	return true;
}

/* stderr shows the question; the answer is read from the terminal itself. */
static bool has_terminal(void)
{
	AUTO_FD fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd >= 0 && isatty(STDERR_FILENO);
}

static bool read_permit(struct run *r, struct err *e)
{
	struct permit *p = &r->hands.permit;
	struct setting mode = settings_get(&r->settings, "permit");

	if (!permit_mode_find(mode.text, &p->mode))
		return err_set(e, ERR_USAGE, "option --permit: %.*s is none of read, edit, all",
			STR_ARG(mode.text));
	p->asks = options_has(&r->given, "ask");
	if (p->asks && !has_terminal())
		return err_set(e, ERR_USAGE, "option --ask: there is no terminal to ask on");
	return read_rules(r, "allow-tool", "allow_tools", &p->allowed, &p->allowed_count, e) &&
	       read_rules(r, "deny-tool", "deny_tools", &p->denied, &p->denied_count, e);
}

/* The keys that this run could use, whatever they look like. */
static void add_key(struct run *r, struct str *values, size_t *count, struct str key)
{
	for (size_t i = 0; i < *count; i++)
		if (str_eq(values[i], key))
			return;
	if (key.n)
		values[(*count)++] = arena_copy(&r->arena, key);
}

static void read_secrets(struct run *r)
{
	struct secret_rules *s = &r->hands.secrets;
	size_t routes = 0;

	s->readable = collect(r, "allow-read", "allow_read", &s->readable_count);
	s->own = own_paths(&r->workspace, &r->arena, &s->own_count);
	for (const struct route *route = &r->route; route; route = route->fallback)
		routes++;
	struct str *values = arena_alloc(&r->arena, routes + 1, sizeof *values);
	for (const struct route *route = &r->route; route; route = route->fallback)
		add_key(r, values, &s->value_count, route->key);
	add_key(r, values, &s->value_count, r->summary_route.key);
	s->values = values;
}

static bool read_hosts(struct run *r, struct err *e)
{
	size_t count;
	const struct str *hosts = collect(r, "allow-host", "allow_hosts", &count);
	const char **texts = arena_alloc(&r->arena, count + 1, sizeof *texts);

	for (size_t i = 0; i < count; i++) {
		texts[i] = arena_text(&r->arena, hosts[i]);
		if (web_check_pattern(texts[i], e))
			continue;
		if (options_nth(&r->given, "allow-host", i))
			return err_context(e, "option --allow-host");
		return err_context(
			e, "%s: allow_hosts", settings_get(&r->settings, "allow_hosts").where);
	}
	r->web = (struct web_policy){.allowed_hosts = texts,
		.allowed_count = count,
		.closed = r->replay.path ? replay_closed_web : NULL};
	r->hands.web = &r->web;
	return true;
}

/* They only look. Where none is installed, or they cannot be fenced in, there is nothing to ask. */
static void find_language_servers(struct run *r, const struct fence_options *fence)
{
	struct lsp_options *options = arena_alloc(&r->arena, 1, sizeof *options);

	settings_lsp(&r->settings, &r->workspace, options);
	options->fence = *fence;
	options->fence.is_readonly = true;
	options->fence.has_network = false;
	options->fence.writable_count = 0;
	if (options->mode != LSP_OFF && lsp_has_program(options) &&
		(r->hands.permit.has_sandbox || r->hands.permit.mode == PERMIT_ALL))
		r->hands.lsp = lsp_new(options);
}

/* Only the word for everything lets commands run without a sandbox. */
static bool read_sandbox(struct run *r, struct err *e)
{
	struct permit *permit = &r->hands.permit;
	struct fence_options o = {.workspace = &r->workspace,
		.secrets = &r->hands.secrets,
		.is_readonly = permit->mode == PERMIT_READ || r->hands.is_dry_run,
		.has_network = options_has(&r->given, "sandbox-network")};
	struct setting kind = settings_get(&r->settings, "sandbox");

	if (!sandbox_wish_from(arena_text(&r->arena, kind.text), &o.wish, e))
		return err_context(e, "option --sandbox");
	if (o.wish == SANDBOX_WISH_NONE && permit->mode != PERMIT_ALL)
		return err_set(e, ERR_USAGE, "%s: commands without a sandbox need --permit all",
			kind.where);
	o.passed = collect(r, "sandbox-environment", "sandbox_environment", &o.passed_count);
	o.writable = collect(r, "sandbox-writable", "sandbox_writable", &o.writable_count);
	permit->has_sandbox = sandbox_is_there(o.wish);
	r->hands.fence = fence_new(&o);
	find_language_servers(r, &o);
	return true;
}

bool run_make_hands(struct run *r, struct err *e)
{
	run_open_keep(r);
	read_secrets(r);
	skills_load(&r->hands.skills, &r->workspace, run_environment("HOME"));
	return read_hosts(r, e) && read_permit(r, e) && read_sandbox(r, e) && run_read_hooks(r, e);
}
