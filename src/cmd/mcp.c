// SPDX-License-Identifier: MIT
/* mcp: fettle mcp: the MCP servers there are, and what they say. */
#include <stdio.h>

#include "base/utf8.h"
#include "cmd/mcp_servers.h"
#include "cmd/world.h"

extern const struct command command_mcp;

static const struct option options[] = {
	MCP_OPTION,
	{"directory", 'C', "DIR", "as if started in this directory"},
	{"ca-file", 0, "FILE",
		"trust the certificates in this PEM file instead of the system's authorities"},
	{"verbose", 'v', NULL, "say on stderr what happens inside"},
	{"help", 'h', NULL, "this help"},
	{0},
};

struct listing {
	struct world *world;
	const char *only; /* NULL: all */
	bool with_tools, has_failed;
	size_t shown;
};

static void show_tools(const struct mcp_tools *offered)
{
	AUTO(buf) line = {0};

	vec_each (&offered->list, tool) {
		buf_clear(&line);
		struct str first = tool->description, head;
		str_split(&first, '\n', &head);
		utf8_put_line(&line, head, 60);
		printf("    %-24.*s %s\n", STR_ARG(tool->name), buf_text(&line));
	}
}

static void show_server(void *self, const struct mcp_facts *facts)
{
	struct listing *l = self;
	AUTO(buf) name = {0};
	AUTO(buf) words = {0};

	if (l->only && !str_is(facts->config->name, l->only))
		return;
	l->shown++;
	utf8_put_line(&name, facts->config->name, MCP_NAME_MAX_BYTES);
	mcp_config_put(facts->config, &words);
	printf("%s  %s  (%s)\n", buf_text(&name), buf_text(&words), facts->config->origin);
	if (facts->error) {
		AUTO(buf) why = {0};
		utf8_put_line(&why, str_from(facts->error->text), 500);
		printf("    FAILED: %s\n", buf_text(&why));
		l->has_failed = true;
	} else if (!facts->is_known) {
		printf("    %s\n", facts->config->command && !facts->program
					   ? "there is no such program"
					   : "not asked yet");
	} else {
		printf("    %zu tool%s, %s protocol, ready in %lld ms\n", facts->tools->list.n,
			facts->tools->list.n == 1 ? "" : "s", mcp_era_name(facts->cached.era),
			(long long)facts->cached.start_ms);
		vec_each (&facts->tools->problems, problem)
			printf("    %s\n", *problem);
		if (l->with_tools)
			show_tools(facts->tools);
	}
}

static const struct mcp_config *find_config(const struct mcp_servers *m, const char *name)
{
	vec_each (&m->configs.list, config)
		if (str_is(config->name, name))
			return config;
	return NULL;
}

static int show(struct listing *l, struct mcp_servers *m)
{
	if (m->mcp)
		mcp_each(m->mcp, show_server, l);
	vec_each (&m->configs.list, config)
		if (config->is_disabled && !l->only)
			printf("%.*s  switched off  (%s)\n", STR_ARG(config->name), config->origin);
	mcp_servers_warn(m);
	if (!l->shown && !m->untrusted && !l->only)
		fprintf(stderr, "fettle: there are no MCP servers (docs/mcp.md)\n");
	int status = command_end_output();
	return l->has_failed ? EXIT_TASK_FAILED : status;
}

static int act(struct listing *l, struct mcp_servers *m, const char *word, struct err *e)
{
	const struct options *given = &l->world->given;
	bool is_test = str_is(str_from(word), "test"), is_list = str_is(str_from(word), "list");

	if (!is_list && !is_test && !str_is(str_from(word), "refresh"))
		return err_set(e, ERR_USAGE, "mcp %s: it is list, test NAME or refresh", word),
		       EXIT_USAGE;
	if (given->operand_count != (size_t)(is_test ? 2 : given->operand_count ? 1 : 0))
		return err_set(e, ERR_USAGE,
			       is_test ? "mcp test needs the name of one server"
				       : "mcp %s takes no further words",
			       word),
		       EXIT_USAGE;
	l->only = is_test ? given->operands[1] : NULL;
	l->with_tools = is_test;
	if (is_test && !find_config(m, l->only))
		return err_set(e, ERR_USAGE, "no MCP server %s", l->only), EXIT_USAGE;
	if (!is_list && m->mcp)
		mcp_ask(m->mcp, true, l->only ? str_from(l->only) : (struct str){0});
	return show(l, m);
}

static int mcp(struct world *world, struct err *e)
{
	const struct options *given = &world->given;
	struct mcp_servers servers = {0};
	struct listing listing = {.world = world};
	int status = EXIT_USAGE;

	if (!world_settings(world, e) ||
		!command_trust(given, NULL, &world->arena, &world->trust, e))
		return EXIT_USAGE;
	struct secret_rules secrets = {0};
	secrets.own = own_paths(&world->workspace, &world->arena, &secrets.own_count);
	struct fence_options fenced = {.workspace = &world->workspace, .secrets = &secrets};
	struct setting kind = settings_get(&world->settings, "sandbox");
	if (!sandbox_wish_from(arena_text(&world->arena, kind.text), &fenced.wish, e))
		return EXIT_USAGE;
	struct fence *fence = fence_new(&fenced);
	if (mcp_servers_read(
		    &servers, &world->settings, &world->workspace, given, &world->trust, fence, e))
		status = act(
			&listing, &servers, given->operand_count ? given->operands[0] : "list", e);
	mcp_servers_release(&servers);
	fence_free(fence);
	return status;
}

static int run(const struct program *program, int count, char *const *words)
{
	return world_command(&command_mcp, program, count, words, mcp);
}

const struct command command_mcp = {
	.name = "mcp",
	.brief = "look at the MCP servers whose tools are offered",
	.synopsis = {"[list]", "test NAME", "refresh"},
	.description =
		"list shows every server with what is known of it, and starts none. test starts one and "
		"shows its tools. refresh asks all of them anew; runs do that by themselves when what "
		"they know is older than a week. Servers come from --mcp-config, from mcp_servers of "
		"your settings and from the .mcp.json of the repository, once you have trusted it "
		"(fettle trust).",
	.options = options,
	.examples = {"fettle mcp", "fettle mcp test everything"},
	.run = run,
};
