// SPDX-License-Identifier: MIT
/* doctor: what is set up, and whether it works. */
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cmd/doctor.h"
#include "cmd/local.h"
#include "cmd/mcp_servers.h"
#include "cmd/world.h"

extern const struct command command_doctor;

static const struct option options[] = {
	{"timeout", 0, "SECONDS", "how long a provider may take (default 5)"},
	{"directory", 'C', "DIR", "as if started in this directory: for its settings"},
	{"quiet", 'q', NULL, "only what is wrong"},
	TRUST_OPTIONS,
	{"verbose", 'v', NULL, "say on stderr what happens inside"},
	{"help", 'h', NULL, "this help"},
	{0},
};

enum { TIMEOUT_S = 5, TIMEOUT_MAX_S = 1'000 };

static const char *const verdicts[] = {
	[VERDICT_GOOD] = "ok",
	[VERDICT_NOTE] = "note",
	[VERDICT_WARNING] = "warning",
	[VERDICT_BAD] = "FAILED",
};

struct doctor {
	struct world *world;
	VEC(struct provider_facts) patients;
	VEC(struct list_wish) wanted; /* of the patients, in their order */
	size_t keys;
	int64_t timeout_ms, asked_ns;
	bool is_quiet, is_bad;
};

static void add(void *self, enum verdict verdict, const char *subject, const char *text)
{
	struct doctor *d = self;
	AUTO(buf) line = {0};

	d->is_bad |= verdict == VERDICT_BAD;
	if (d->is_quiet && verdict < VERDICT_WARNING)
		return;
	utf8_put_line(&line, str_from(text), 500);
	printf("%-8s %-12s %s\n", verdicts[verdict], subject, buf_text(&line));
	/* A provider may take seconds: what is known is shown meanwhile. */
	fflush(stdout);
}

static void look_at_program(struct doctor *d)
{
	char text[200];
	struct str date = catalog_date();

	snprintf(text, sizeof text, "%s, model catalogue of %.*s", FETTLE_VERSION, STR_ARG(date));
	add(d, VERDICT_GOOD, "fettle", text);
}

static void look_at_settings(struct doctor *d)
{
	struct settings *s = &d->world->settings;
	size_t existing = 0;

	vec_each (&s->conf.problems, problem)
		add(d, problem->is_ignored ? VERDICT_WARNING : VERDICT_BAD, "settings",
			problem->text);
	vec_each (&s->warnings, warning)
		add(d, VERDICT_WARNING, "settings", *warning);
	vec_each (&s->files, file) {
		existing += file->exists;
		if (file->exists && !s->conf.error_count)
			add(d, VERDICT_GOOD, "settings", file->path);
	}
	if (!existing)
		add(d, VERDICT_NOTE, "settings",
			arena_printf(&d->world->arena, "no file; yours would be %s", s->user_file)
				.p);
}

struct servers {
	struct doctor *doctor;
	const struct lsp_options *options;
	size_t there;
};

/* One that the settings name and that is not there is missed; one of the others is not. */
static void look_at_server(void *self, struct str name, struct str path)
{
	struct servers *s = self;
	struct arena *a = &s->doctor->world->arena;
	bool is_named = false;

	for (size_t i = 0; i < s->options->program_count; i++)
		is_named |= str_eq(s->options->programs[i].name, name);
	s->there += path.p != NULL;
	if (path.p)
		add(s->doctor, VERDICT_GOOD, "diagnostics",
			arena_printf(a, "%.*s: %.*s", STR_ARG(name), STR_ARG(path)).p);
	else if (is_named)
		add(s->doctor, VERDICT_WARNING, "diagnostics",
			arena_printf(a, "%.*s: its program is not there", STR_ARG(name)).p);
}

static void look_at_language_servers(struct doctor *d)
{
	struct lsp_options known;
	struct servers servers = {.doctor = d, .options = &known};

	settings_lsp(&d->world->settings, NULL, &known);
	if (known.mode == LSP_OFF)
		return;
	lsp_each_program(&known, look_at_server, &servers);
	if (!servers.there)
		add(d, VERDICT_NOTE, "diagnostics",
			"no language server is there (Debian: apt-get install clangd)");
}

static void look_at_model(struct doctor *d)
{
	struct settings *s = &d->world->settings;
	struct setting model = settings_get(s, "model");
	struct route_wish wish = d->world->wish;
	struct route route;
	struct err e;

	wish.model = model.origin ? arena_text(&d->world->arena, model.text) : NULL;
	wish.option = model.where;
	if (!route_choose(&wish, &d->world->arena, &route, &e)) {
		add(d, VERDICT_BAD, "model", e.text);
		return;
	}
	if (route.is_last_resort && str_is(settings_get(s, "probe").text, "true"))
		(void)!local_find(&wish, &d->world->arena, &route);
	add(d, VERDICT_GOOD, "model",
		arena_printf(&d->world->arena, "%.*s (%s)", STR_ARG(route.name), route.why).p);
}

static void add_server(void *self, const struct mcp_facts *facts)
{
	struct doctor *d = self;
	AUTO(buf) text = {0};

	utf8_put_line(&text, facts->config->name, MCP_NAME_MAX_BYTES);
	if (facts->config->command && !facts->program) {
		buf_printf(&text, ": there is no program %s", facts->config->command);
		add(d, VERDICT_BAD, "mcp", buf_text(&text));
	} else if (facts->is_known) {
		buf_printf(&text, ": %zu tools", facts->tools->list.n);
		add(d, VERDICT_GOOD, "mcp", buf_text(&text));
	} else {
		buf_put_text(&text, ": not asked yet (fettle mcp test)");
		add(d, VERDICT_NOTE, "mcp", buf_text(&text));
	}
}

/* What is known of them; none is started. */
static void look_at_servers(struct doctor *d)
{
	struct mcp_servers servers = {0};
	struct err e;

	if (!mcp_servers_read(&servers, &d->world->settings, &d->world->workspace, NULL,
		    &(struct http_trust){0}, NULL, &e))
		add(d, VERDICT_BAD, "mcp", e.text);
	vec_each (&servers.configs.problems, problem)
		add(d, VERDICT_BAD, "mcp", *problem);
	if (servers.untrusted)
		add(d, VERDICT_NOTE, "mcp", PROJECT_FILE " is not trusted (fettle trust)");
	if (servers.mcp)
		mcp_each(servers.mcp, add_server, d);
	mcp_servers_release(&servers);
}

/* ---- providers ---- */

static void got_list(void *self, size_t place, const struct call_result *result,
	const struct model_list *list, bool is_last)
{
	struct doctor *d = self;
	const struct provider_facts *p = &d->patients.p[place];
	const char *name = arena_text(&d->world->arena, p->name);

	if (list)
		add(d, VERDICT_GOOD, name,
			arena_printf(&d->world->arena, "answers in %.0f ms, %zu models",
				clock_ms(clock_ns() - d->asked_ns), list->count)
				.p);
	else if (p->is_local && !p->is_named && result->error->code == ERR_NETWORK)
		add(d, VERDICT_NOTE, name, "no server on this machine");
	else
		add(d, VERDICT_BAD, name, result->error->text);
	d->world->is_done |= is_last;
}

static void add_patient(void *self, const struct provider_facts *facts)
{
	struct doctor *d = self;

	d->keys += facts->key_name != NULL;
	if (!facts->key_name && !facts->is_local && !facts->is_named)
		return;
	vec_push(&d->patients, *facts);
	vec_push(&d->wanted, (struct list_wish){facts->name, d->timeout_ms});
}

static bool ask(struct doctor *d)
{
	struct world *w = d->world;

	d->asked_ns = clock_ns();
	return world_wait_lists(
		w, lists_start(&(struct call_world){w->loop, w->http, {0}}, &w->wish, &w->arena,
			   d->wanted.p, d->wanted.n, &(struct lists_sink){got_list, d}));
}

/* ---- the command ---- */

static bool prepare(struct doctor *d, struct err *e)
{
	const struct options *given = &d->world->given;
	int64_t seconds;

	if (given->operand_count)
		return err_set(e, ERR_USAGE, "doctor takes no words: %s", given->operands[0]);
	d->is_quiet = options_has(given, "quiet");
	if (!options_int(given, "timeout", 1, TIMEOUT_S, &seconds, e))
		return false;
	d->timeout_ms = (seconds < TIMEOUT_MAX_S ? seconds : TIMEOUT_MAX_S) * 1000;
	return world_read_settings(d->world, e);
}

static int examine(struct doctor *d, struct err *e)
{
	const struct findings findings = {add, d};

	if (!prepare(d, e))
		return EXIT_USAGE;
	look_at_program(d);
	doctor_look_at_network_library(&findings);
	doctor_look_at_search_library(&findings);
	doctor_look_at_page_library(&findings);
	doctor_look_at_database_library(&findings);
	doctor_look_at_programs(&findings);
	doctor_look_at_sandbox(&findings);
	look_at_settings(d);
	look_at_language_servers(d);
	/* Wrong settings are told already; what is right of them is still looked at. */
	if (!settings_wish(&d->world->settings, &d->world->wish, e))
		add(d, VERDICT_BAD, "settings", e->text);
	look_at_model(d);
	look_at_servers(d);
	route_survey(&d->world->wish, &d->world->arena, add_patient, d);
	if (!d->keys)
		add(d, VERDICT_NOTE, "keys", "none is set: ANTHROPIC_API_KEY, OPENAI_API_KEY ...");
	if (!world_open(d->world, e))
		return EXIT_TASK_FAILED;
	if (!ask(d))
		return 128 + d->world->signal_number;
	int status = command_end_output();
	return d->is_bad ? EXIT_TASK_FAILED : status;
}

static int doctor(struct world *w, struct err *e)
{
	struct doctor d = {.world = w};
	int status = examine(&d, e);

	vec_release(&d.patients);
	vec_release(&d.wanted);
	return status;
}

static int run(const struct program *program, int count, char *const *words)
{
	return world_command(&command_doctor, program, count, words, doctor);
}

const struct command command_doctor = {
	.name = "doctor",
	.brief = "look whether what is set up works",
	.synopsis = {"[options]"},
	.description =
		"Looks at the libraries, the sandbox, the settings, the chosen model, and asks every "
		"provider that has a key and every server on this machine for its list of models. Ends "
		"with status 1 when something that was set up does not work; what is merely not there "
		"is a note.",
	.options = options,
	.examples = {"fettle doctor", "fettle doctor -q && echo well"},
	.run = run,
};
