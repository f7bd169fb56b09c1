// SPDX-License-Identifier: MIT
#include "index/hyperscan.h"

#include "base/log.h"
#include "base/must.h"

#if __has_include(<hs/hs.h>)
#include <dlfcn.h>
#include <hs/hs.h>

/* Stays open for the life of the process: a second dlopen only counts. */
struct hyperscan {
	typeof(hs_compile) *compile;
	typeof(hs_free_compile_error) *free_error;
	typeof(hs_alloc_scratch) *alloc_scratch;
	typeof(hs_free_scratch) *free_scratch;
	typeof(hs_free_database) *free_database;
	typeof(hs_scan) *scan;
	hs_database_t *database;
	bool is_exact;
};

struct hyperscan_scratch {
	hs_scratch_t *scratch;
};

static bool load(struct hyperscan *h)
{
	void *library = dlopen("libhs.so.5", RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		log_debug("hyperscan: %s", dlerror());
		return false;
	}
	typeof(hs_valid_platform) *valid = dlsym(library, "hs_valid_platform");
	h->compile = dlsym(library, "hs_compile");
	h->free_error = dlsym(library, "hs_free_compile_error");
	h->alloc_scratch = dlsym(library, "hs_alloc_scratch");
	h->free_scratch = dlsym(library, "hs_free_scratch");
	h->free_database = dlsym(library, "hs_free_database");
	h->scan = dlsym(library, "hs_scan");
	return valid && h->compile && h->free_error && h->alloc_scratch && h->free_scratch &&
	       h->free_database && h->scan && valid() == HS_SUCCESS;
}

static bool compile(struct hyperscan *h, const char *pattern, unsigned flags)
{
	hs_compile_error_t *error = NULL;

	if (h->compile(pattern, flags, HS_MODE_BLOCK, NULL, &h->database, &error) == HS_SUCCESS)
		return true;
	log_debug("hyperscan: %s", error ? error->message : "no reason");
	if (error)
		h->free_error(error);
	return false;
}

struct hyperscan *hyperscan_new(struct str pattern, bool ignore_case)
{
	struct hyperscan h = {0};
	unsigned flags = HS_FLAG_MULTILINE | (ignore_case ? HS_FLAG_CASELESS : 0);

	if (memchr(pattern.p, '\0', pattern.n) || !load(&h))
		return NULL;
	char *text = must_copy(pattern.p, pattern.n);
	/* PREFILTER also takes look-around and back references, and finds more than they match. */
	h.is_exact = compile(&h, text, flags);
	bool is_compiled = h.is_exact || compile(&h, text, flags | HS_FLAG_PREFILTER);
	free(text);
	if (!is_compiled)
		return NULL;
	struct hyperscan *out = must_alloc(1, sizeof *out);
	*out = h;
	return out;
}

bool hyperscan_is_exact(const struct hyperscan *h)
{
	return h->is_exact;
}

void hyperscan_free(struct hyperscan *h)
{
	if (!h)
		return;
	h->free_database(h->database);
	free(h);
}

struct hyperscan_scratch *hyperscan_scratch_new(const struct hyperscan *h)
{
	hs_scratch_t *scratch = NULL;

	if (h->alloc_scratch(h->database, &scratch) != HS_SUCCESS)
		return NULL;
	struct hyperscan_scratch *out = must_alloc(1, sizeof *out);
	out->scratch = scratch;
	return out;
}

void hyperscan_scratch_free(const struct hyperscan *h, struct hyperscan_scratch *scratch)
{
	if (!scratch)
		return;
	h->free_scratch(scratch->scratch);
	free(scratch);
}

static int stop_at_first(
	unsigned, unsigned long long, unsigned long long to, unsigned, void *context)
{
	*(unsigned long long *)context = to;
	return 1;
}

const char *hyperscan_find(const struct hyperscan *h, struct hyperscan_scratch *scratch,
	const char *p, const char *end)
{
	unsigned long long to = 0;
	hs_error_t result = h->scan(
		h->database, p, (unsigned)(end - p), 0, scratch->scratch, stop_at_first, &to);

	if (result == HS_SUCCESS)
		return NULL;
	/* HS_SCAN_TERMINATED; on any error every line is proposed. */
	return to ? p + to - 1 : p;
}
#else
struct hyperscan *hyperscan_new(struct str, bool)
{
	log_debug("hyperscan: built without its headers");
	return NULL;
}

bool hyperscan_is_exact(const struct hyperscan *)
{
	return false;
}

void hyperscan_free(struct hyperscan *)
{
}

struct hyperscan_scratch *hyperscan_scratch_new(const struct hyperscan *)
{
	return NULL;
}

void hyperscan_scratch_free(const struct hyperscan *, struct hyperscan_scratch *)
{
}

const char *hyperscan_find(
	const struct hyperscan *, struct hyperscan_scratch *, const char *p, const char *)
{
	return p;
}
#endif
