// SPDX-License-Identifier: MIT
/*
 * opencode: OpenCode keeps messages in opencode.db, a channel's in opencode-<channel>.db, and kept
 * them in a file each. What was carried over has the same id, and the row is the newer one.
 */
#include "usage/reader/opencode.h"

#include <dirent.h>

#include "base/json.h"
#include "usage/reader/parts.h"

extern const struct usage_reader usage_reader_opencode;

static bool is_database(struct str name)
{
	return str_is(name, "opencode.db") ||
	       (str_starts(name, STR("opencode-")) && str_ends(name, STR(".db")));
}

/* The rest of the directory, parts of messages and copies of work trees, is large. */
static void add_root(struct usage_places *places, struct str path, unsigned note)
{
	struct usage_places *outer = ((struct parts_fan *)places)->outer;
	DIR *directory = opendir(arena_text(outer->arena, path));

	outer->add(outer, arena_printf(outer->arena, "%.*s/storage/message", STR_ARG(path)), note);
	outer->add(outer, arena_printf(outer->arena, "%.*s/opencode.db", STR_ARG(path)), note);
	for (struct dirent *entry; directory && (entry = readdir(directory));)
		if (is_database(str_from(entry->d_name)))
			outer->add(outer,
				arena_printf(outer->arena, "%.*s/%s", STR_ARG(path), entry->d_name),
				note);
	if (directory)
		closedir(directory);
}

static void places(struct usage_places *outer)
{
	struct parts_fan roots = {.places = *outer, .outer = outer};

	roots.places.add = add_root;
	if (!usage_places_variable(&roots.places, "OPENCODE_DATA_DIR", "", 0))
		usage_places_xdg(&roots.places, "XDG_DATA_HOME", ".local/share", "/opencode", 0);
}

static bool wants(struct str below, unsigned)
{
	return str_ends(below, STR(".json"));
}

static void document(struct usage_file *file, struct str text)
{
	struct str name = parts_name(file->path);
	struct opencode_message message = {.data = parts_document(file, text)};

	if (json_type(message.data) != JSON_OBJECT)
		return;
	message.id = parts_first(
		parts_text(file, message.data, "id"), str_head(name, name.n - STR(".json").n));
	message.session = parts_first(
		parts_text(file, message.data, "sessionID"), parts_name(parts_parent(file->path)));
	opencode_take(file, &message);
}

/* ccusage reads one database: the one without a channel, or else the first by name. */
static bool is_shadowed(struct usage_file *file)
{
	static const char main[] = "opencode.db";
	struct str own = parts_name(file->path);
	bool is_shadowed = false;

	if (!file->is_compat || str_is(own, main))
		return false;
	DIR *directory = opendir(arena_text(file->arena, parts_parent(file->path)));
	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		struct str name = str_from(entry->d_name);
		is_shadowed |= is_database(name) && (str_is(name, main) || str_cmp(name, own) < 0);
	}
	if (directory)
		closedir(directory);
	return is_shadowed;
}

static bool database(struct usage_file *file, struct err *e)
{
	static const struct opencode_message row = {.is_row = true};
	AUTO(source) source = {0};

	if (is_shadowed(file))
		return true;
	if (!source_open(file, &source, e))
		return false;
	bool is_new = source_has_table(&source, "session_message");
	if (is_new && !opencode_take_rows(file, &source, "session_message", &row, e))
		return false;
	if ((!is_new || source_has_table(&source, "message")) &&
		!opencode_take_rows(file, &source, "message", &row, e))
		return false;
	return source_end(&source, e);
}

const struct usage_reader usage_reader_opencode = {
	.name = "opencode",
	.title = "OpenCode",
	.places = places,
	.wants = wants,
	.document = document,
	.database = database,
};
