// SPDX-License-Identifier: MIT
/* MCP: what servers say, what is said to them, and what is kept; no server is started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/mcp/schema.h"
#include "agent/mcp/speech.h"
#include "agent/trusted.h"
#include "base/json.h"
#include "base/private.h"

static void assert_str(struct str got, const char *wanted)
{
	assert_int_equal(got.n, strlen(wanted));
	assert_memory_equal(got.p ? got.p : "", wanted, got.n);
}

/* ---- names ---- */

static void names_are_safe_and_short(void **)
{
	static const struct {
		const char *server, *tool, *name;
	} cases[] = {
		{"a", "b", "mcp__a__b"},
		{"my server", "get.it/now", "mcp__my_server__get_it_now"},
		{"gr\xc3\xbc\xc3\x9f", "x", "mcp__gr______x"},
		{"-", "_", "mcp__-___"},
	};
	char name[MCP_OFFERED_BYTES], other[MCP_OFFERED_BYTES];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		mcp_tool_name(str_from(cases[i].server), str_from(cases[i].tool), false, name);
		assert_string_equal(name, cases[i].name);
	}
	/* 5 + 29 + 2 + 28 = 64 bytes are whole, one more has a digest at its end. */
	mcp_tool_name(STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), STR("bbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
		false, name);
	assert_int_equal(strlen(name), 64);
	assert_int_equal(name[63], 'b');
	mcp_tool_name(STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), STR("bbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
		false, name);
	assert_int_equal(strlen(name), 64);
	assert_int_equal(name[55], '_');
	mcp_tool_name(STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), STR("bbbbbbbbbbbbbbbbbbbbbbbbbbbbc"),
		false, other);
	assert_string_not_equal(name, other);
	mcp_tool_name(STR("a"), STR("b_c"), true, name);
	mcp_tool_name(STR("a_b"), STR("c"), true, other);
	assert_string_not_equal(name, other);
	assert_int_equal(strlen(name), strlen("mcp__a__b_c_01234567"));
}

/* ---- schemas ---- */

struct schema_case {
	const char *schema, *offered; /* offered NULL: error is the sentence */
	const char *error;
};

static const struct schema_case schemas[] = {
	{"{\"type\":\"object\"}", "{\"type\":\"object\",\"properties\":{}}", NULL},
	{"{ }", "{\"type\":\"object\",\"properties\":{}}", NULL},
	{"{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"anyOf\":[{}],\"oneOf\":[],"
	 "\"allOf\":[],\"not\":{},\"enum\":[],\"properties\":{\"a\":{\"anyOf\":[{\"type\":\"null\"}]}}}",
		"{\"type\":\"object\",\"properties\":{\"a\":{\"anyOf\":[{\"type\":\"null\"}]}}}",
		NULL},
	{"{\"properties\":{\"$ref\":{\"type\":\"string\"},\"b\":{\"$ref\":\"#/$defs/x\"},\"c\":true}}",
		"{\"type\":\"object\",\"properties\":{\"$ref\":{\"type\":\"string\"},"
		"\"b\":{\"$ref\":\"#/$defs/x\"},\"c\":true}}",
		NULL},
	{"{\"properties\":{\"b\":{\"description\":\"do \\u001b[31mit\\u202e now\\udb40\\udc41\"}}}",
		"{\"type\":\"object\",\"properties\":{\"b\":{\"description\":\"do it now\"}}}",
		NULL},
	{"{\"properties\":{\"n\":{\"minimum\":1.50e3,\"default\":null}},\"required\":[\"n\"]}",
		"{\"type\":\"object\",\"properties\":{\"n\":{\"minimum\":1.50e3,\"default\":null}},"
		"\"required\":[\"n\"]}",
		NULL},
	{"{\"properties\":{\"b\":{\"$ref\":\"http://127.0.0.1/x\"}}}", NULL, "another place"},
	{"{\"$ref\":\"file:///etc/passwd\"}", NULL, "another place"},
	{"{\"properties\":{\"a\\u200bb\":{}}}", NULL, "hidden characters"},
	{"{\"type\":\"string\"}", NULL, "not an object's"},
	{"[]", NULL, "not an object's"},
	{"null", NULL, "not an object's"},
	{"", NULL, "not an object's"},
	{"{\"properties\":[]}", NULL, "no object"},
	{"{\"properties\":{\"a\":5}}", NULL, "no schema"},
	{"{\"required\":\"a\"}", NULL, "no list"},
	{"{\"required\":[1]}", NULL, "no list of names"},
};

static void schemas_are_made_fit(void **)
{
	for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
		const struct schema_case *c = &schemas[i];
		AUTO(buf) out = {0};
		struct err e;
		bool good = mcp_schema_put(&out, str_from(c->schema), &e);
		if (good != (c->offered != NULL))
			fail_msg("%s: %s", c->schema, good ? "passes" : e.text);
		if (good)
			assert_string_equal(buf_text(&out), c->offered);
		else
			assert_non_null(strstr(e.text, c->error));
	}
}

static void put_nested(struct buf *b, int depth)
{
	buf_put_text(b, "{\"properties\":");
	for (int i = 0; i < depth; i++)
		buf_put_text(b, "{\"a\":");
	buf_put_text(b, "{}");
	for (int i = 0; i < depth; i++)
		buf_put_char(b, '}');
	buf_put_char(b, '}');
}

static void deep_schemas_are_refused(void **)
{
	for (int depth = 20; depth < 40; depth++) {
		AUTO(buf) schema = {0};
		AUTO(buf) out = {0};
		struct err e;
		put_nested(&schema, depth);
		assert_int_equal(mcp_schema_put(&out, buf_str(&schema), &e),
			depth + 2 <= MCP_SCHEMA_DEPTH_MAX);
	}
}

static void arguments_can_be_headers(void **)
{
	static const struct {
		const char *properties, *error;
	} cases[] = {
		{"{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"Region\"},\"b\":{},"
		 "\"c\":{\"type\":\"integer\",\"x-mcp-header\":\"Id_2\"}}",
			NULL},
		{"{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"\"}}", "is wrong"},
		{"{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"a b\"}}", "is wrong"},
		{"{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"a\\r\\nEvil: x\"}}", "is wrong"},
		{"{\"a\":{\"type\":\"string\",\"x-mcp-header\":5}}", "is wrong"},
		{"{\"a\":{\"type\":\"object\",\"x-mcp-header\":\"A\"}}", "is wrong"},
		{"{\"a\":{\"type\":\"string\",\"x-mcp-header\":\"A\"},"
		 "\"b\":{\"type\":\"string\",\"x-mcp-header\":\"a\"}}",
			"comes twice"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a = {0};
		const struct mcp_header *headers;
		size_t count;
		struct err e;
		struct str schema = arena_printf(&a, "{\"properties\":%s}", cases[i].properties);
		bool good = mcp_schema_headers(schema, &a, &headers, &count, &e);
		assert_int_equal(good, !cases[i].error);
		if (good) {
			assert_int_equal(count, 2);
			assert_str(headers[0].argument, "a");
			assert_str(headers[1].name, "Id_2");
		} else {
			assert_non_null(strstr(e.text, cases[i].error));
		}
		arena_release(&a);
	}
}

/* ---- lists ---- */

static void add_text(struct mcp_tools *t, const char *array)
{
	struct err e;

	assert_true(json_check(str_from(array), &e));
	mcp_tools_add(t, str_from(array));
}

static void lists_are_judged(void **)
{
	struct mcp_tools t = {0};

	add_text(&t,
		"[{\"name\":\"z\",\"description\":\"last \\u001b]0;x\\u0007one\",\"inputSchema\":{}},"
		"{\"name\":\"a\",\"title\":\"first\",\"inputSchema\":{\"type\":\"object\"}},"
		"{\"name\":\"a\",\"description\":\"again\",\"inputSchema\":{}},"
		"{\"name\":\"\",\"inputSchema\":{}},{\"inputSchema\":{}},{\"name\":5},5,null,"
		"{\"name\":\"b\\nc\",\"inputSchema\":{}},{\"name\":\"d\\u202e\",\"inputSchema\":{}},"
		"{\"name\":\"no schema\"}]");
	mcp_tools_end(&t);
	assert_int_equal(t.list.n, 2);
	assert_str(t.list.p[0].name, "a");
	assert_str(t.list.p[0].description, "first");
	assert_str(t.list.p[1].description, "last one");
	assert_int_equal(t.problems.n, 9);
	assert_string_equal(t.problems.p[0], "tool a: comes twice, the first one counts");
	assert_null(mcp_tools_find(&t, STR("no schema")));
	mcp_tools_keep(&t, (const struct str[]){STR("z"), STR("y")}, 2);
	assert_int_equal(t.list.n, 1);
	assert_str(t.list.p[0].name, "z");
	mcp_tools_release(&t);
}

static void lists_have_limits(void **)
{
	struct mcp_tools t = {0};
	AUTO(buf) text = {0};

	buf_put_text(&text, "[{\"name\":\"long\",\"inputSchema\":{},\"description\":\"");
	for (int i = 0; i < 2000; i++)
		buf_put_text(&text, "\xc3\xa4");
	buf_put_text(&text, "\"},{\"name\":\"big\",\"inputSchema\":{\"description\":\"");
	for (int i = 0; i < MCP_SCHEMA_MAX_BYTES; i++)
		buf_put_char(&text, 'x');
	buf_put_text(&text, "\"}}");
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, ",{\"name\":\"t%04d\",\"inputSchema\":{}}", i);
	buf_put_char(&text, ']');
	add_text(&t, buf_text(&text));
	mcp_tools_end(&t);
	assert_int_equal(t.list.n, MCP_TOOLS_MAX);
	assert_int_equal(t.left_out, 1000 - MCP_TOOLS_MAX + 1);
	const struct mcp_tool *tool = mcp_tools_find(&t, STR("long"));
	assert_non_null(tool);
	assert_true(tool->description.n <= MCP_DESCRIPTION_MAX_BYTES);
	assert_true(str_ends(tool->description, STR("\xc3\xa4 [cut]")));
	assert_null(mcp_tools_find(&t, STR("big")));
	assert_string_equal(t.problems.p[0], "tool big: a schema of more than 16 KB");
	assert_string_equal(t.problems.p[1], "937 tools beyond the first 64 are left out");
	mcp_tools_release(&t);
}

static void lists_come_back_as_they_were(void **)
{
	struct mcp_tools one = {0}, two = {0};
	AUTO(buf) first = {0};
	AUTO(buf) second = {0};

	add_text(&one,
		"[{\"name\":\"b\",\"description\":\"d\",\"inputSchema\":{\"anyOf\":[{}], \"properties\":"
		"{\"x\":{\"type\":\"string\",\"x-mcp-header\":\"X\"}}}},{\"name\":\"a\",\"inputSchema\":{}}]");
	mcp_tools_end(&one);
	mcp_tools_put(&one, &first);
	add_text(&two, buf_text(&first));
	mcp_tools_end(&two);
	mcp_tools_put(&two, &second);
	assert_string_equal(buf_text(&first), buf_text(&second));
	assert_int_equal(two.list.p[1].header_count, 1);
	assert_true(mcp_tool_is_same(&one.list.p[1], &two.list.p[1]));
	assert_false(mcp_tool_is_same(&one.list.p[0], &two.list.p[1]));
	mcp_tools_release(&one);
	mcp_tools_release(&two);
}

static void order_and_spaces_are_no_change(void **)
{
	struct mcp_tools one = {0}, two = {0};

	add_text(&one, "[{\"name\":\"a\",\"inputSchema\":{\"type\":\"object\",\"required\":[]}}]");
	add_text(&two,
		"[{\"name\":\"a\",\"inputSchema\":{ \"required\" : [],\"type\":\"obj\\u0065ct\"}}]");
	assert_true(mcp_tool_is_same(&one.list.p[0], &two.list.p[0]));
	mcp_tools_release(&one);
	mcp_tools_release(&two);
}

/* ---- speech ---- */

static void requests_say_what_their_era_wants(void **)
{
	AUTO(buf) b = {0};

	mcp_put_list(&b, &(struct mcp_request){.era = MCP_LEGACY}, (struct str){0});
	assert_string_equal(buf_text(&b), "{}");
	buf_clear(&b);
	mcp_put_list(&b, &(struct mcp_request){.era = MCP_LEGACY}, STR("n\"1"));
	assert_string_equal(buf_text(&b), "{\"cursor\":\"n\\\"1\"}");
	buf_clear(&b);
	mcp_put_call(&b, &(struct mcp_request){MCP_LEGACY, 7}, STR("t"), STR("{\"a\": 1}"));
	assert_string_equal(buf_text(&b),
		"{\"name\":\"t\",\"arguments\":{\"a\": 1},\"_meta\":{\"progressToken\":7}}");
	buf_clear(&b);
	mcp_put_call(&b, &(struct mcp_request){MCP_MODERN, 7}, STR("t"), STR("{}"));
	struct str meta = json_get(buf_str(&b), "_meta");
	assert_true(json_text_is(
		json_get(meta, "io.modelcontextprotocol/protocolVersion"), MCP_MODERN_VERSION));
	assert_int_equal(json_type(json_get(meta, "io.modelcontextprotocol/clientCapabilities")),
		JSON_OBJECT);
	assert_int_equal(json_int_or(json_get(meta, "progressToken"), 0), 7);
	buf_clear(&b);
	mcp_put_roots(&b, "/a b/\xc3\xbc%");
	assert_string_equal(buf_text(&b), "{\"roots\":[{\"uri\":\"file:///a%20b/%C3%BC%25\"}]}");
}

static void versions_are_compared(void **)
{
	struct str version = {0};
	struct err e;

	assert_true(mcp_get_discover(
		STR("{\"supportedVersions\":[\"2030-01-01\",\"2026-07-28\"]}"), &e));
	assert_false(mcp_get_discover(STR("{\"supportedVersions\":[\"2030-01-01\"]}"), &e));
	assert_false(mcp_get_discover(STR("{\"supportedVersions\":\"2026-07-28\"}"), &e));
	assert_false(mcp_get_discover(STR("null"), &e));
	assert_true(mcp_get_initialize(STR("{\"protocolVersion\":\"2025-06-18\"}"), &version, &e));
	assert_str(version, "2025-06-18");
	assert_false(mcp_get_initialize(STR("{\"protocolVersion\":\"2026-07-28\"}"), &version, &e));
	assert_false(mcp_get_initialize(STR("{\"protocolVersion\":5}"), &version, &e));
	assert_false(mcp_get_initialize(STR("{}"), &version, &e));
	assert_int_equal(mcp_get_progress(STR("{\"progressToken\":3,\"progress\":1}")), 3);
	assert_int_equal(mcp_get_progress(STR("{\"progressToken\":\"3\"}")), 0);
}

struct result_case {
	const char *result, *text;
	bool is_failure;
};

static const struct result_case results[] = {
	{"{\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\\nc\"}]}",
		"a\nb\nc", false},
	{"{\"content\":[],\"structuredContent\":{ \"a\" : [1, 2]}}", "{\"a\":[1,2]}", false},
	{"{\"content\":[{\"type\":\"text\",\"text\":\"x\"}],\"structuredContent\":{}}", "x", false},
	{"{\"content\":[{\"type\":\"text\",\"text\":\"no\"}],\"isError\":true}", "no", true},
	{"{\"content\":[{\"type\":\"text\",\"text\":\"\\u001b[2J\\u009b\\u202ea\\u0000\\ud800\"}]}",
		"a\xef\xbf\xbd", false},
	{"{\"content\":[{\"type\":\"image\",\"data\":\"QQ==\",\"mimeType\":\"image/png\"}]}",
		"[image, image/png, 1 bytes]", false},
	{"{\"content\":[{\"type\":\"audio\",\"data\":\"====\"},{\"type\":\"image\",\"data\":5}]}",
		"[audio, , 1 bytes]\n[image, , 0 bytes]", false},
	{"{\"content\":[{\"type\":\"resource\",\"resource\":{\"uri\":\"a:b\",\"blob\":\"QUJD\"}}]}",
		"[resource a:b]\n[resource, , 3 bytes]", false},
	{"{\"content\":[{\"type\":\"resource_link\",\"uri\":\"a\\nb\"}]}", "[link to a b]", false},
	{"{\"content\":[5,null,[],{}]}", "[content of a kind that is not known: ]", false},
	{"{\"content\":{\"type\":\"text\",\"text\":\"x\"}}", "", false},
	{"{}", "", false},
	{"null", "", false},
	{"{\"resultType\":\"input_required\",\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}",
		"the server asks for input (a person's answer, or a model's), which is not given "
		"here; call it with all it needs",
		true},
};

static void results_are_told(void **)
{
	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		AUTO(buf) out = {0};
		bool good = mcp_get_result(str_from(results[i].result), &out);
		assert_string_equal(buf_text(&out), results[i].text);
		assert_int_equal(good, !results[i].is_failure);
	}
}

/* ---- configurations ---- */

static const char *environment(const char *name)
{
	return strcmp(name, "WORD") == 0 ? "word, with $\"" : NULL;
}

static void configurations_are_read(void **)
{
	struct mcp_configs c = {0};
	struct mcp_source source = {"f", true, environment};
	struct err e;

	assert_true(mcp_configs_read(&c,
		STR("{\"other\":1,\"mcpServers\":{"
		    "\"a\":{\"command\":\"x\",\"args\":[\"-${WORD}\",\"${NO:-}\",\"$${WORD}\"],"
		    "\"env\":{\"K\":\"${NO:-v}\"},\"cwd\":\"/\",\"network\":true,\"timeout\":5,"
		    "\"tools\":[\"t\"]},"
		    "\"b\":{\"type\":\"http\",\"url\":\"https://h/${NO:-p}\",\"headers\":{\"X\":\"y\"},"
		    "\"disabled\":true},\"a\":{\"command\":\"second\"}}}"),
		&source, &e));
	assert_int_equal(c.problems.n, 0);
	assert_int_equal(c.list.n, 2);
	const struct mcp_config *a = &c.list.p[0], *b = &c.list.p[1];
	assert_string_equal(a->command, "x");
	assert_int_equal(a->argument_count, 3);
	assert_str(a->arguments[0], "-word, with $\"");
	assert_str(a->arguments[1], "");
	assert_str(a->arguments[2], "${WORD}");
	assert_str(a->variables[0].value, "v");
	assert_true(a->has_network && a->is_project && !a->is_disabled);
	assert_int_equal(a->timeout_ms, 5000);
	assert_str(a->only[0], "t");
	assert_string_equal(b->url, "https://h/p");
	assert_true(b->is_disabled && !b->has_network);
	assert_str(b->headers[0].name, "X");
	mcp_configs_release(&c);
}

static void wrong_configurations_are_told(void **)
{
	static const struct {
		const char *server, *why;
	} cases[] = {
		{"5", "is not an object"},
		{"{}", "needs either a command or a url"},
		{"{\"command\":\"\"}", "needs either a command or a url"},
		{"{\"command\":\"x\",\"url\":\"http://h\"}", "needs either a command or a url"},
		{"{\"command\":[\"x\"]}", "command: is not a string"},
		{"{\"command\":\"a\\u0000b\"}", "command: has a NUL in it"},
		{"{\"command\":\"a\\nb\"}", "control characters in the command"},
		{"{\"command\":\"x\",\"args\":\"y\"}", "args: is not a list of strings"},
		{"{\"command\":\"x\",\"args\":[1]}", "args: is not a string"},
		{"{\"command\":\"x\",\"args\":[\"${}\"]}", "args: ${ without NAME}"},
		{"{\"command\":\"x\",\"args\":[\"${NO}\"]}", "args: the variable NO is not set"},
		{"{\"command\":\"x\",\"env\":[]}", "env: is not an object of strings"},
		{"{\"command\":\"x\",\"env\":{\"A=B\":\"\"}}", "env: A=B cannot be a variable"},
		{"{\"command\":\"x\",\"env\":{\"A\":\"\\u0000\"}}", "env: A cannot be a variable"},
		{"{\"url\":\"ftp://h\"}", "neither http:// nor https://"},
		{"{\"url\":\"http://h\\n\"}", "control characters in the url"},
		{"{\"url\":\"http://h\",\"headers\":{\"a:\":\"\"}}", "a: cannot be a header"},
		{"{\"url\":\"http://h\",\"headers\":{\"a\":\"x\\r\\nb: c\"}}",
			"a cannot be a header"},
		{"{\"url\":\"http://h\",\"type\":\"sse\"}", "not supported"},
		{"{\"url\":\"http://h\",\"type\":\"stdio\"}", "is neither stdio"},
		{"{\"command\":\"x\",\"timeout\":0}", "timeout: is no number of seconds"},
		{"{\"command\":\"x\",\"timeout\":\"5\"}", "timeout: is no number of seconds"},
		{"{\"command\":\"x\",\"enabled\":1}", "enabled: is neither true nor false"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mcp_configs c = {0};
		struct mcp_source source = {"f", true, environment};
		struct err e;
		struct str text =
			arena_printf(&c.arena, "{\"mcpServers\":{\"s\":%s}}", cases[i].server);
		assert_true(mcp_configs_read(&c, text, &source, &e));
		assert_int_equal(c.list.n, 0);
		assert_int_equal(c.problems.n, 1);
		if (!strstr(c.problems.p[0], cases[i].why))
			fail_msg("%s: %s", cases[i].server, c.problems.p[0]);
		mcp_configs_release(&c);
	}
}

static void what_is_no_configuration_is_refused(void **)
{
	static const char *const texts[] = {"", "5", "{}", "{\"mcpServers\":[]}", "{", "[]", NULL};
	struct mcp_source source = {"f", true, environment};
	struct err e;

	for (int i = 0; texts[i]; i++) {
		struct mcp_configs c = {0};
		assert_false(mcp_configs_read(&c, str_from(texts[i]), &source, &e));
		mcp_configs_release(&c);
	}
}

static void there_are_not_too_many_servers(void **)
{
	struct mcp_configs c = {0};
	struct mcp_source source = {"f", false, environment};
	AUTO(buf) text = {0};
	struct err e;

	buf_put_text(&text, "{\"mcpServers\":{");
	for (int i = 0; i < 100; i++)
		buf_printf(&text, "%s\"s%d\":{\"command\":\"x\"}", i ? "," : "", i);
	buf_put_text(&text, "}}");
	assert_true(mcp_configs_read(&c, buf_str(&text), &source, &e));
	assert_int_equal(c.list.n, MCP_SERVERS_MAX);
	assert_int_equal(c.problems.n, 100 - MCP_SERVERS_MAX);
	mcp_configs_release(&c);
}

/* ---- what is kept ---- */

static char directory[] = "/tmp/fettle-unit-mcp-XXXXXX";

static int make_directory(void **)
{
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **)
{
	AUTO(buf) command = {0};

	buf_printf(&command, "rm -rf %s", directory);
	return system(buf_text(&command));
}

static void the_cache_belongs_to_one_configuration(void **)
{
	struct str arguments[] = {STR("a"), STR("b")}, joined[] = {STR("ab")};
	struct mcp_config c = {
		.name = STR("s"), .command = "x", .arguments = arguments, .argument_count = 2};
	struct mcp_pair pair = {STR("K"), STR("v")};
	char first[MCP_CACHE_NAME], other[MCP_CACHE_NAME];

	mcp_cache_name(&c, "/bin/true", first);
	mcp_cache_name(&c, "/bin/true", other);
	assert_string_equal(first, other);
	mcp_cache_name(&c, "/bin/false", other);
	assert_string_not_equal(first, other);
	c.variables = &pair;
	c.variable_count = 1;
	mcp_cache_name(&c, "/bin/true", other);
	assert_string_not_equal(first, other);
	c.variable_count = 0;
	c.arguments = joined;
	c.argument_count = 1;
	mcp_cache_name(&c, "/bin/true", other);
	assert_string_not_equal(first, other);
}

static void the_cache_counts_for_a_week(void **)
{
	struct mcp_tools offered = {0}, again = {0};
	struct mcp_cached cached = {MCP_MODERN, 1'000'000'000, 12}, found;
	struct err e;
	AUTO(buf) path = {0};

	buf_printf(&path, "%s/cache/mcp", directory);
	int fd = private_open(buf_text(&path), true, &e);
	assert_true(fd >= 0);
	add_text(&offered, "[{\"name\":\"a\",\"description\":\"d\",\"inputSchema\":{}}]");
	assert_true(mcp_cache_write(fd, "x", &cached, &offered, &e));
	assert_false(mcp_cache_read(fd, "y", 1'000'000'000, &found, &again));
	assert_false(mcp_cache_read(fd, "x", 999'999'999, &found, &again));
	assert_false(mcp_cache_read(fd, "x", 1'000'000'001 + MCP_CACHE_AGE_S, &found, &again));
	assert_true(mcp_cache_read(fd, "x", 1'000'000'000 + MCP_CACHE_AGE_S, &found, &again));
	assert_int_equal(found.era, MCP_MODERN);
	assert_int_equal(found.start_ms, 12);
	assert_int_equal(again.list.n, 1);
	assert_str(again.list.p[0].description, "d");
	mcp_tools_release(&offered);
	mcp_tools_release(&again);
	close(fd);
}

static void note_root(void *self, const struct trusted *trusted)
{
	buf_printf(self, "%s;", trusted->root);
}

static void trust_is_for_these_bytes_there(void **)
{
	AUTO(buf) place = {0};
	AUTO(buf) roots = {0};
	struct err e;

	buf_printf(&place, "%s/trusted", directory);
	const char *at = buf_text(&place);
	assert_false(trusted_is(at, "/r", STR("x")));
	assert_true(trusted_add(at, "/r", STR("x"), 5, &e));
	assert_true(trusted_add(at, "/a", STR("x"), 5, &e));
	assert_true(trusted_is(at, "/r", STR("x")));
	assert_false(trusted_is(at, "/r", STR("y")));
	assert_false(trusted_is(at, "/r/s", STR("x")));
	assert_true(trusted_add(at, "/r", STR("y"), 5, &e));
	assert_false(trusted_is(at, "/r", STR("x")));
	trusted_each(at, note_root, &roots);
	assert_string_equal(buf_text(&roots), "/a;/r;");
	assert_true(trusted_forget(at, "/r", &e));
	assert_false(trusted_is(at, "/r", STR("y")));
	assert_false(trusted_forget(at, "/r", &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	/* Others may write there: nothing in it counts. */
	assert_int_equal(chmod(at, 0777), 0);
	assert_false(trusted_is(at, "/a", STR("x")));
	assert_false(trusted_add(at, "/a", STR("x"), 5, &e));
	assert_int_equal(chmod(at, 0700), 0);
	assert_true(trusted_is(at, "/a", STR("x")));
}

static void trust_is_not_kept_where_it_is_for(void **)
{
	AUTO(buf) inside = {0};
	AUTO(buf) root = {0};
	struct err e;

	buf_printf(&inside, "%s/repository/.state/trusted", directory);
	buf_printf(&root, "%s/repository", directory);
	assert_int_equal(mkdir(buf_text(&root), 0700), 0);
	assert_false(trusted_add(buf_text(&inside), buf_text(&root), STR("x"), 5, &e));
	assert_int_equal(e.code, ERR_DENIED);
	assert_true(trusted_add(buf_text(&inside), "/else", STR("x"), 5, &e));
	assert_true(trusted_is(buf_text(&inside), "/else", STR("x")));
	/* A name that only begins alike is another place. */
	buf_cut(&root, root.n - 1);
	root.p[root.n] = '\0';
	assert_true(trusted_add(buf_text(&inside), buf_text(&root), STR("x"), 5, &e));
	assert_false(trusted_add(buf_text(&inside), "/", STR("x"), 5, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_safe_and_short),
		cmocka_unit_test(schemas_are_made_fit),
		cmocka_unit_test(deep_schemas_are_refused),
		cmocka_unit_test(arguments_can_be_headers),
		cmocka_unit_test(lists_are_judged),
		cmocka_unit_test(lists_have_limits),
		cmocka_unit_test(lists_come_back_as_they_were),
		cmocka_unit_test(order_and_spaces_are_no_change),
		cmocka_unit_test(requests_say_what_their_era_wants),
		cmocka_unit_test(versions_are_compared),
		cmocka_unit_test(results_are_told),
		cmocka_unit_test(configurations_are_read),
		cmocka_unit_test(wrong_configurations_are_told),
		cmocka_unit_test(what_is_no_configuration_is_refused),
		cmocka_unit_test(there_are_not_too_many_servers),
		cmocka_unit_test(the_cache_belongs_to_one_configuration),
		cmocka_unit_test(the_cache_counts_for_a_week),
		cmocka_unit_test(trust_is_for_these_bytes_there),
		cmocka_unit_test(trust_is_not_kept_where_it_is_for),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
