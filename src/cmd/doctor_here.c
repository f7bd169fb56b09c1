// SPDX-License-Identifier: MIT
/* doctor_here: what of this machine can be judged without a network. */
#include <dlfcn.h>
#include <errno.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmd/doctor.h"
#include "io/child.h"
#include "io/gumbo_table.h"

enum { CHILD_MS = 5'000, LINE_BYTES = 300 };

static const char *const no_environment[] = {"PATH=/usr/bin:/bin", NULL};

__attribute__((format(printf, 4, 5))) static void found(const struct findings *f,
	enum verdict verdict, const char *subject, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	f->add(f->self, verdict, subject, text);
}

void doctor_look_at_network_library(const struct findings *f)
{
	void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	const char *(*version)(void) = NULL;

	if (!library) {
		found(f, VERDICT_BAD, "libcurl",
			"not there: no provider can be reached (Debian: apt-get install libcurl4)");
		return;
	}
	*(void **)&version = dlsym(library, "curl_version");
	found(f, VERDICT_GOOD, "libcurl", "%s", version ? version() : "loads");
}

void doctor_look_at_search_library(const struct findings *f)
{
	if (dlopen("libhs.so.5", RTLD_NOW | RTLD_LOCAL))
		found(f, VERDICT_GOOD, "hyperscan", "loads");
	else
		found(f, VERDICT_NOTE, "hyperscan",
			"not there: patterns without a fixed word are searched more slowly "
			"(Debian: apt-get install libhyperscan5)");
}

void doctor_look_at_page_library(const struct findings *f)
{
	struct err e;

	if (gumbo_table_open(&e))
		found(f, VERDICT_GOOD, "gumbo", "loads");
	else
		found(f, VERDICT_NOTE, "gumbo",
			"not there: fetched HTML cannot be made Markdown or text (Debian: apt-get "
			"install libgumbo1)");
}

void doctor_look_at_programs(const struct findings *f)
{
	AUTO(buf) path = {0};

	if (child_find("git", &path))
		found(f, VERDICT_GOOD, "git", "%s", buf_text(&path));
	else
		found(f, VERDICT_WARNING, "git", "not there: the model cannot look at history");
}

/* A program in bubblewrap that sees a read-only system and no network. */
static bool bubblewrap_works(const char *path, char *why)
{
	const char *const arguments[] = {
		"bwrap", "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", "true", NULL};
	const struct child_options options = {.program = path,
		.arguments = arguments,
		.environment = no_environment,
		.out_max_bytes = 1'000,
		.errors_max_bytes = 1'000,
		.deadline_ms = CHILD_MS};
	struct child_result result;
	struct err e;

	if (!child_run(&options, &result, &e)) {
		snprintf(why, LINE_BYTES, "%.*s", 200, e.text);
		return false;
	}
	struct str said = str_trim(buf_str(&result.errors));
	snprintf(why, LINE_BYTES, "%.*s", (int)(said.n < 200 ? said.n : 200), said.p ? said.p : "");
	bool works = result.status == 0;
	child_result_release(&result);
	return works;
}

void doctor_look_at_sandbox(const struct findings *f)
{
	AUTO(buf) path = {0};
	char why[LINE_BYTES];
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (!child_find("bwrap", &path))
		found(f, VERDICT_NOTE, "bubblewrap",
			"not there (Debian: apt-get install bubblewrap)");
	else if (bubblewrap_works(buf_text(&path), why))
		found(f, VERDICT_GOOD, "bubblewrap", "works: %s", buf_text(&path));
	else
		found(f, VERDICT_NOTE, "bubblewrap", "does not work here: %s", why);
	if (abi > 0)
		found(f, VERDICT_GOOD, "landlock", "ABI %ld", abi);
	else
		found(f, VERDICT_NOTE, "landlock", "not offered by this kernel: %s",
			strerror(errno));
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0)
		found(f, VERDICT_GOOD, "seccomp", "offered by this kernel");
	else
		found(f, VERDICT_NOTE, "seccomp", "not offered by this kernel");
}
