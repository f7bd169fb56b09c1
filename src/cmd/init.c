// SPDX-License-Identifier: MIT
/* init: asks which provider and which key, tries them, and writes the user's settings. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cmd/world.h"

extern const struct command command_init;

static const struct option options[] = {
	{"provider", 'p', "NAME", "which provider; asked for when not given"},
	{"model", 'm', "PROVIDER/MODEL", "which model shall answer; asked for when not given"},
	{"key-stdin", 0, NULL, "take the key from the first line of stdin, not from a terminal"},
	{"no-test", 0, NULL, "write without asking the provider"},
	TRUST_OPTIONS,
	{"verbose", 'v', NULL, "say on stderr what happens inside"},
	{"help", 'h', NULL, "this help"},
	{0},
};

enum { TEST_MS = 10'000, LINE_MAX_BYTES = 4'096, CHOICES_MAX = 32, CONTROL_C = 3 };

struct setup {
	struct world *world;
	VEC(struct provider_facts) providers;
	const struct provider_facts *provider;
	struct str key; /* "" none is written */
	struct str model; /* "provider/model", "" none is written */
	bool is_interactive, is_interrupted;
	size_t model_count;
	struct err error;
};

/* ---- asking a person ---- */

/* One line without its end; false at the end of input or when it was interrupted. */
static bool read_line(struct setup *s, struct str *line)
{
	AUTO(buf) text = {.max = LINE_MAX_BYTES};
	char c = '\n';
	ssize_t n;

	while ((n = read(STDIN_FILENO, &c, 1)) == 1 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		if (c == CONTROL_C)
			s->is_interrupted = true;
		if (c == '\n' || c == CONTROL_C)
			break;
		buf_put_char(&text, c);
	}
	*line = arena_copy(&s->world->arena, str_trim(buf_str(&text)));
	return n == 1 && !s->is_interrupted;
}

/*
 * Without echo. Ctrl-C comes as a character that ends the line, so that no signal can leave the
 * terminal silent.
 */
static bool read_hidden(struct setup *s, struct str *line)
{
	struct termios before, silent;
	bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;

	if (is_terminal) {
		silent = before;
		silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
		silent.c_cc[VEOL] = CONTROL_C;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	}
	bool is_read = read_line(s, line);
	if (is_terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	return is_read;
}

static bool gave_up(const struct setup *s, struct err *e)
{
	return err_set(e, ERR_CANCELLED,
		s->is_interrupted ? "interrupted" : "no answer: nothing is written");
}

static const struct provider_facts *find_provider(const struct setup *s, struct str word)
{
	int64_t number;

	if (str_int(word, &number))
		return number >= 1 && (size_t)number <= s->providers.n ? &s->providers.p[number - 1]
								       : NULL;
	vec_each (&s->providers, facts)
		if (str_eq(facts->name, word))
			return facts;
	return NULL;
}

static void show_providers(const struct setup *s)
{
	size_t n = 0;

	fprintf(stderr, "Which provider?\n");
	vec_each (&s->providers, facts)
		fprintf(stderr, "  %2zu  %-12.*s%s\n", ++n, STR_ARG(facts->name),
			facts->key_name   ? "its key is set"
			: facts->is_local ? "on this machine, needs no key"
					  : "");
}

static bool ask_provider(struct setup *s, struct err *e)
{
	const char *given = options_value(&s->world->given, "provider");
	struct str word;

	if (given) {
		s->provider = find_provider(s, str_from(given));
		return s->provider || err_set(e, ERR_USAGE, "no provider %s", given);
	}
	if (!s->is_interactive)
		return err_set(e, ERR_USAGE, "stdin is no terminal: --provider is needed");
	show_providers(s);
	while (!s->provider) {
		fprintf(stderr, "number or name [1]: ");
		if (!read_line(s, &word))
			return gave_up(s, e);
		s->provider = word.n ? find_provider(s, word) : &s->providers.p[0];
	}
	return true;
}

/* A key of the environment is better left there than written down. */
static bool ask_key(struct setup *s, struct err *e)
{
	const struct provider_facts *p = s->provider;
	const char *variable = p->key_variable ? p->key_variable : "its variable";

	s->key = STR("");
	if (options_has(&s->world->given, "key-stdin")) {
		if (!read_line(s, &s->key) && !s->key.n)
			return err_set(e, ERR_USAGE, "--key-stdin: stdin is empty");
	} else if (p->key_name || p->is_local || !s->is_interactive) {
		return true;
	} else {
		fprintf(stderr,
			"Its key (not shown while you type; empty to set %s yourself): ", variable);
		if (!read_hidden(s, &s->key))
			return gave_up(s, e);
	}
	for (size_t i = 0; i < s->key.n; i++)
		if (s->key.p[i] <= ' ' || s->key.p[i] > '~')
			return err_set(e, ERR_USAGE,
				"that is no key: it has a space or a character "
				"beyond ASCII in it");
	return true;
}

/* ---- trying ---- */

static void got_list(void *self, size_t, const struct call_result *result,
	const struct model_list *list, bool is_last)
{
	struct setup *s = self;

	if (result->error)
		s->error = *result->error;
	s->model_count = list ? list->count : 0;
	/* Where no model is the usual one, the first of a local server is as good as any. */
	if (list && list->count && !s->model.n && s->provider->is_local)
		s->model = arena_printf(&s->world->arena, "%.*s/%.*s", STR_ARG(s->provider->name),
			STR_ARG(list->models[0].id));
	s->world->is_done |= is_last;
}

/* The key that was typed is what is tried. */
static const char *environment_without_keys(const char *name)
{
	bool is_key = str_ends(str_from(name), STR("_API_KEY")) ||
		      str_ends(str_from(name), STR("_AUTH_TOKEN"));

	return is_key ? NULL : getenv(name);
}

/* With the key that was given. */
static struct route_wish wish_of(const struct setup *s)
{
	struct arena *a = &s->world->arena;
	struct route_wish wish = s->world->wish;
	struct provider_wish *with_key;
	size_t n = wish.provider_count;

	with_key = arena_alloc(a, n + 1, sizeof *with_key);
	with_key[0] = (struct provider_wish){.name = s->provider->name};
	for (size_t i = 0; i < n; i++) {
		with_key[i + 1] = wish.providers[i];
		if (str_eq(wish.providers[i].name, s->provider->name)) {
			with_key[0] = wish.providers[i];
			with_key[i + 1].name = STR("");
		}
	}
	if (s->key.n) {
		with_key[0].key = arena_text(a, s->key);
		with_key[0].key_name = "fettle init";
		wish.environment = environment_without_keys;
	}
	wish.providers = with_key;
	wish.provider_count = n + 1;
	return wish;
}

static bool try_it(struct setup *s, struct err *e)
{
	struct world *w = s->world;
	struct list_wish wanted = {s->provider->name, TEST_MS};
	struct route_wish wish = wish_of(s);

	if (options_has(&w->given, "no-test"))
		return true;
	if (!world_open(w, e))
		return false;
	struct lists *lists = lists_start(&(struct call_world){w->loop, w->http, {0}}, &wish,
		&w->arena, &wanted, 1, &(struct lists_sink){got_list, s});
	if (!lists) {
		*e = s->error;
		return false;
	}
	fprintf(stderr, "asking %.*s ... ", STR_ARG(s->provider->name));
	if (!world_wait_lists(w, lists)) {
		s->is_interrupted = true;
		return gave_up(s, e);
	}
	if (s->error.code) {
		fputc('\n', stderr);
		*e = s->error;
		return err_context(e, "nothing is written");
	}
	fprintf(stderr, "it answers: %zu models\n", s->model_count);
	return true;
}

static bool ask_model(struct setup *s, struct err *e)
{
	const char *given = options_value(&s->world->given, "model");
	struct str word;

	if (given) {
		s->model = str_from(given);
		return str_find_char(s->model, '/', 0) != SIZE_MAX ||
		       err_set(e, ERR_USAGE, "option --model: write provider/model");
	}
	if (!s->model.n && s->provider->default_model)
		s->model = arena_printf(&s->world->arena, "%.*s/%s", STR_ARG(s->provider->name),
			s->provider->default_model);
	if (!s->is_interactive)
		return true;
	fprintf(stderr,
		"Which model (fettle models %.*s lists them)? [%.*s]: ", STR_ARG(s->provider->name),
		STR_ARG(s->model));
	if (!read_line(s, &word))
		return gave_up(s, e);
	if (word.n && str_starts(word,
			      arena_printf(&s->world->arena, "%.*s/", STR_ARG(s->provider->name))))
		s->model = word;
	else if (word.n)
		s->model = arena_printf(
			&s->world->arena, "%.*s/%.*s", STR_ARG(s->provider->name), STR_ARG(word));
	return true;
}

/* ---- writing ---- */

/* object with the member set to value, one member a line; all others are as they were written. */
static struct str with_member(
	struct arena *a, struct str object, struct str name, struct str value, int depth)
{
	AUTO(buf) out = {0};
	struct str key, old;
	const char *comma = "";

	buf_put_char(&out, '{');
	json_each (object, key, old) {
		if (str_eq(json_text(key, a), name))
			continue;
		buf_printf(&out, "%s\n%*s", comma, depth * 2, "");
		buf_put_str(&out, key);
		buf_put_text(&out, ": ");
		buf_put_str(&out, old);
		comma = ",";
	}
	buf_printf(&out, "%s\n%*s", comma, depth * 2, "");
	json_quote(&out, name);
	buf_put_text(&out, ": ");
	buf_put_str(&out, value);
	buf_printf(&out, "\n%*s}", depth * 2 - 2, "");
	return arena_copy(a, buf_str(&out));
}

static struct str quoted(struct arena *a, struct str text)
{
	AUTO(buf) out = {0};

	json_quote(&out, text);
	return arena_copy(a, buf_str(&out));
}

static struct str with_key(struct setup *s, struct str settings)
{
	struct arena *a = &s->world->arena;
	struct str name = s->provider->name;
	struct str providers = json_get(settings, "providers");
	struct str provider = json_get(providers, arena_text(a, name));

	provider = with_member(a, provider, STR("api_key"), quoted(a, s->key), 3);
	providers = with_member(a, providers, name, provider, 2);
	return with_member(a, settings, STR("providers"), providers, 1);
}

/* Makes what is missing on the way to the file. */
static bool make_directories(struct arena *a, const char *path, struct err *e)
{
	char *part = (char *)arena_text(a, str_from(path)); /* a copy of our own */

	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return err_errno(e, "%s", part);
		*slash = '/';
	}
	return true;
}

/* The object in it; bytes holds it. */
static bool read_old(const char *path, struct buf *bytes, struct str *old, struct err *e)
{
	struct err missing;

	if (access(path, F_OK) != 0 && errno == ENOENT)
		buf_put_text(bytes, "{}");
	else if (!file_read(AT_FDCWD, path, CONF_FILE_MAX_BYTES, bytes, e))
		return false;
	*old = str_trim(utf8_without_mark(buf_str(bytes)));
	if (!json_check(*old, &missing) || json_type(*old) != JSON_OBJECT)
		return err_set(e, ERR_PARSE, "%s is no JSON object: mend or move it first", path);
	return true;
}

static bool write_settings(struct setup *s, struct err *e)
{
	struct arena *a = &s->world->arena;
	const struct settings *known = &s->world->settings;
	const char *path = known->directory ? known->user_file : NULL;
	AUTO(buf) bytes = {0};
	struct str settings;

	if (!path)
		return err_set(e, ERR_USAGE,
			"no place for settings: neither HOME nor "
			"XDG_CONFIG_HOME is set");
	if (!read_old(path, &bytes, &settings, e))
		return false;
	if (s->key.n)
		settings = with_key(s, settings);
	if (s->model.n)
		settings = with_member(a, settings, STR("model"), quoted(a, s->model), 1);
	/* Nobody else may read a key. */
	umask(077);
	if (!make_directories(a, path, e) ||
		!file_replace(path, arena_printf(a, "%.*s\n", STR_ARG(settings)), e))
		return false;
	if (s->key.n && chmod(path, 0600) < 0)
		return err_errno(e, "%s", path);
	fprintf(stderr, "written: %s\n", path);
	return true;
}

/* ---- the command ---- */

static void add_provider(void *self, const struct provider_facts *facts)
{
	struct setup *s = self;

	vec_push(&s->providers, *facts);
}

static bool prepare(struct setup *s, struct err *e)
{
	struct world *w = s->world;

	if (w->given.operand_count)
		return err_set(e, ERR_USAGE, "init takes no words: %s", w->given.operands[0]);
	if (!world_settings(w, e))
		return false;
	s->is_interactive = isatty(STDIN_FILENO) && !options_has(&w->given, "key-stdin");
	route_survey(&w->wish, &w->arena, add_provider, s);
	return true;
}

static bool set_up(struct setup *s, struct err *e)
{
	return ask_provider(s, e) && ask_key(s, e) && try_it(s, e) && ask_model(s, e) &&
	       write_settings(s, e);
}

static int init(struct world *w, struct err *e)
{
	struct setup s = {.world = w, .model = STR(""), .key = STR("")};
	int status = EXIT_DONE;

	if (!prepare(&s, e))
		status = EXIT_USAGE;
	else if (!set_up(&s, e))
		status = command_exit_status(e);
	else
		fprintf(stderr, "try it: fettle \"what is in this directory?\"\n");
	vec_release(&s.providers);
	return status;
}

static int run(const struct program *program, int count, char *const *words)
{
	return world_command(&command_init, program, count, words, init);
}

const struct command command_init = {
	.name = "init",
	.brief = "choose provider, key and model, try them, and write the settings",
	.synopsis = {"[options]"},
	.description =
		"Asks which provider and for its key, asks the provider for its models to see that the "
		"key works, and writes $XDG_CONFIG_HOME/fettle/config.json, readable by you alone. What "
		"else is in the file stays. A key that is in the environment is used from there and not "
		"written down.\n\n"
		"With --provider and --key-stdin nothing is asked.",
	.options = options,
	.examples = {"fettle init", "fettle init --provider ollama",
		"fettle init --provider anthropic --key-stdin < key.txt"},
	.run = run,
};
