// SPDX-License-Identifier: MIT
#include "io/sandbox.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "io/sandbox_inside.h"

enum { PROBE_MS = 5'000, SAID_MAX_BYTES = 1'000 };

static const char *const wishes[] = {
	[SANDBOX_AUTO] = "auto",
	[SANDBOX_WISH_BUBBLEWRAP] = "bubblewrap",
	[SANDBOX_WISH_LANDLOCK] = "landlock",
	[SANDBOX_WISH_NONE] = "none",
};

bool sandbox_wish_from(const char *word, enum sandbox_wish *out, struct err *e)
{
	for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
		if (strcmp(word, wishes[i]) == 0) {
			*out = (enum sandbox_wish)i;
			return true;
		}
	return err_set(e, ERR_USAGE, "%s is no sandbox: auto, bubblewrap, landlock or none", word);
}

const char *sandbox_kind_name(enum sandbox_kind kind)
{
	static const char *const names[] = {[SANDBOX_NONE] = "none",
		[SANDBOX_LANDLOCK] = "landlock",
		[SANDBOX_BUBBLEWRAP] = "bubblewrap"};

	return names[kind];
}

/* With all that is asked of it later: containers often allow some of it only. */
static bool try_bubblewrap(const char *program, struct buf *why)
{
	static const char *const arguments[] = {"bwrap", "--ro-bind", "/", "/", "--unshare-all",
		"--die-with-parent", "--new-session", "--dev", "/dev", "--proc", "/proc", "--tmpfs",
		"/tmp", "--cap-drop", "ALL", "/bin/sh", "-c", ":", NULL};
	static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};
	const struct child_options options = {.program = program,
		.arguments = arguments,
		.environment = environment,
		.out_max_bytes = SAID_MAX_BYTES,
		.errors_max_bytes = SAID_MAX_BYTES,
		.deadline_ms = PROBE_MS};
	struct child_result result;
	struct err e;

	if (!child_run(&options, &result, &e)) {
		buf_put_text(why, e.text);
		return false;
	}
	bool works = result.status == 0;
	if (!works)
		buf_put_str(why, str_trim(buf_str(&result.errors)));
	child_result_release(&result);
	return works;
}

static bool has_seccomp(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

void sandbox_look(struct sandbox_facts *facts)
{
	AUTO(buf) why = {0};

	*facts = (struct sandbox_facts){
		.landlock_abi = landlock_abi(), .has_seccomp = has_seccomp()};
	facts->has_bubblewrap = child_find("bwrap", &facts->bubblewrap);
	if (!facts->has_bubblewrap)
		return;
	facts->bubblewrap_works = try_bubblewrap(buf_text(&facts->bubblewrap), &why);
	if (facts->bubblewrap_works)
		return;
	buf_clear(&facts->bubblewrap);
	buf_put_str(&facts->bubblewrap, buf_str(&why));
}

void sandbox_facts_release(struct sandbox_facts *facts)
{
	buf_release(&facts->bubblewrap);
	*facts = (struct sandbox_facts){0};
}

static pthread_once_t probed = PTHREAD_ONCE_INIT;
static bool bubblewrap_works;

static void probe_once(void)
{
	struct sandbox_facts facts;

	sandbox_look(&facts);
	bubblewrap_works = facts.bubblewrap_works;
	sandbox_facts_release(&facts);
}

static bool landlock_works(void)
{
	return landlock_abi() > 0 && has_seccomp();
}

enum sandbox_kind sandbox_probe(enum sandbox_wish wish)
{
	if (wish == SANDBOX_AUTO || wish == SANDBOX_WISH_BUBBLEWRAP) {
		pthread_once(&probed, probe_once);
		if (bubblewrap_works)
			return SANDBOX_BUBBLEWRAP;
	}
	if (wish == SANDBOX_AUTO || wish == SANDBOX_WISH_LANDLOCK)
		return landlock_works() ? SANDBOX_LANDLOCK : SANDBOX_NONE;
	return SANDBOX_NONE;
}

bool sandbox_is_there(enum sandbox_wish wish)
{
	if (wish == SANDBOX_AUTO && landlock_works())
		return true;
	return sandbox_probe(wish) != SANDBOX_NONE;
}

bool path_is_below(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	n -= n > 0 && directory[n - 1] == '/';
	return strncmp(path, directory, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

struct sandbox *sandbox_new(enum sandbox_kind kind, const struct sandbox_rules *rules)
{
	struct sandbox *s = must_alloc(1, sizeof *s);
	AUTO(buf) program = {0};

	*s = (struct sandbox){.kind = kind, .rules = *rules, .abi = landlock_abi()};
	if (kind == SANDBOX_BUBBLEWRAP && child_find("bwrap", &program))
		s->bubblewrap = arena_text(&s->arena, buf_str(&program));
	return s;
}

void sandbox_free(struct sandbox *s)
{
	if (!s)
		return;
	arena_release(&s->arena);
	free(s);
}

enum sandbox_kind sandbox_kind(const struct sandbox *s)
{
	return s->kind;
}

const char *sandbox_temporary(const struct sandbox *s)
{
	if (s->kind == SANDBOX_BUBBLEWRAP)
		return "/tmp";
	return s->rules.temporary ? s->rules.temporary : "/tmp";
}

void sandbox_end(pid_t pid, enum sandbox_ending how)
{
	kill(pid, how == SANDBOX_ASK ? SIGTERM : SIGQUIT);
}
