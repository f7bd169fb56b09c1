// SPDX-License-Identifier: MIT
#include "agent/lsp.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>

#include "agent/hands.h"
#include "agent/lsp/server.h"
#include "agent/tool/plain.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/language.h"
#include "base/must.h"

enum {
	TEXT_MAX_BYTES = 2 << 20,
	FILES_MAX = 50, /* of one question */
	LINES_MAX = 100, /* of one file */
	ERRORS_MAX = 10, /* of one file after an edit */
	START_MS = 21'000, /* a little more than a server gets to answer its first question */
	AFTER_EDIT_MS = 2'000,
	LATE_MAX = 3, /* in a row after edits; then nobody waits for it there any more */
	SERVERS_MAX = 64,
};

/* Nothing that writes: the workspace is not theirs. */
static const struct lsp_entry built_in[] = {
	{.name = STR("clangd"),
		.command = {"clangd", "--background-index=false", "--pch-storage=memory", "-j=2",
			"--log=error", NULL},
		.languages = {"C", "C++", NULL}},
	{.name = STR("gopls"), .command = {"gopls", NULL}, .languages = {"Go", NULL}},
	{.name = STR("pyright"),
		.command = {"pyright-langserver", "--stdio", NULL},
		.languages = {"Python", NULL}},
	{.name = STR("rust-analyzer"),
		.command = {"rust-analyzer", NULL},
		.languages = {"Rust", NULL},
		/* Checking would write below target/; the other two run code of the workspace. */
		.extra = "{\"checkOnSave\":false,\"procMacro\":{\"enable\":false},"
			 "\"cargo\":{\"buildScripts\":{\"enable\":false}}}"},
	{.name = STR("typescript-language-server"),
		.command = {"typescript-language-server", "--stdio", NULL},
		.languages = {"JavaScript", "TypeScript", NULL}},
};

enum { BUILT_IN_COUNT = sizeof built_in / sizeof *built_in };

struct slot {
	struct lsp_entry entry;
	struct lsp_server *server; /* NULL: nobody has asked for it */
	bool failure_is_told;
	int late; /* edits in a row that were not answered in time */
	int64_t late_until; /* the end of the last such wait */
};

struct lsp {
	const struct lsp_options *options;
	struct fence *fence;
	struct arena arena;
	pthread_mutex_t lock; /* protects what follows */
	struct slot *slots; /* NULL until somebody asks */
	size_t slot_count;
};

struct lsp *lsp_new(const struct lsp_options *options)
{
	struct lsp *lsp = must_alloc(1, sizeof *lsp);

	*lsp = (struct lsp){.options = options, .fence = fence_new(&options->fence)};
	pthread_mutex_init(&lsp->lock, NULL);
	return lsp;
}

void lsp_free(struct lsp *lsp)
{
	if (!lsp)
		return;
	for (size_t i = 0; i < lsp->slot_count; i++)
		if (lsp->slots[i].server)
			lsp_server_stop(lsp->slots[i].server);
	for (size_t i = 0; i < lsp->slot_count; i++)
		if (lsp->slots[i].server)
			lsp_server_free(lsp->slots[i].server);
	fence_free(lsp->fence);
	pthread_mutex_destroy(&lsp->lock);
	arena_release(&lsp->arena);
	free(lsp);
}

static const struct lsp_entry *find_built_in(struct str name)
{
	for (size_t i = 0; i < BUILT_IN_COUNT; i++)
		if (str_eq(built_in[i].name, name))
			return &built_in[i];
	return NULL;
}

static bool is_configured(const struct lsp_options *o, struct str name)
{
	for (size_t i = 0; i < o->program_count; i++)
		if (str_eq(o->programs[i].name, name))
			return true;
	return false;
}

static struct lsp_entry entry_of(const struct lsp_program *program, struct arena *a)
{
	const struct lsp_entry *known = find_built_in(program->name);
	struct lsp_entry entry = known ? *known : (struct lsp_entry){0};
	size_t n =
		program->command_count < LSP_WORDS_MAX ? program->command_count : LSP_WORDS_MAX - 1;

	entry.name = program->name;
	for (size_t i = 0; i < n; i++)
		entry.command[i] = arena_text(a, program->command[i]);
	if (n)
		entry.command[n] = NULL;
	entry.endings = program->endings;
	entry.ending_count = program->ending_count;
	return entry;
}

/* The user's, then those built in that the user says nothing of. */
static size_t make_entries(
	const struct lsp_options *o, struct arena *a, struct lsp_entry entries[SERVERS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < o->program_count && n + BUILT_IN_COUNT < SERVERS_MAX; i++) {
		struct lsp_entry entry = entry_of(&o->programs[i], a);
		if (!o->programs[i].is_off && entry.command[0])
			entries[n++] = entry;
	}
	for (size_t i = 0; i < BUILT_IN_COUNT; i++)
		if (!is_configured(o, built_in[i].name))
			entries[n++] = built_in[i];
	return n;
}

void lsp_each_program(const struct lsp_options *options,
	void (*visit)(void *self, struct str name, struct str path), void *self)
{
	struct lsp_entry entries[SERVERS_MAX];
	struct arena scratch = {0};
	size_t n = make_entries(options, &scratch, entries);

	for (size_t i = 0; i < n; i++) {
		AUTO(buf) path = {0};
		bool is_there = lsp_entry_find(&entries[i], &path);
		visit(self, entries[i].name, is_there ? buf_str(&path) : (struct str){0});
	}
	arena_release(&scratch);
}

/* At every start of a run, so it ends at the first. */
bool lsp_has_program(const struct lsp_options *options)
{
	struct lsp_entry entries[SERVERS_MAX];
	AUTO(arena) scratch = {0};
	AUTO(buf) path = {0};
	size_t n = make_entries(options, &scratch, entries);

	for (size_t i = 0; i < n; i++)
		if (lsp_entry_find(&entries[i], &path))
			return true;
	return false;
}

static bool is_for(const struct lsp_entry *entry, struct str path)
{
	const struct language *language = language_of(path);

	for (size_t i = 0; i < entry->ending_count; i++)
		if (str_ends(path, entry->endings[i]))
			return true;
	if (entry->ending_count || !language)
		return false;
	for (const char *const *name = entry->languages; *name; name++)
		if (strcmp(*name, language->name) == 0)
			return true;
	return false;
}

/* The lock is held. */
static void make_slots(struct lsp *lsp)
{
	struct lsp_entry entries[SERVERS_MAX];

	if (lsp->slots)
		return;
	lsp->slot_count = make_entries(lsp->options, &lsp->arena, entries);
	lsp->slots = arena_alloc(&lsp->arena, lsp->slot_count, sizeof *lsp->slots);
	for (size_t i = 0; i < lsp->slot_count; i++)
		lsp->slots[i].entry = entries[i];
}

/* The server for a file; NULL: none is known for its language. */
static struct slot *slot_for(struct lsp *lsp, struct str path)
{
	struct slot *found = NULL;

	pthread_mutex_lock(&lsp->lock);
	make_slots(lsp);
	for (size_t i = 0; i < lsp->slot_count && !found; i++)
		if (is_for(&lsp->slots[i].entry, path))
			found = &lsp->slots[i];
	if (found && !found->server)
		found->server = lsp_server_new(&found->entry, lsp->options->workspace, lsp->fence);
	pthread_mutex_unlock(&lsp->lock);
	return found;
}

/* One file of a question. */
struct inquiry {
	const struct lsp_file *file;
	struct slot *slot;
	struct lsp_document *document; /* NULL: not shown, for the reason in error */
	struct buf text;
	struct err error;
	bool is_servers; /* the error, and not the file's */
};

static bool read_text(const struct tool_call *call, struct inquiry *q)
{
	AUTO(buf) path = {0};
	AUTO_FD fd = workspace_open_path(call->workspace, q->file->path, O_RDONLY, &q->error);

	buf_put_str(&path, q->file->shown);
	return fd >= 0 && file_read_fd(fd, buf_text(&path), TEXT_MAX_BYTES, &q->text, &q->error);
}

static void ask(const struct tool_call *call, struct inquiry *q, int64_t start_until_ns, bool anew)
{
	struct lsp_patience patience = {start_until_ns, call->cancel};

	q->slot = slot_for(call->hands->lsp, q->file->path);
	if (!q->slot)
		err_set(&q->error, ERR_NOT_FOUND,
			"no language server is known for files of this kind");
	if (!q->slot || !read_text(call, q))
		return;
	if (lsp_server_ready(q->slot->server, &patience, &q->error))
		q->document = lsp_server_show(
			q->slot->server, q->file->path, buf_str(&q->text), anew, &q->error);
	q->is_servers = !q->document;
}

static void note_heard(struct lsp *lsp, struct slot *slot)
{
	pthread_mutex_lock(&lsp->lock);
	slot->late = 0;
	pthread_mutex_unlock(&lsp->lock);
}

/* False: nothing was heard, and q->error says why. */
static bool hear(const struct tool_call *call, struct inquiry *q, int64_t until_ns,
	enum lsp_severity least, size_t max, struct buf *out)
{
	struct lsp_patience patience = {until_ns, call->cancel};
	AUTO(lsp_heard) heard = {0};
	AUTO(lsp_list) list = {.text = buf_str(&q->text)};
	AUTO(buf) shown = {0};

	if (!q->document)
		return false;
	q->is_servers =
		!lsp_server_hear(q->slot->server, q->document, &patience, &heard, &q->error);
	if (q->is_servers)
		return false;
	note_heard(call->hands->lsp, q->slot);
	list.encoding = heard.encoding;
	lsp_list_add(&list, buf_str(&heard.pulled), least);
	lsp_list_add(&list, buf_str(&heard.pushed), least);
	lsp_list_sort(&list);
	plain_put_field(&shown, q->file->shown);
	lsp_list_put(out, &list, buf_str(&shown), max);
	if (!list.count && least == LSP_WARNING)
		buf_printf(out, "%s: no errors and no warnings\n", buf_text(&shown));
	return true;
}

static int64_t in_ms(int64_t ms)
{
	return clock_ns() + ms * 1'000'000;
}

bool lsp_put_diagnostics(
	const struct tool_call *call, const struct lsp_file *files, size_t count, struct buf *out)
{
	size_t n = count < FILES_MAX ? count : FILES_MAX, heard = 0;
	struct inquiry *all = arena_alloc(call->arena, n, sizeof *all);
	int64_t start_until = in_ms(START_MS);

	for (size_t i = 0; i < n; i++) {
		all[i] = (struct inquiry){.file = &files[i]};
		ask(call, &all[i], start_until, true);
	}
	int64_t until = in_ms(call->hands->lsp->options->wait_ms);
	for (size_t i = 0; i < n; i++) {
		if (hear(call, &all[i], until, LSP_WARNING, LINES_MAX, out)) {
			heard++;
		} else {
			AUTO(buf) why = {0};
			buf_printf(&why, "%.*s: nothing is known: %s", STR_ARG(files[i].shown),
				all[i].error.text);
			plain_put_field(out, buf_str(&why));
			buf_put_char(out, '\n');
		}
		buf_release(&all[i].text);
	}
	if (count > n)
		buf_printf(out, "[%zu more files were not looked at]\n", count - n);
	return heard > 0;
}

/* Whether an edit is worth a question. */
static bool is_hopeful(struct lsp *lsp, struct slot *slot)
{
	pthread_mutex_lock(&lsp->lock);
	bool is = !slot->failure_is_told && slot->late < LATE_MAX;
	pthread_mutex_unlock(&lsp->lock);
	return is;
}

/* The lock is held. A wait counts once, for however many files it was. */
static bool is_news(struct slot *slot, bool is_late, int64_t until)
{
	bool is = is_late ? slot->late_until != until : !slot->failure_is_told;

	if (is_late && is)
		slot->late++;
	slot->late_until = until;
	slot->failure_is_told |= !is_late;
	return is;
}

/* After an edit: a failure is said once, and not that nothing is installed. */
static void say_why_not(struct lsp *lsp, const struct inquiry *q, int64_t until, struct buf *out)
{
	AUTO(buf) why = {0};
	bool is_late = q->error.code == ERR_TIMEOUT;

	if (!q->is_servers || q->error.code == ERR_CANCELLED)
		return;
	pthread_mutex_lock(&lsp->lock);
	bool is_told = is_news(q->slot, is_late, until) && q->error.code != ERR_NOT_FOUND;
	pthread_mutex_unlock(&lsp->lock);
	if (!is_told)
		return;
	buf_printf(&why, is_late ? "[diagnostics: %s]" : "[no diagnostics: %s]", q->error.text);
	plain_put_field(out, buf_str(&why));
	buf_put_char(out, '\n');
}

/* All files are shown before the first is asked about: they may be one change. */
static void put_errors(const struct tool_call *call, const struct lsp_file *files, size_t count,
	int64_t until, struct buf *out)
{
	struct lsp *lsp = call->hands->lsp;
	struct inquiry *all = arena_alloc(call->arena, count, sizeof *all);
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct slot *slot = slot_for(lsp, files[i].path);
		if (!slot || !is_hopeful(lsp, slot))
			continue;
		all[n] = (struct inquiry){.file = &files[i]};
		ask(call, &all[n++], until, false);
	}
	for (size_t i = 0; i < n; i++) {
		if (!hear(call, &all[i], until, LSP_ERROR, ERRORS_MAX, out))
			say_why_not(lsp, &all[i], until, out);
		buf_release(&all[i].text);
	}
}

void lsp_after_edit(
	const struct tool_call *call, const struct lsp_file *files, size_t count, struct buf *out)
{
	struct lsp *lsp = call->hands->lsp;
	AUTO(buf) errors = {0};

	if (call->hands->is_dry_run)
		return;
	lsp_edited_add(call->memory->edited, files, count);
	if (!lsp)
		return;
	int64_t until = in_ms(lsp->options->mode == LSP_ON ? lsp->options->wait_ms : AFTER_EDIT_MS);
	put_errors(call, files, count < FILES_MAX ? count : FILES_MAX, until, &errors);
	if (errors.n && out->n && !str_ends(buf_str(out), STR("\n")))
		buf_put_char(out, '\n');
	buf_put_str(out, buf_str(&errors));
}
