// SPDX-License-Identifier: MIT
#include "agent/mcp/cache.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/private.h"
#include "base/sha256.h"

enum { VERSION = 1 };

static const char *const era_names[] = {
	[MCP_UNKNOWN] = "", [MCP_MODERN] = "modern", [MCP_LEGACY] = "legacy"};

const char *mcp_era_name(enum mcp_era era)
{
	return era_names[era];
}

/* Its length first, so that no two lists of parts read alike. */
static void put_part(struct buf *b, struct str part)
{
	buf_printf(b, "%zu:", part.n);
	buf_put_str(b, part);
}

static void put_pairs(struct buf *b, const struct mcp_pair *pairs, size_t count)
{
	buf_printf(b, "%zu;", count);
	for (size_t i = 0; i < count; i++) {
		put_part(b, pairs[i].name);
		put_part(b, pairs[i].value);
	}
}

/* False for what is no file. */
static bool put_identity(struct buf *b, const char *path)
{
	struct stat st;
	bool is_file = path && stat(path, &st) == 0 && S_ISREG(st.st_mode);

	if (is_file)
		buf_printf(b, "@%lld,%lld,%lld.%09ld", (long long)st.st_ino, (long long)st.st_size,
			(long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return is_file;
}

/* The first file among them is taken for the script; others may be data, and change. */
static void put_arguments(struct buf *b, const struct mcp_config *config)
{
	bool has_script = false;

	for (size_t i = 0; i < config->argument_count; i++) {
		struct arena a = {0};
		put_part(b, config->arguments[i]);
		if (!has_script)
			has_script = put_identity(b, arena_text(&a, config->arguments[i]));
		arena_release(&a);
	}
}

void mcp_cache_name(const struct mcp_config *config, const char *program, char out[MCP_CACHE_NAME])
{
	AUTO(buf) key = {0};
	char digest[SHA256_TEXT];

	buf_printf(&key, "%d;%d;", VERSION, config->has_network);
	put_part(&key, config->name);
	put_part(&key, str_from(config->command ? config->command : ""));
	put_part(&key, str_from(program ? program : ""));
	(void)put_identity(&key, program);
	put_arguments(&key, config);
	put_pairs(&key, config->variables, config->variable_count);
	put_part(&key, str_from(config->url ? config->url : ""));
	put_pairs(&key, config->headers, config->header_count);
	struct sha256 sum = sha256_of(buf_str(&key));
	sha256_text(&sum, digest);
	snprintf(out, MCP_CACHE_NAME, "%s.json", digest);
}

static enum mcp_era era_of(struct str value)
{
	return json_text_is(value, era_names[MCP_MODERN])   ? MCP_MODERN
	       : json_text_is(value, era_names[MCP_LEGACY]) ? MCP_LEGACY
							    : MCP_UNKNOWN;
}

bool mcp_cache_read(int directory, const char *name, int64_t wall_s, struct mcp_cached *out,
	struct mcp_tools *tools)
{
	AUTO(buf) bytes = {0};
	struct mcp_cached found = {0};
	struct err e;

	if (!private_read(directory, name, MCP_CACHE_MAX_BYTES, &bytes, &e) ||
		!json_check(buf_str(&bytes), &e))
		return false;
	struct str text = buf_str(&bytes), list = json_get(text, "tools");
	found.era = era_of(json_get(text, "era"));
	found.wall_s = json_int_or(json_get(text, "at"), -1);
	found.start_ms = json_int_or(json_get(text, "start_ms"), 0);
	if (json_int_or(json_get(text, "version"), 0) != VERSION || !found.era ||
		json_type(list) != JSON_ARRAY || found.wall_s > wall_s ||
		found.wall_s < wall_s - MCP_CACHE_AGE_S)
		return false;
	mcp_tools_add(tools, list);
	mcp_tools_end(tools);
	*out = found;
	return true;
}

bool mcp_cache_write(int directory, const char *name, const struct mcp_cached *cached,
	const struct mcp_tools *tools, struct err *e)
{
	AUTO(buf) text = {.max = MCP_CACHE_MAX_BYTES};
	struct json_writer w = {.buf = &text};

	json_open(&w, '{');
	json_member_int(&w, "version", VERSION);
	json_member_text(&w, "era", mcp_era_name(cached->era));
	json_member_int(&w, "at", cached->wall_s);
	json_member_int(&w, "start_ms", cached->start_ms);
	json_key(&w, "tools");
	w.comma = false;
	mcp_tools_put(tools, &text);
	buf_put_text(&text, "}\n");
	if (text.overflow)
		return err_set(e, ERR_LIMIT, "a list of tools of more than %d MB",
			MCP_CACHE_MAX_BYTES >> 20);
	return private_write(directory, name, buf_str(&text), e);
}
