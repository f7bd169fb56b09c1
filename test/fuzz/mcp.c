// SPDX-License-Identifier: MIT
/* What MCP servers and configurations of them say, as it comes. */
#include "agent/mcp/config.h"
#include "agent/mcp/speech.h"
#include "base/json.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *environment(const char *name)
{
	return name[0] == 'A' ? "value" : NULL;
}

static void read_config(struct str text)
{
	struct mcp_configs configs = {0};
	struct mcp_source source = {"f", true, environment};
	struct err e;

	if (mcp_configs_read(&configs, text, &source, &e))
		must(configs.list.n <= MCP_SERVERS_MAX);
	mcp_configs_release(&configs);
}

/* What is offered is always JSON, and comes back from the cache as it went there. */
static void check_list(const struct mcp_tools *listed)
{
	struct mcp_tools again = {0};
	AUTO(buf) first = {0};
	AUTO(buf) second = {0};
	struct err e;

	mcp_tools_put(listed, &first);
	must(json_check(buf_str(&first), &e));
	mcp_tools_add(&again, buf_str(&first));
	mcp_tools_end(&again);
	mcp_tools_put(&again, &second);
	must(str_eq(buf_str(&first), buf_str(&second)));
	vec_each (&listed->list, tool) {
		char name[MCP_OFFERED_BYTES];
		must(json_check(tool->schema, &e));
		must(utf8_is_valid(tool->description));
		must(tool->description.n <= MCP_DESCRIPTION_MAX_BYTES);
		mcp_tool_name(STR("s"), tool->name, true, name);
	}
	mcp_tools_release(&again);
}

static void read_result(struct str text)
{
	struct mcp_tools listed = {0};
	struct arena a = {0};
	struct str cursor, version;
	AUTO(buf) out = {0};
	struct err e;

	if (mcp_get_list(text, &listed, &a, &cursor, &e)) {
		mcp_tools_end(&listed);
		check_list(&listed);
	}
	(void)!mcp_get_discover(text, &e);
	(void)!mcp_get_initialize(text, &version, &e);
	(void)!mcp_get_result(text, &out);
	must(utf8_is_valid(buf_str(&out)));
	(void)mcp_get_progress(text);
	mcp_tools_release(&listed);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct err e;

	read_config(text);
	if (json_check(text, &e))
		read_result(str_trim(text));
	return 0;
}
