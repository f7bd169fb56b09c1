// SPDX-License-Identifier: MIT
/* usage: what transcripts of coding assistants say was used, and what it cost. */
#include "cmd/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "base/xdg.h"

extern const struct command command_usage;

const struct usage_report usage_reports[] = {
	{"glance", NULL, "today, this week and this month, by model", usage_run_glance,
		USAGE_KIND_GLANCE},
	{"daily", "day", "by day", usage_run_rows, USAGE_KIND_ROWS, USAGE_BY_DAY},
	{"weekly", "week", "by week", usage_run_rows, USAGE_KIND_ROWS, USAGE_BY_WEEK},
	{"monthly", "month", "by month", usage_run_rows, USAGE_KIND_ROWS, USAGE_BY_MONTH},
	{"session", "sessions", "by conversation; with an ID that one alone", usage_run_rows,
		USAGE_KIND_SESSIONS, USAGE_BY_SESSION, .takes_words = true},
	{"session ID", NULL, "one conversation, turn by turn", usage_run_session, USAGE_KIND_ONE,
		.takes_words = true},
	{"block", "blocks", "by windows of five hours", usage_run_blocks, USAGE_KIND_BLOCK,
		.is_claude = true},
	{"project", "projects", "by the directory it was begun in", usage_run_rows, USAGE_KIND_ROWS,
		USAGE_BY_PROJECT},
	{"model", "models", "by model", usage_run_rows, USAGE_KIND_ROWS, USAGE_BY_MODEL},
	{"branch", "branches", "by git branch", usage_run_rows, USAGE_KIND_ROWS, USAGE_BY_BRANCH},
	{"agent", "agents", "by agent within the conversations", usage_run_rows, USAGE_KIND_ROWS,
		USAGE_BY_AGENT},
	{"tool", "tools", "by the tools that answers called", usage_run_tools, USAGE_KIND_TOOL},
	{"source", "sources", "by assistant", usage_run_rows, USAGE_KIND_ROWS, USAGE_BY_SOURCE},
	{"provider", "providers", "by provider", usage_run_rows, USAGE_KIND_ROWS,
		USAGE_BY_PROVIDER},
	{"check", NULL, "status 5 when more was used than may be", usage_run_check,
		USAGE_KIND_CHECK, .opens_view = true},
	{"merge", NULL, "takes in the index of another machine", usage_run_merge, USAGE_KIND_MERGE,
		.words = " FILE|DIRECTORY ...", .takes_words = true, .opens_view = true},
	{"forget", NULL, "forgets what transcripts said that are gone", usage_run_forget,
		USAGE_KIND_FORGET, .opens_view = true},
	{"watch", NULL, "what is going on, drawn again when it changes", usage_run_watch,
		USAGE_KIND_WATCH, .opens_view = true},
	{"export", NULL, "every answer, for other programs", usage_run_export, USAGE_KIND_EXPORT,
		.words = " csv|json|prometheus|sqlite [FILE]", .takes_words = true},
	{"doctor", NULL, "what was read, what was not and why", usage_run_doctor, USAGE_KIND_DOCTOR,
		.needs_files = true},
	{0},
};

/* These may come from settings. */
static const struct option settable[] = {
	{"timezone", 'z', "ZONE", ""},
	{"start-of-week", 'w', "DAY", ""},
	{0},
};

static const char *get_environment(const char *name)
{
	return getenv(name);
}

/* ---- words ---- */

static const struct usage_report *find_report(const char *word)
{
	for (const struct usage_report *r = usage_reports; r->name; r++)
		if (r->kind != USAGE_KIND_ONE &&
			(strcmp(r->name, word) == 0 || (r->also && strcmp(r->also, word) == 0)))
			return r;
	return NULL;
}

static const struct usage_report *find_kind(enum usage_kind kind)
{
	const struct usage_report *r = usage_reports;

	while (r->kind != kind)
		r++;
	return r;
}

/* Of ccusage, or assistants that it reads. */
static const struct {
	const char *word, *why;
} foreign_words[] = {
	{"statusline",
		"there is no status line; fettle usage --json and fettle usage block --active --json "
		"have its numbers"},
	{"antigravity", "transcripts of Antigravity are not read"},
	{"grok", "transcripts of Grok Build are not read"},
	{"zcode", "transcripts of ZCode are not read"},
};

static bool no_report(const char *word, struct err *e)
{
	for (size_t i = 0; i < sizeof foreign_words / sizeof *foreign_words; i++)
		if (strcmp(word, foreign_words[i].word) == 0)
			return err_set(e, ERR_USAGE, "%s", foreign_words[i].why);
	const char *names[sizeof usage_reports / sizeof *usage_reports];
	size_t n = 0;

	for (; usage_reports[n].name; n++)
		names[n] = usage_reports[n].name;
	names[n] = NULL;
	const char *near = option_nearest(str_from(word), names);
	return err_set(e, ERR_USAGE, "there is no report %s%s%s%s", word,
		near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* [assistant] [report] words ... */
static bool read_words(struct usage_run *u, struct err *e)
{
	const struct options *given = u->given;
	size_t at = 0;

	u->report = usage_reports;
	if (at < given->operand_count) {
		u->only = usage_reader_find(str_from(given->operands[at]));
		at += u->only != NULL;
	}
	if (at < given->operand_count) {
		u->report = find_report(given->operands[at]);
		if (!u->report)
			return no_report(given->operands[at], e);
		at++;
	} else if (options_has(given, "forget")) {
		u->report = find_kind(USAGE_KIND_FORGET);
	} else if (u->only) {
		u->report = find_report("daily");
	}
	u->words = given->operands + at;
	u->word_count = given->operand_count - at;
	if (options_has(given, "session-length") && options_has(given, "length"))
		return err_set(e, ERR_USAGE, "--session-length and --length are the same");
	if (u->report->kind == USAGE_KIND_SESSIONS && (u->word_count || options_has(given, "id")))
		u->report = find_kind(USAGE_KIND_ONE);
	if (u->word_count && !u->report->takes_words)
		return err_set(e, ERR_USAGE, "%s takes no further words: %s",
			usage_run_typed(u, &u->world->arena), u->words[0]);
	return true;
}

struct choice {
	const char *word;
	int value;
};

static bool choose(const struct options *given, const char *name, const struct choice *choices,
	int *value, struct err *e)
{
	const char *word = options_value(given, name);
	AUTO(buf) words = {0};

	if (!word)
		return true;
	for (const struct choice *c = choices; c->word; c++) {
		if (str_eq_nocase(str_from(c->word), str_from(word))) {
			*value = c->value;
			return true;
		}
		buf_printf(&words, "%s%s", words.n ? ", " : "", c->word);
	}
	return err_set(e, ERR_USAGE, "option --%s: %s is none of %s", name, word, buf_text(&words));
}

static const struct choice modes[] = {
	{"auto", USAGE_AUTO}, {"calculate", USAGE_CALCULATE}, {"display", USAGE_DISPLAY}, {0}};
static const struct choice orders[] = {{"asc", USAGE_ORDER_UP}, {"desc", USAGE_ORDER_DOWN}, {0}};
static const struct choice weekdays[] = {{"sunday", 0}, {"monday", 1}, {"tuesday", 2},
	{"wednesday", 3}, {"thursday", 4}, {"friday", 5}, {"saturday", 6}, {0}};

static bool is_only(const struct usage_run *u, const char *source)
{
	return u->only && strcmp(u->only->name, source) == 0;
}

static bool read_choices(struct usage_run *u, struct err *e)
{
	int mode = USAGE_AUTO, order = USAGE_ORDER_USUAL;
	/* ccusage has another first day for Claude Code alone. */
	int weekday = u->wish.is_compat && is_only(u, "claude") ? 0 : 1;

	if (!choose(u->given, "mode", modes, &mode, e) ||
		!choose(u->given, "order", orders, &order, e) ||
		!choose(u->given, "start-of-week", weekdays, &weekday, e))
		return false;
	u->query.mode = u->look.mode = u->wish.compat_mode = (enum usage_mode)mode;
	u->query.order = (enum usage_order)order;
	u->query.first_weekday = weekday;
	return true;
}

static bool read_day(const struct options *given, const char *name, int32_t *day, struct err *e)
{
	const char *word = options_value(given, name);

	return !word || day_parse(str_from(word), day) ||
	       err_set(e, ERR_USAGE, "option --%s: %s is no date such as 2026-11-21", name, word);
}

static bool read_last(struct usage_run *u, struct err *e)
{
	struct usage_filter *f = &u->query.filter;
	enum usage_by by = usage_by_is_period(u->report->by) ? u->report->by : USAGE_BY_DAY;
	int64_t count = 0;

	if (!options_int(u->given, "last", 1, 0, &count, e))
		return false;
	if (count == 0)
		return true;
	if (options_has(u->given, "since") || options_has(u->given, "until"))
		return err_set(e, ERR_USAGE, "--last goes with neither --since nor --until");
	if (u->report->kind == USAGE_KIND_SESSIONS)
		u->query.limit = (size_t)count;
	else {
		f->until = u->today;
		f->since = usage_period_back(by, u->today, u->query.first_weekday, count);
	}
	return true;
}

static bool read_filter(struct usage_run *u, struct err *e)
{
	struct usage_filter *f = &u->query.filter;

	*f = USAGE_FILTER_ALL;
	f->project = str_from(options_value(u->given, "project"));
	f->is_whole_project = u->wish.is_compat;
	f->model = str_from(options_value(u->given, "model"));
	f->provider = str_from(options_value(u->given, "provider"));
	if (!read_day(u->given, "since", &f->since, e) ||
		!read_day(u->given, "until", &f->until, e) || !read_last(u, e))
		return false;
	return f->since <= f->until || err_set(e, ERR_USAGE, "--since is later than --until");
}

static bool read_sources(struct usage_run *u, struct err *e)
{
	struct str rest = str_from(options_value(u->given, "source")), name;

	if (u->only && rest.p)
		return err_set(e, ERR_USAGE, "%s and --source: only one of them", u->only->name);
	u->wish.sources = u->only                ? str_from(u->only->name)
			  : rest.n               ? rest
			  : u->report->is_claude ? STR("claude")
						 : STR("");
	u->wish.all_limits = u->report->is_claude && !u->only && !rest.n;
	while (str_split(&rest, ',', &name))
		if (!usage_reader_find(name))
			return err_set(e, ERR_USAGE, "option --source: there is no assistant %.*s",
				STR_ARG(str_head(name, 60)));
	return true;
}

/* The last word counts. */
static enum usage_colours wanted_colours(const struct options *given)
{
	enum usage_colours colours = USAGE_COLOURS_USUAL;

	for (size_t i = 0; i < given->match_count; i++) {
		const char *name = given->matches[i].option->name;
		if (strcmp(name, "color") == 0)
			colours = USAGE_COLOURS_ALWAYS;
		else if (strcmp(name, "no-color") == 0)
			colours = USAGE_COLOURS_NEVER;
	}
	return colours;
}

static bool read_form(struct usage_run *u, struct err *e)
{
	struct usage_look *look = &u->look;
	bool is_json = options_has(u->given, "json"), is_csv = options_has(u->given, "csv");

	if (is_json && is_csv)
		return err_set(e, ERR_USAGE, "--json and --csv: only one of them");
	look->form = is_json ? USAGE_JSON : is_csv ? USAGE_CSV : USAGE_TABLE;
	look->report = u->report->name;
	look->home = get_environment("HOME");
	look->is_compact = options_has(u->given, "compact");
	look->hides_cost = options_has(u->given, "no-cost");
	look->is_compat = u->wish.is_compat;
	look->has_breakdown = options_has(u->given, "breakdown");
	look->has_agents = options_has(u->given, "by-agent");
	if (look->has_agents && !is_json)
		return err_set(e, ERR_USAGE,
			"--by-agent goes with --json alone; fettle usage source "
			"is a table by assistant");
	look->only = u->only ? u->only->name : NULL;
	look->out = &u->out;
	usage_look_at_terminal(look, wanted_colours(u->given), get_environment);
	u->query.by = u->report->by;
	u->query.is_by_project = options_has(u->given, "instances");
	return true;
}

enum usage_compat_report usage_run_compat(const struct usage_run *u, enum usage_by by)
{
	bool is_rows = u->report->run == usage_run_rows || u->report->run == usage_run_glance;
	bool is_period = usage_by_is_period(by) && is_rows;

	return is_period && (!u->only || by == USAGE_BY_DAY) ? USAGE_COMPAT_DAYS
							     : USAGE_COMPAT_SESSIONS;
}

void usage_run_compat_rows(
	const struct usage_run *u, const struct usage_view *view, struct usage_query *query)
{
	bool is_session = query->by == USAGE_BY_SESSION;

	if (!u->wish.is_compat)
		return;
	query->drops_empty = is_session || (usage_by_is_period(query->by) && !u->only);
	query->parts_projects_of = is_session ? usage_name_find(view, STR("claude")) : 0;
}

/* ccusage names sessions of Codex after their files. */
static bool names_files(const struct usage_run *u)
{
	return is_only(u, "codex") && u->report->kind == USAGE_KIND_SESSIONS;
}

static bool read_index(struct usage_run *u, struct err *e)
{
	const char *file = options_value(u->given, "index"),
		   *compat = options_value(u->given, "compat");

	if (file && options_has(u->given, "no-index"))
		return err_set(e, ERR_USAGE, "--index and --no-index: only one of them");
	if (file && !*file)
		return err_set(e, ERR_USAGE, "--index needs a file");
	if (file && !strchr(file, '/'))
		file = arena_printf(&u->world->arena, "./%s", file).p;
	if (compat && strcmp(compat, "ccusage") != 0)
		return err_set(e, ERR_USAGE, "option --compat: %s is not ccusage", compat);
	u->wish.is_compat = compat != NULL;
	u->wish.compat_report = usage_run_compat(u, u->report->by);
	if (!file && !compat && !options_has(u->given, "no-index")) {
		const char *directory =
			xdg_directory(XDG_CACHE, "", get_environment, &u->world->arena);
		file = directory ? arena_printf(&u->world->arena, "%s/usage.sqlite", directory).p
				 : NULL;
	}
	u->wish.index_path = compat ? NULL : file;
	u->wish.index_is_given = options_has(u->given, "index");
	u->wish.environment = get_environment;
	u->wish.needs_files = u->report->needs_files || names_files(u);
	return true;
}

static bool read_zone(struct usage_run *u, struct err *e)
{
	const char *name = options_value(u->given, "timezone");

	if (name && (strcmp(name, "local") == 0 || !*name))
		name = NULL;
	if (!usage_zone_new(name, get_environment, &u->zone, e))
		return err_context(e, "option --timezone");
	u->wish.zone = u->zone;
	u->now_ms = clock_wall_ms();
	u->today = usage_zone_day(u->zone, u->now_ms);
	return true;
}

/* ---- what reports use ---- */

/* The doctor names them. */
static void tell_unread(struct usage_run *u)
{
	size_t unread = u->view->unread;

	if (unread && !u->wish.needs_files && !u->has_told_faults)
		fprintf(stderr, "fettle: %zu %s could not be read: see fettle usage doctor\n",
			unread, unread == 1 ? "place" : "places");
	u->has_told_faults = true;
}

/* History may have been lost, which is not for the doctor alone. */
static void put_history(const struct usage_view *view, struct buf *out)
{
	AUTO(buf) path = {0};

	if (view->taken_from.p) {
		utf8_put_line(&path, view->taken_from, 1000);
		buf_printf(out, "; what transcripts said that are gone was taken over from %s",
			buf_text(&path));
		usage_put_losses(out, &view->taken_over);
		return;
	}
	utf8_put_line(&path, view->old_index, 1000);
	if (path.n && view->will_be_rebuilt)
		buf_printf(out,
			"; what transcripts said that are gone comes from %s with the next run",
			buf_text(&path));
	else if (path.n)
		buf_printf(out, "; what it knew of transcripts that are gone is in %s alone",
			buf_text(&path));
}

static const char *what_is_of_index(const struct usage_view *view)
{
	if (view->was_rebuilt && view->will_be_rebuilt)
		return "was damaged, and will be made anew";
	if (view->was_rebuilt)
		return "was damaged or of another version, and is made anew";
	return view->index_path ? "is made anew" : "cannot be written";
}

void usage_run_tell_index(struct usage_run *u)
{
	const struct usage_view *view = u->view;
	AUTO(buf) history = {0};

	if (u->has_told_index)
		return;
	if (view->newer_index.p && view->is_new_index) {
		AUTO(buf) newer = {0};
		AUTO(buf) own = {0};
		utf8_put_line(&newer, view->newer_index, 1000);
		utf8_put_line(&own, str_from(view->index_path), 1000);
		fprintf(stderr,
			"fettle: %s is of a later version and stays as it is; this version keeps an index "
			"of its own, %s\n",
			buf_text(&newer), buf_text(&own));
	}
	put_history(view, &history);
	if (view->was_rebuilt || view->taken_from.p)
		fprintf(stderr, "fettle: the index %s%s\n", what_is_of_index(view),
			buf_text(&history));
	u->has_told_index = view->was_rebuilt || view->taken_from.p;
}

static void tell_open(struct usage_run *u)
{
	usage_run_tell_index(u);
	tell_unread(u);
	if (u->view->index_trouble.p) {
		AUTO(buf) line = {0};
		utf8_put_line(&line, u->view->index_trouble, 500);
		fprintf(stderr, "fettle: the index is not used: %s\n", buf_text(&line));
	}
}

/* Rows are made of cells alone: they can be worked out while transcripts are looked at. */
static bool may_be_early(const struct usage_run *u)
{
	return u->report->run == usage_run_rows && u->query.by != USAGE_BY_PROVIDER &&
	       !u->query.filter.provider.n && !u->page_path && !options_has(u->given, "sections");
}

static bool open_view(struct usage_run *u,
	bool (*open)(const struct usage_wish *wish, struct usage_view **view, struct err *e),
	struct err *e)
{
	usage_close(u->view);
	u->view = NULL;
	u->wish.now_ms = u->now_ms;
	if (!open(&u->wish, &u->view, e))
		return false;
	u->look.view = u->view;
	usage_run_compat_rows(u, u->view, &u->query);
	return true;
}

bool usage_run_open(struct usage_run *u, struct err *e)
{
	if (!open_view(u, usage_open, e))
		return false;
	tell_open(u);
	return true;
}

bool usage_run_settle(struct usage_run *u, bool *is_same, struct err *e)
{
	*is_same = true;
	if (!u->is_early)
		return true;
	u->is_early = false;
	if (!usage_settle(u->view, is_same, e))
		return false;
	tell_open(u);
	return true;
}

void usage_run_span(const struct usage_run *u, int64_t *since_ms, int64_t *until_ms)
{
	const struct usage_filter *f = &u->query.filter;

	*since_ms = f->since == INT32_MIN ? INT64_MIN : usage_zone_start_ms(u->zone, f->since);
	*until_ms = f->until == INT32_MAX ? INT64_MAX : usage_zone_start_ms(u->zone, f->until + 1);
}

void usage_run_tell_unpriced(const struct usage_run *u, const struct usage_row *total)
{
	enum { NAMED = 5 };
	bool is_display = u->query.mode == USAGE_DISPLAY;
	size_t count = 0;
	AUTO(buf) names = {0};
	AUTO(buf) line = {0};

	if (u->look.hides_cost || u->look.form == USAGE_JSON || u->look.form == USAGE_CSV)
		return;
	for (size_t i = 0; i < total->part_count; i++) {
		if (!total->parts[i].sum.unpriced[u->query.mode] || count++ >= NAMED)
			continue;
		buf_put_text(&names, names.n ? ", " : "");
		usage_put_model(&names, u->view, &total->parts[i]);
	}
	if (count == 0)
		return;
	utf8_put_line(&line, buf_str(&names), 500);
	if (count > NAMED)
		buf_printf(&line, " and %zu more", count - NAMED);
	fprintf(stderr, "fettle: costs are without those of %s: %s%s\n", buf_text(&line),
		is_display ? "none were reported" : "no price is known",
		count > NAMED && !is_display ? "; fettle usage doctor names them all" : "");
}

/* ---- where nothing is ---- */

struct looking {
	struct usage_places places;
	VEC(struct str) paths;
};

static void add_place(struct usage_places *places, struct str path, unsigned)
{
	struct looking *l = (struct looking *)places;

	vec_each (&l->paths, known)
		if (str_eq(*known, path))
			return;
	vec_push(&l->paths, arena_copy(places->arena, path));
}

static void put_places(const struct usage_run *u, const char *home,
	const struct usage_reader *reader, struct buf *out)
{
	struct looking l = {.places = {.environment = get_environment,
				    .home = home,
				    .arena = &u->world->arena,
				    .add = add_place}};
	AUTO(buf) line = {0};

	reader->places(&l.places);
	vec_each (&l.paths, path) {
		buf_put_text(&line, line.n ? ", " : "");
		utf8_put_line(&line, *path, 200);
	}
	if (l.paths.n)
		buf_printf(out, "  %s: %s\n", reader->title, buf_text(&line));
	vec_release(&l.paths);
}

static bool is_wanted(struct str sources, const char *name)
{
	struct str one;

	if (sources.n == 0)
		return true;
	while (str_split(&sources, ',', &one))
		if (str_is(one, name))
			return true;
	return false;
}

static void tell_no_home(void)
{
	const char *home = get_environment("HOME");

	if (!home || home[0] != '/')
		fprintf(stderr, "fettle: HOME is %s: nothing below it was looked for\n",
			home && *home ? "no absolute path" : "not set");
}

static void tell_nothing(const struct usage_run *u)
{
	const char *home = get_environment("HOME");
	bool has_home = home && home[0] == '/';
	AUTO(buf) places = {0};

	for (const struct usage_reader *const *r = usage_readers; *r; r++)
		if (is_wanted(u->wish.sources, (*r)->name))
			put_places(u, has_home ? home : NULL, *r, &places);
	fprintf(stderr, "fettle: no transcript says that anything was used%s\n%s",
		places.n ? "; looked for" : "", buf_text(&places));
	tell_no_home();
}

/* ---- the command ---- */

static bool prepare(struct usage_run *u, struct err *e)
{
	struct world *w = u->world;

	if (!read_words(u, e) || !usage_options_check(u, e) || !world_read_settings(w, e))
		return false;
	if (!settings_check(&w->settings, e)) {
		e->code = ERR_USAGE;
		return false;
	}
	settings_warn(&w->settings);
	settings_fill(&w->settings, settable, &w->given, &w->arena);
	return read_index(u, e) && read_zone(u, e) && read_choices(u, e) && read_filter(u, e) &&
	       read_sources(u, e) && read_form(u, e) && usage_run_read_drawing(u, e) &&
	       settings_prices(&w->settings, &u->prices, e);
}

static int report(struct usage_run *u, struct err *e)
{
	if (!prepare(u, e))
		return EXIT_USAGE;
	u->wish.prices = u->prices;
	u->is_early = may_be_early(u);
	if (!u->report->opens_view &&
		!(u->is_early ? open_view(u, usage_open_early, e) : usage_run_open(u, e)))
		return EXIT_TASK_FAILED;
	int status = u->report->run(u, e);
	if (status != EXIT_DONE && e->code == ERR_PARSE && !u->report->opens_view &&
		u->report->run != usage_run_export) {
		/* The index was damaged where only this report looks, and is out of the way now. An
		   export may have put out something by then. */
		buf_clear(&u->out);
		if (!usage_run_open(u, e))
			return EXIT_TASK_FAILED;
		status = u->report->run(u, e);
	}
	if (u->view && u->view->cell_count == 0 && status == EXIT_DONE && !u->report->needs_files)
		tell_nothing(u);
	else if (u->report->kind == USAGE_KIND_DOCTOR)
		tell_no_home();
	else if (u->view && status == EXIT_DONE && u->report->kind != USAGE_KIND_WATCH)
		usage_run_tell_unmatched(u);
	if (u->out.overflow) {
		err_set(e, ERR_LIMIT, "the report is too large");
		return EXIT_TASK_FAILED;
	}
	if (u->out.n)
		fwrite(u->out.p, 1, u->out.n, stdout);
	int ended = command_end_output();
	return status ? status : ended;
}

static int usage(struct world *world, struct err *e)
{
	struct usage_run u = {.world = world, .given = &world->given};
	int status = report(&u, e);

	usage_close(u.view);
	usage_prices_free(u.prices);
	usage_zone_free(u.zone);
	buf_release(&u.out);
	return status;
}

static const struct command *part(const struct options *given, struct arena *a)
{
	struct usage_run u = {.given = given};
	struct err ignored;

	return given->operand_count && read_words(&u, &ignored) ? usage_options_help(u.report, a)
								: NULL;
}

static int run(const struct program *program, int count, char *const *words)
{
	return world_command(&command_usage, program, count, words, usage);
}

const struct command command_usage = {
	.name = "usage",
	.brief = "what coding assistants have used, and what it cost",
	.synopsis = {"[options] [glance|daily|weekly|monthly|session|block]",
		"[options] project|model|branch|agent|tool|source|provider", "[options] session ID",
		"check --max-cost USD|--max-tokens N [--per day|week|month|block]",
		"watch [--interval SECONDS]", "export csv|json|prometheus|sqlite [FILE]",
		"doctor|forget [--merged]|merge FILE|DIRECTORY ..."},
	.description =
		"Reads the transcripts that coding assistants leave on disk (Claude Code, Codex, "
		"OpenCode, Gemini CLI ... and fettle's own ledger) and says what was used and what it "
		"costs by list price. One answer counts once, in however many files it stands. A model "
		"whose price is not known is never priced: its cost is shown as unknown, and sums that "
		"lack it with a sign. An assistant's name before the report's is that one alone: fettle "
		"usage codex daily, or fettle usage codex, which is the same. Without any of these words "
		"it is the glance: today, this week and this month, and the models of this month. Reports "
		"have options of their own: fettle usage daily --help.\n\n"
		"What was read is kept in an index below $XDG_CACHE_HOME/fettle (else ~/.cache), so that "
		"only what is new is read the next time, and what assistants delete still counts. No "
		"transcript is ever written to, and no network is used. docs/usage.md has the rules.",
	.options = usage_options,
	.examples = {"fettle usage", "fettle usage daily --last 7 --breakdown",
		"fettle usage session --project fettle", "fettle usage block --active",
		"fettle usage daily --last 30 --html usage.html", "fettle usage monthly --json",
		"fettle usage check --max-cost 20 --per day"},
	.part = part,
	.run = run,
};
