// SPDX-License-Identifier: MIT
#include "agent/fence.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/fence_paths.h"
#include "base/log.h"
#include "base/remove.h"

/* What was known of the workspace at a time; children that were started with it may still run. */
struct version {
	struct version *older;
	struct fence_paths paths;
	struct sandbox *sandbox;
};

struct fence {
	struct fence_options options;
	pthread_mutex_t lock; /* protects what follows */
	struct version *newest;
	enum sandbox_kind kind;
	int number;
	const char *temporary; /* NULL: not made yet */
	VEC(const char *) environment;
	struct arena arena;
};

struct fence *fence_new(const struct fence_options *options)
{
	struct fence *f = must_alloc(1, sizeof *f);

	*f = (struct fence){.options = *options};
	pthread_mutex_init(&f->lock, NULL);
	return f;
}

/* ---- the directory for temporary files ---- */

static bool make_temporary(struct fence *f, struct err *e)
{
	const char *set = getenv("TMPDIR");
	char path[4096];

	if (f->temporary)
		return true;
	snprintf(path, sizeof path, "%.4000s/fettle.XXXXXX", set && *set == '/' ? set : "/tmp");
	if (!mkdtemp(path))
		return err_errno(e, "a directory for temporary files: %s", path);
	char *real = realpath(path, NULL);
	f->temporary = arena_text(&f->arena, str_from(real ? real : path));
	free(real);
	return true;
}

struct fence *fence_beside(const struct fence *f, bool has_network)
{
	struct fence_options options = f->options;

	options.has_network = has_network;
	return fence_new(&options);
}

struct fence *fence_elsewhere(const struct fence *f, const struct workspace *w,
	const struct secret_rules *secrets, const char *hidden)
{
	struct fence_options options = f->options;

	options.workspace = w;
	options.secrets = secrets;
	options.hidden = hidden;
	return fence_new(&options);
}

static void remove_temporary(struct fence *f)
{
	if (f->temporary)
		remove_tree(f->temporary);
}

const char *fence_temporary(const struct fence *f)
{
	return f->temporary ? f->temporary : "";
}

int fence_number(struct fence *f)
{
	pthread_mutex_lock(&f->lock);
	int number = ++f->number;
	pthread_mutex_unlock(&f->lock);
	return number;
}

/* ---- the sandbox ---- */

static bool choose_kind(struct fence *f, struct err *e)
{
	f->kind = sandbox_probe(f->options.wish);
	if (f->kind != SANDBOX_NONE || f->options.wish == SANDBOX_WISH_NONE ||
		f->options.wish == SANDBOX_AUTO)
		return true;
	return err_set(e, ERR_DENIED,
		"the sandbox that --sandbox asks for does not work here; "
		"fettle doctor says why");
}

static void add_version(struct fence *f)
{
	struct version *v = must_alloc(1, sizeof *v);

	*v = (struct version){.older = f->newest};
	fence_paths_find(&v->paths, &f->options);
	struct sandbox_rules rules = {.writable = v->paths.writable.list.p,
		.readonly = v->paths.readonly.list.p,
		.hidden = v->paths.hidden.list.p,
		.shown = v->paths.shown.list.p,
		.temporary = f->temporary,
		.has_network = f->options.has_network};
	v->sandbox = sandbox_new(f->kind, &rules);
	f->newest = v;
	log_debug("sandbox: %s, %zu hidden, %zu protected", sandbox_kind_name(f->kind),
		v->paths.hidden.list.n - 1, v->paths.readonly.list.n - 1);
}

static bool look(struct fence *f, struct err *e)
{
	if (f->newest && fence_paths_hold(&f->newest->paths))
		return true;
	if (!f->newest && (!choose_kind(f, e) || !make_temporary(f, e)))
		return false;
	add_version(f);
	return true;
}

const struct sandbox *fence_sandbox(struct fence *f, struct err *e)
{
	pthread_mutex_lock(&f->lock);
	const struct sandbox *s = look(f, e) ? f->newest->sandbox : NULL;
	pthread_mutex_unlock(&f->lock);
	return s;
}

void fence_free(struct fence *f)
{
	if (!f)
		return;
	while (f->newest) {
		struct version *v = f->newest;
		f->newest = v->older;
		sandbox_free(v->sandbox);
		fence_paths_release(&v->paths);
		free(v);
	}
	remove_temporary(f);
	vec_release(&f->environment);
	pthread_mutex_destroy(&f->lock);
	arena_release(&f->arena);
	free(f);
}

/* ---- the environment ---- */

/* In any case, anywhere in the name. */
static const char *const telling[] = {"KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE",
	"CREDENTIAL", "PRIVATE", "AUTH", NULL};

/* From the start of the name: cloud accounts, and what has other programs load or run something. */
static const char *const starts[] = {"AWS_", "AZURE_", "GOOGLE_", "LD_", "BASH_FUNC_", "FETTLE_",
	"GIT_CONFIG", "DOCKER_", "KUBE", NULL};

/* Sockets of the user's session, and files that shells run. */
static const char *const exactly[] = {"BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "PROMPT_COMMAND",
	"GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "SSH_ASKPASS", "SSH_AGENT_PID",
	"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
	"GPG_AGENT_INFO", "NOTIFY_SOCKET", "TMUX", "STY", NULL};

/* In place of what we have of these. */
static const char *const fixed[] = {"NO_COLOR=1", "PAGER=cat", "GIT_PAGER=cat",
	"GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "TERM=dumb",
	"AI_AGENT=fettle_" FETTLE_VERSION "_agent", NULL};

static bool has_word(struct str name, const char *word)
{
	struct str w = str_from(word);

	for (size_t i = 0; i + w.n <= name.n; i++)
		if (str_eq_nocase(str_head(str_skip(name, i), w.n), w))
			return true;
	return false;
}

static bool is_telling(struct str name)
{
	for (const char *const *word = telling; *word; word++)
		if (has_word(name, *word))
			return true;
	for (const char *const *word = starts; *word; word++)
		if (str_starts(name, str_from(*word)))
			return true;
	for (const char *const *word = exactly; *word; word++)
		if (str_is(name, *word))
			return true;
	return false;
}

bool fence_withholds(const struct fence_options *o, struct str name, struct str value)
{
	AUTO(buf) text = {0};

	for (size_t i = 0; i < o->passed_count; i++)
		if (str_eq(o->passed[i], name))
			return false;
	if (is_telling(name))
		return true;
	/* DATABASE_URL and its like: known by what is in them. */
	buf_put_str(&text, value);
	return secret_mask(o->secrets, &text) > 0;
}

static bool is_fixed(struct str name)
{
	for (const char *const *f = fixed; *f; f++)
		if (str_starts(str_from(*f), name) && (*f)[name.n] == '=')
			return true;
	return str_is(name, "TMPDIR") || str_is(name, "XDG_CACHE_HOME");
}

static void build_environment(struct fence *f)
{
	const char *temporary = f->kind == SANDBOX_BUBBLEWRAP ? "/tmp" : fence_temporary(f);

	for (char **variable = environ; variable && *variable; variable++) {
		struct str value = str_from(*variable), name;
		(void)str_split(&value, '=', &name);
		if (is_fixed(name) || fence_withholds(&f->options, name, value))
			continue;
		vec_push(&f->environment, arena_text(&f->arena, str_from(*variable)));
	}
	for (const char *const *word = fixed; *word; word++)
		vec_push(&f->environment, *word);
	vec_push(&f->environment, arena_printf(&f->arena, "TMPDIR=%s", temporary).p);
	/* Compilers and package managers want to keep something: the user's cannot be written. */
	vec_push(&f->environment, arena_printf(&f->arena, "XDG_CACHE_HOME=%s/.cache", temporary).p);
	vec_push(&f->environment, NULL);
}

const char *const *fence_environment(struct fence *f)
{
	pthread_mutex_lock(&f->lock);
	if (!f->environment.n)
		build_environment(f);
	pthread_mutex_unlock(&f->lock);
	return f->environment.p;
}
