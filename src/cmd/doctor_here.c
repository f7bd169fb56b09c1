// SPDX-License-Identifier: MIT
/* doctor_here: what of this machine can be judged without a network. */
#include <dlfcn.h>
#include <stdio.h>

#include "cmd/doctor.h"
#include "io/child.h"
#include "io/gumbo_table.h"
#include "io/sandbox.h"
#include "io/sqlite_table.h"

enum { LINE_BYTES = 300 };

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

void doctor_look_at_database_library(const struct findings *f)
{
	struct err e;

	if (sqlite_table_open(&e))
		found(f, VERDICT_GOOD, "sqlite", "loads");
	else
		found(f, VERDICT_NOTE, "sqlite",
			"not there: fettle usage keeps no index and reads no databases of "
			"assistants (Debian: apt-get install libsqlite3-0)");
}

void doctor_look_at_programs(const struct findings *f)
{
	AUTO(buf) path = {0};

	if (child_find("git", &path))
		found(f, VERDICT_GOOD, "git", "%s", buf_text(&path));
	else
		found(f, VERDICT_WARNING, "git", "not there: the model cannot look at history");
}

static void look_at_bubblewrap(const struct findings *f, const struct sandbox_facts *facts)
{
	if (!facts->has_bubblewrap)
		found(f, VERDICT_NOTE, "bubblewrap",
			"not there (Debian: apt-get install bubblewrap)");
	else if (facts->bubblewrap_works)
		found(f, VERDICT_GOOD, "bubblewrap", "works: %s", buf_text(&facts->bubblewrap));
	else
		found(f, VERDICT_NOTE, "bubblewrap", "does not work here: %.200s",
			buf_text(&facts->bubblewrap));
}

/* What commands are run in, and what that does not stop (docs/security.md). */
static void tell_sandbox(const struct findings *f, const struct sandbox_facts *facts)
{
	switch (sandbox_probe(SANDBOX_AUTO)) {
	case SANDBOX_BUBBLEWRAP:
		found(f, VERDICT_GOOD, "sandbox",
			"bubblewrap; does not stop: reading files that are not known as secret");
		break;
	case SANDBOX_LANDLOCK:
		found(f, VERDICT_WARNING, "sandbox",
			"landlock; its rules do not let commands make, rename or remove anything "
			"directly in the workspace's top directory; does not stop: reading files "
			"that are not known as secret, chmod and touch of the user's files, "
			"looking at the list of processes%s",
			facts->landlock_abi < SANDBOX_SIGNALS_ABI ? ", signals to other programs"
								  : "");
		break;
	default:
		found(f, VERDICT_WARNING, "sandbox",
			"none: commands are run with --permit all only, and nothing stops them");
	}
}

void doctor_look_at_sandbox(const struct findings *f)
{
	struct sandbox_facts facts;

	sandbox_look(&facts);
	look_at_bubblewrap(f, &facts);
	if (facts.landlock_abi > 0)
		found(f, VERDICT_GOOD, "landlock", "ABI %d", facts.landlock_abi);
	else
		found(f, VERDICT_NOTE, "landlock", "not offered by this kernel");
	if (facts.has_seccomp)
		found(f, VERDICT_GOOD, "seccomp", "offered by this kernel");
	else
		found(f, VERDICT_NOTE, "seccomp", "not offered by this kernel");
	tell_sandbox(f, &facts);
	sandbox_facts_release(&facts);
}
