// SPDX-License-Identifier: MIT
/* usage: the table of options, and which reports know them. */
#include <string.h>

#include "cmd/usage.h"

enum {
	GLANCE = USAGE_KIND_GLANCE,
	ROWS = USAGE_KIND_ROWS,
	SESSIONS = USAGE_KIND_SESSIONS,
	ONE = USAGE_KIND_ONE,
	BLOCK = USAGE_KIND_BLOCK,
	TOOL = USAGE_KIND_TOOL,
	CHECK = USAGE_KIND_CHECK,
	WATCH = USAGE_KIND_WATCH,
	EXPORT = USAGE_KIND_EXPORT,
	DOCTOR = USAGE_KIND_DOCTOR,
	FORGET = USAGE_KIND_FORGET,
	LISTS = ROWS | SESSIONS,
	DAYS = LISTS | BLOCK | TOOL | CHECK | EXPORT, /* have days of their own choosing */
	NAMES = GLANCE | DAYS | WATCH,
	TABLES = GLANCE | LISTS | ONE | BLOCK | TOOL,
	READING = NAMES | ONE | DOCTOR, /* all but those that only change the index */
};

const struct option usage_options[] = {
	{"since", 's', "DATE", "from this day on (2026-11-21 or 20261121)", DAYS},
	{"until", 'u', "DATE", "up to this day, and with it", DAYS},
	{"last", 0, "N",
		"the last N days, weeks or months with this one; of sessions the N newest; else days",
		DAYS},
	{"project", 'p', "NAME",
		"part of a project's name, a directory (/...) with what is below it, or a whole slug (-...)",
		NAMES},
	{"model", 0, "NAME", "part of a model's name", NAMES},
	{"provider", 0, "NAME", "part of a provider's name", NAMES},
	{"source", 0, "NAMES", "only these assistants: claude,codex ...", READING},
	{"timezone", 'z', "ZONE", "days of this time zone (Europe/Berlin, UTC); the system's",
		NAMES | ONE},
	{"start-of-week", 'w', "DAY", "the first day of weeks (monday)",
		GLANCE | LISTS | BLOCK | TOOL | CHECK},
	{"mode", 'm', "MODE",
		"costs: auto (as reported where they are, else computed), calculate, display (as reported)",
		NAMES | ONE},
	{"breakdown", 'b', NULL, "a further row for each model", LISTS},
	{"instances", 'i', NULL, "each project by itself; session -i ID: the same as --id",
		LISTS | ONE},
	{"sections", 0, "REPORTS", "these besides: daily,weekly,monthly,session", LISTS},
	{"by-agent", 0, NULL, "JSON: each row by assistant, too", LISTS},
	{"order", 'o', "ORDER", "asc or desc", LISTS | BLOCK | TOOL},
	{"json", 'j', NULL, "JSON, as ccusage has it (docs/usage.md)", TABLES | CHECK | DOCTOR},
	{"csv", 0, NULL, "CSV", TABLES},
	{"chart", 0, NULL,
		"bars in place of the table: of the cost, with --no-cost of tokens; of tools the calls",
		LISTS | BLOCK | TOOL},
	{"ascii", 0, NULL, "bars, rules and signs in ASCII, as where the locale has no UTF-8",
		TABLES | WATCH | CHECK | DOCTOR},
	{"html", 0, "FILE", "a page for a browser in place of the table, with charts; - is stdout",
		GLANCE | LISTS | BLOCK | TOOL},
	{"compact", 0, NULL, "fewer columns", TABLES | WATCH},
	{"color", 0, NULL, "colours in a pipe, too, as with FORCE_COLOR"},
	{"no-color", 0, NULL, "no colours, as with NO_COLOR"},
	{"no-cost", 0, NULL, "no costs", TABLES | WATCH | EXPORT},
	{"id", 0, "ID", "session: that one alone", ONE},
	{"active", 'a', NULL, "block: only the one that is on", BLOCK},
	{"recent", 'r', NULL, "block: those of the last three days", BLOCK},
	{"token-limit", 't', "N", "block: how near this many tokens; max: the most there were",
		BLOCK},
	{"length", 'n', "HOURS", "of blocks: how long one is (5)", BLOCK | CHECK | WATCH},
	{"session-length", 0, "HOURS", "the same as --length", BLOCK},
	{"max-cost", 0, "USD", "check: more is too much", CHECK},
	{"max-tokens", 0, "N", "check: more is too much", CHECK},
	{"per", 0, "PERIOD", "check: in this day, week, month or block (day)", CHECK},
	{"interval", 0, "SECONDS", "watch: how often to look for what is new (2)", WATCH},
	{"forget", 0, NULL, "the same as usage forget", FORGET},
	{"merged", 0, NULL, "forget: also what was merged", FORGET},
	{"compat", 0, "ccusage", "count and price as ccusage does, with its mistakes",
		READING & ~WATCH},
	{"index", 0, "FILE", "keep what was read there"},
	{"no-index", 0, NULL, "read every transcript anew, and keep nothing", READING},
	{"offline", 'O', NULL, "nothing is ever asked of a network: this changes nothing"},
	{"all", 0, NULL, "all assistants: this changes nothing"},
	{"single-thread", 0, NULL, "the numbers are the same: this changes nothing", READING},
	{"directory", 'C', "DIR", "as if started in this directory: for its settings"},
	{"help", 'h', NULL, "this help; behind a report's name of that one alone"},
	/* Those of ccusage that are not here. */
	{"no-offline",
		.instead = "nothing is ever asked of a network; docs/prices.md says where prices "
			   "come from"},
	{"jq", 0, "FILTER", .instead = "write fettle usage ... --json | jq FILTER"},
	{"config", 0, "FILE",
		.instead = "settings are those of fettle config; docs/config.md names their files"},
	{"debug", 'd',
		.instead = "fettle usage doctor says what was not read or has no price; --mode "
			   "calculate and --mode display show both costs"},
	{"debug-samples", 0, "N", .instead = "fettle usage doctor names lines, files and models"},
	{"speed", 0, "TIER",
		.instead = "costs of Codex are by what its transcripts and its config.toml say"},
	{"project-aliases", 0, "NAMES", .instead = "projects are shown by their paths"},
	{"live", .instead = "fettle usage watch is a live view"},
	{"refresh-interval", 0, "SECONDS", .instead = "fettle usage watch --interval SECONDS"},
	{"version", 'v', .instead = "fettle --version"},
	{0},
};

static bool knows(const struct usage_report *report, const struct option *option)
{
	return !option->parts || option->parts & report->kind;
}

static const struct option *find(const char *name)
{
	const struct option *o = usage_options;

	while (strcmp(o->name, name) != 0)
		o++;
	return o;
}

const char *usage_run_typed(const struct usage_run *u, struct arena *arena)
{
	size_t words = u->given->operand_count - u->word_count, assistant = u->only != NULL;

	return arena_printf(arena, "fettle usage%s%s%s%s", assistant ? " " : "",
		assistant ? u->only->name : "", words > assistant ? " " : "",
		words > assistant ? u->report->name : "")
		.p;
}

static bool refuse(const struct usage_run *u, const struct option *option, struct err *e)
{
	AUTO(buf) names = {0};

	for (const struct usage_report *r = usage_reports; r->name; r++)
		if (knows(r, option))
			buf_printf(&names, "%s%s", names.n ? ", " : "", r->name);
	return err_set(e, ERR_USAGE, "%s has no --%s; it is for: %s",
		usage_run_typed(u, &u->world->arena), option->name, buf_text(&names));
}

bool usage_options_check(const struct usage_run *u, struct err *e)
{
	for (size_t i = 0; i < u->given->match_count; i++)
		if (!knows(u->report, u->given->matches[i].option))
			return refuse(u, u->given->matches[i].option, e);
	if (u->only && !knows(u->report, find("source")))
		return err_set(e, ERR_USAGE,
			"fettle usage %s is about all assistants, not %s alone", u->report->name,
			u->only->name);
	return true;
}

const struct command *usage_options_help(const struct usage_report *report, struct arena *arena)
{
	size_t count = 0;
	struct option *own = arena_alloc(arena, sizeof usage_options / sizeof *own, sizeof *own);
	struct command *help = arena_alloc(arena, 1, sizeof *help);

	for (const struct option *o = usage_options; o->name; o++)
		if (knows(report, o) && !o->instead)
			own[count++] = *o;
	own[count] = (struct option){0};
	*help = (struct command){.name = "usage",
		.synopsis = {arena_printf(
			arena, "%s%s [options]", report->name, report->words ? report->words : "")
				     .p},
		.description = report->brief,
		.options = own};
	return help;
}
