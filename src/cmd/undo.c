// SPDX-License-Identifier: MIT
/* undo: takes back what a run has changed. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "base/xdg.h"
#include "cmd/undo.h"

extern const struct command command_undo;

static const struct option options[] = {
	{"list", 'l', NULL, "which runs there are, newest first"},
	{"run", 'r', "ID", "this run, by its id or the beginning of it, instead of the latest"},
	{"dry-run", 'n', NULL, "show the diff of what would be done, and do nothing"},
	{"partial", 0, NULL, "leave out files that cannot be taken back, instead of all"},
	{"interrupted", 0, NULL,
		"also what changed while or after a command of the run was cut off"},
	{"json", 0, NULL, "JSON on stdout (docs/undo.schema.json)"},
	{"directory", 'C', "DIR", "the workspace of this directory"},
	{"quiet", 'q', NULL, "say nothing when it went well"},
	{"help", 'h', NULL, "this help"},
	{0},
};

enum { LINE_CELLS = 300 };

static void put_path(struct buf *out, struct str path)
{
	utf8_put_line(out, path, LINE_CELLS);
}

/* ---- JSON ---- */

static void put_file(struct json_writer *w, const struct undo_file *file)
{
	char kind[] = {file->kind, '\0'};

	json_open(w, '{');
	json_member_str(w, "path", file->path);
	json_member_text(w, "kind", kind);
	if (file->problem)
		json_member_text(w, "problem", file->problem);
	else if (file->is_text) {
		json_member_int(w, "added", file->added);
		json_member_int(w, "removed", file->removed);
	}
	json_close(w, '}');
}

static void put_json(
	struct undo *u, const struct undo_plan *p, bool is_done, const struct err *error)
{
	struct json_writer w = {.buf = &u->out};
	const struct undo_run *run = undo_plan_run(p);
	size_t count;
	const struct undo_file *files = undo_plan_files(p, &count);

	json_open(&w, '{');
	json_member_str(&w, "run", run->id);
	json_member_text(&w, "undo", u->own_id);
	json_member_bool(&w, "dry_run", u->is_dry_run);
	json_member_bool(&w, "done", is_done);
	if (error)
		json_member_text(&w, "error", error->text);
	if (undo_plan_problem(p))
		json_member_text(&w, "problem", undo_plan_problem(p));
	json_key(&w, "files");
	json_open(&w, '[');
	for (size_t i = 0; i < count; i++)
		put_file(&w, &files[i]);
	json_close(&w, ']');
	json_close(&w, '}');
	buf_put_char(&u->out, '\n');
}

/* ---- for people, on stderr ---- */

static size_t tell_problems(const struct undo_plan *p)
{
	size_t count, problems = 0;
	const struct undo_file *files = undo_plan_files(p, &count);

	if (undo_plan_problem(p))
		fprintf(stderr, "fettle: %s\n", undo_plan_problem(p));
	for (size_t i = 0; i < count; i++) {
		AUTO(buf) line = {0};
		if (!files[i].problem)
			continue;
		problems++;
		put_path(&line, files[i].path);
		buf_put_text(&line, ": ");
		utf8_put_line(&line, str_from(files[i].problem), LINE_CELLS);
		fprintf(stderr, "fettle: %s\n", buf_text(&line));
	}
	return problems;
}

static void tell_files(const struct undo *u, const struct undo_plan *p)
{
	const struct undo_run *run = undo_plan_run(p);
	size_t count, done = 0;
	const struct undo_file *files = undo_plan_files(p, &count);
	AUTO(buf) task = {0};

	for (size_t i = 0; i < count; i++) {
		AUTO(buf) line = {0};
		if (files[i].problem)
			continue;
		done++;
		put_path(&line, files[i].path);
		fprintf(stderr, "%c %s\n", files[i].kind, buf_text(&line));
	}
	utf8_put_line(&task, run->task, 60);
	fprintf(stderr, "fettle: %s run %.*s (%s): %zu %s; fettle undo --run %.8s brings it back\n",
		undo_plan_problem(p) || done < count ? "partly undid" : "undid",
		STR_ARG(str_head(run->id, 8)), buf_text(&task), done, done == 1 ? "file" : "files",
		u->own_id);
}

/* ---- the deed ---- */

/* As patch(1) and git want it, unless a terminal would act on what is in the files. */
static void put_diff(struct undo *u, struct undo_plan *p, struct buf *notes)
{
	AUTO(buf) diff = {0};

	undo_plan_put_diff(p, &diff, notes);
	if (isatty(STDOUT_FILENO))
		utf8_put_exactly(&u->out, buf_str(&diff));
	else
		buf_put_str(&u->out, buf_str(&diff));
}

static int show_diff(struct undo *u, struct undo_plan *p)
{
	AUTO(buf) notes = {0};
	AUTO(buf) shown = {0};
	size_t problems = u->has_json ? 0 : tell_problems(p);

	if (u->has_json)
		put_json(u, p, false, NULL);
	else
		put_diff(u, p, &notes);
	utf8_put_shown(&shown, buf_str(&notes));
	fputs(buf_text(&shown), stderr);
	return problems || undo_plan_problem(p) ? EXIT_TASK_FAILED : EXIT_DONE;
}

static bool has_problems(const struct undo_plan *p)
{
	size_t count;
	const struct undo_file *files = undo_plan_files(p, &count);

	for (size_t i = 0; i < count; i++)
		if (files[i].problem)
			return true;
	return undo_plan_problem(p);
}

static int undo_one(struct undo *u, struct undo_plan *p)
{
	bool is_whole = !has_problems(p);
	struct err e;

	bool is_done = undo_apply(p, u->is_partial, &e);
	if (u->has_json)
		put_json(u, p, is_done, is_done ? NULL : &e);
	else
		tell_problems(p);
	if (!is_done) {
		AUTO(buf) line = {0};
		utf8_put_line(&line, str_from(e.text), LINE_CELLS);
		fprintf(stderr, "fettle: %s%s\n", buf_text(&line),
			is_whole ? "" : " (--partial takes back the others)");
		return EXIT_TASK_FAILED;
	}
	if (!u->is_quiet && !u->has_json)
		tell_files(u, p);
	return is_whole ? EXIT_DONE : EXIT_TASK_FAILED;
}

static const char *get_environment(const char *name)
{
	return getenv(name);
}

static int work(struct undo *u, struct err *e)
{
	struct undo_wish wish = {.workspace = &u->workspace,
		.directory = xdg_directory(XDG_STATE, "", get_environment, &u->arena),
		.id = options_value(&u->given, "run"),
		.own_id = u->own_id,
		.takes_interrupted = options_has(&u->given, "interrupted")};

	if (options_has(&u->given, "list"))
		return undo_show_list(u, wish.directory, e);
	struct undo_plan *p = undo_plan_new(&wish, e);
	if (!p)
		return EXIT_USAGE;
	int status = u->is_dry_run ? show_diff(u, p) : undo_one(u, p);
	undo_plan_free(p);
	return status;
}

static bool read_words(struct undo *u, int count, char *const *words, struct err *e)
{
	if (!options_parse(options, count, words, &u->arena, &u->given, e))
		return false;
	if (u->given.operand_count)
		return err_set(e, ERR_USAGE, "undo takes no words: %s (--run ID chooses a run)",
			u->given.operands[0]);
	if (options_has(&u->given, "list") &&
		(options_has(&u->given, "run") || options_has(&u->given, "dry-run")))
		return err_set(e, ERR_USAGE, "--list goes with neither --run nor --dry-run");
	u->has_json = options_has(&u->given, "json");
	u->is_dry_run = options_has(&u->given, "dry-run");
	u->is_partial = options_has(&u->given, "partial");
	u->is_quiet = options_has(&u->given, "quiet");
	return true;
}

static int finish(struct undo *u, int status)
{
	if (u->out.n)
		fwrite(u->out.p, 1, u->out.n, stdout);
	int ended = command_end_output();

	return status ? status : ended;
}

static int run(const struct program *program, int count, char *const *words)
{
	struct undo u = {.workspace.root_fd = -1};
	struct err e = {0};
	int status;

	uuid_make(u.own_id);
	if (!read_words(&u, count, words, &e)) {
		status = command_wrong_usage(&command_undo, &e);
	} else if (options_has(&u.given, "help")) {
		char word[] = "undo", *const help[] = {word, NULL};
		status = command_find("help")->run(program, 1, help);
	} else if (!workspace_open(&u.workspace, options_value(&u.given, "directory"), &e)) {
		status = command_wrong_usage(&command_undo, &e);
	} else {
		status = work(&u, &e);
		if (e.code)
			fprintf(stderr, "fettle: %s\n", e.text);
		status = finish(&u, status);
	}
	workspace_release(&u.workspace);
	buf_release(&u.out);
	arena_release(&u.arena);
	return status;
}

const struct command command_undo = {
	.name = "undo",
	.brief = "take back what a run has changed",
	.synopsis = {"[options]", "[options] --run ID", "--list [--json]"},
	.description =
		"Every run keeps the former contents of the files it changes. Without --run, the latest "
		"run of this workspace that is not undone yet is taken back: bytes, permissions, removed "
		"files and directories; files that it made go. When one of the files has been changed "
		"since, it is named and nothing is touched, unless --partial takes back the others.\n\n"
		"An undo keeps what it replaces, too, and can be undone itself by its id. Runs are kept "
		"below $XDG_STATE_HOME/fettle/undo (else ~/.local/state), 1 GB at most: the oldest go "
		"first. Files of more than 16 MB are not kept, and files that git would ignore are kept "
		"only where a tool of fettle's own edits them.",
	.options = options,
	.examples = {"fettle undo", "fettle undo --dry-run", "fettle undo --list",
		"fettle undo --run 3fa9c2"},
	.run = run,
};
