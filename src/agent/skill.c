// SPDX-License-Identifier: MIT
#include "agent/skill.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/secret.h"
#include "base/file.h"
#include "base/utf8.h"

enum { FILES_SHOWN = 30 };

/* In the order in which they are looked for. */
static const char *const places[] = {".agents/skills", ".claude/skills"};

enum { PLACES = sizeof places / sizeof *places };

/* ---- what stands in front: "---", YAML of one level, "---" ---- */

/* The next line without its end; absent at the end of text. */
static struct str next_line(struct str *text)
{
	struct str line;

	if (!text->n)
		return (struct str){0};
	size_t end = str_find_char(*text, '\n', 0);
	line = str_head(*text, end);
	*text = str_skip(*text, end == SIZE_MAX ? text->n : end + 1);
	return line.n && line.p[line.n - 1] == '\r' ? str_head(line, line.n - 1) : line;
}

/* Parts text; front is absent where there is none. */
static void part_front(struct str text, struct str *front, struct str *body)
{
	struct str rest = text, line = next_line(&rest);
	const char *start = rest.p;

	*front = (struct str){0};
	*body = text;
	if (!line.p || !str_is(str_trim(line), "---"))
		return;
	while (rest.n) {
		const char *end = rest.p;
		line = next_line(&rest);
		if (!str_is(str_trim(line), "---"))
			continue;
		*front = str_range(start, end);
		*body = rest;
		return;
	}
}

static bool is_indented(struct str line)
{
	return line.n && (line.p[0] == ' ' || line.p[0] == '\t');
}

/* Further lines of a value, joined by spaces, as a description is one paragraph anyway. */
static void put_block(struct buf *value, struct str rest)
{
	while (rest.n) {
		struct str line = next_line(&rest);
		if (!is_indented(line) && str_trim(line).n)
			break;
		line = str_trim(line);
		if (line.n && value->n)
			buf_put_char(value, ' ');
		buf_put_str(value, line);
	}
}

static struct str unquoted(struct str value)
{
	bool is_quoted = value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\'') &&
			 value.p[value.n - 1] == value.p[0];

	return is_quoted ? str_range(value.p + 1, value.p + value.n - 1) : value;
}

/* A value may hold colons without being quoted. "" when the key is not there. */
static struct str front_value(struct str front, const char *key, struct arena *a)
{
	size_t key_n = strlen(key);

	while (front.n) {
		struct str line = next_line(&front);
		if (!str_starts(line, str_from(key)) || line.n <= key_n || line.p[key_n] != ':')
			continue;
		struct str value = str_trim(str_skip(line, key_n + 1));
		AUTO(buf) whole = {0};
		bool is_block = value.n && (value.p[0] == '|' || value.p[0] == '>');
		if (!is_block)
			buf_put_str(&whole, value);
		put_block(&whole, front);
		return arena_copy(a, unquoted(str_trim(buf_str(&whole))));
	}
	return STR("");
}

static bool is_name(struct str name)
{
	if (!name.n || name.n > SKILL_NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!isalnum((unsigned char)name.p[i]) && !strchr("-_.", name.p[i]))
			return false;
	return true;
}

/* ---- files ---- */

/* In the workspace the kernel keeps links inside; the user's own directory may be linked. */
static int open_in(const struct skill *skill, const struct workspace *w, struct str path, int flags,
	struct err *e)
{
	AUTO(buf) full = {0};
	struct str rest = path, word;

	while (str_split(&rest, '/', &word))
		if (str_is(word, "..") || memchr(word.p, '\0', word.n))
			return err_set(e, ERR_DENIED, "%.*s: outside of the skill", STR_ARG(path)),
			       -1;
	if (path.n && path.p[0] == '/')
		return err_set(e, ERR_DENIED, "%.*s: outside of the skill", STR_ARG(path)), -1;
	buf_printf(
		&full, "%.*s%s%.*s", STR_ARG(skill->directory), path.n ? "/" : "", STR_ARG(path));
	if (skill->is_project)
		return workspace_open_path(w, buf_str(&full), flags, e);
	int fd = open(buf_text(&full), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		err_errno(e, "%.*s", STR_ARG(path));
	return fd;
}

/* By where it really is: a repository may bring links to files of the user's that it has not. */
static bool holds_secrets(const struct workspace *w, int fd)
{
	AUTO(arena) a = {0};
	struct str real;

	return !workspace_real(w, fd, &a, &real) || secret_is_path(NULL, real);
}

static bool read_file(const struct skill *skill, const struct workspace *w, struct str path,
	struct buf *out, struct err *e)
{
	AUTO_FD fd = open_in(skill, w, path, O_RDONLY, e);
	struct stat st;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_DENIED, "%.*s: not a regular file", STR_ARG(path));
	if (skill->is_project && holds_secrets(w, fd))
		return err_set(
			e, ERR_DENIED, "%.*s: may hold secrets, and is not read", STR_ARG(path));
	return file_read_fd(fd, "the skill", SKILL_FILE_MAX_BYTES, out, e);
}

bool skill_read(const struct skill *skill, const struct workspace *w, struct str path,
	struct buf *out, struct err *e)
{
	AUTO(buf) text = {0};
	struct str front, body;

	if (path.n && !str_is(path, "SKILL.md"))
		return read_file(skill, w, path, out, e);
	if (!read_file(skill, w, STR("SKILL.md"), &text, e))
		return false;
	part_front(buf_str(&text), &front, &body);
	buf_put_str(out, str_trim(body));
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct names {
	VEC(const char *) list;
};

/*
 * The names in a directory of the skill, sorted, so that prompts are the same each time; those that
 * are or may be directories end with a slash. Hidden ones are left out.
 */
static void read_names(const struct skill *skill, const struct workspace *w, struct str path,
	struct arena *a, struct names *out)
{
	struct err e;
	int fd = open_in(skill, w, path, O_RDONLY | O_DIRECTORY, &e);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!directory && fd >= 0)
		close(fd);
	while (directory && (d = readdir(directory))) {
		bool is_file = d->d_type == DT_REG;
		if (d->d_name[0] != '.')
			vec_push(&out->list,
				arena_printf(a, "%s%s", d->d_name, is_file ? "" : "/").p);
	}
	if (directory)
		closedir(directory);
	if (out->list.n)
		qsort(out->list.p, out->list.n, sizeof *out->list.p, by_name);
}

static void put_files_of(const struct skill *skill, const struct workspace *w, struct str below,
	struct arena *a, struct buf *out)
{
	struct names names = {0};
	size_t shown = 0;

	read_names(skill, w, below, a, &names);
	vec_each (&names.list, name) {
		struct str path = arena_printf(a, "%.*s%s", STR_ARG(below), *name);
		if (str_ends(path, STR("/")) && !below.n)
			put_files_of(skill, w, path, a, out);
		else if (!str_ends(path, STR("/")) && !str_is(path, "SKILL.md") &&
			 shown++ < FILES_SHOWN)
			buf_printf(out, "%s%.*s", out->n ? ", " : "", STR_ARG(path));
	}
	vec_release(&names.list);
}

void skill_put_files(const struct skill *skill, const struct workspace *w, struct buf *out)
{
	AUTO(arena) a = {0};

	put_files_of(skill, w, STR(""), &a, out);
}

/* ---- the list ---- */

const struct skill *skills_find(const struct skills *s, struct str name)
{
	for (size_t i = 0; i < s->list.n; i++)
		if (str_eq(s->list.p[i].name, name))
			return &s->list.p[i];
	return NULL;
}

static void warn(struct skills *s, const struct skill *skill, const char *what)
{
	struct str line =
		arena_printf(&s->arena, "skill %.*s: %s", STR_ARG(skill->directory), what);

	vec_push(&s->warnings, line.p);
}

static void add(struct skills *s, const struct workspace *w, struct skill skill, struct str base)
{
	AUTO(buf) text = {0};
	AUTO(buf) line = {0};
	struct str front, body;
	struct err e;

	if (!read_file(&skill, w, STR("SKILL.md"), &text, &e)) {
		if (e.code != ERR_NOT_FOUND)
			warn(s, &skill, e.text);
		return;
	}
	part_front(buf_str(&text), &front, &body);
	skill.name = front_value(front, "name", &s->arena);
	if (!skill.name.n)
		skill.name = arena_copy(&s->arena, base);
	/* It becomes part of the prompt: one line, and nothing in it that could hide. */
	utf8_put_line(
		&line, front_value(front, "description", &s->arena), SKILL_DESCRIPTION_MAX_BYTES);
	skill.description = arena_copy(&s->arena, str_trim(buf_str(&line)));
	if (!is_name(skill.name))
		warn(s, &skill, "its name is no name: letters, digits, - and at most 64 of them");
	else if (!skill.description.n)
		warn(s, &skill, "it has no description");
	else if (s->list.n == SKILLS_MAX)
		warn(s, &skill, "there are too many");
	else if (!skills_find(s, skill.name))
		vec_push(&s->list, skill);
}

/* The skills in one directory. */
static void add_all(struct skills *s, const struct workspace *w, struct str place, bool is_project)
{
	struct skill at = {.directory = place, .is_project = is_project};
	struct names names = {0};

	read_names(&at, w, STR(""), &s->arena, &names);
	vec_each (&names.list, name) {
		struct str base = str_from(*name);
		if (!str_ends(base, STR("/")))
			continue;
		base.n--;
		at.directory = arena_printf(&s->arena, "%.*s/%.*s", STR_ARG(place), STR_ARG(base));
		add(s, w, at, base);
	}
	vec_release(&names.list);
}

void skills_load(struct skills *s, const struct workspace *w, const char *home)
{
	struct str inside = str_from(w->inside);

	for (;;) {
		for (size_t i = 0; i < PLACES; i++)
			add_all(s, w,
				arena_printf(&s->arena, "%.*s%s%s", STR_ARG(inside),
					inside.n ? "/" : "", places[i]),
				true);
		if (!inside.n)
			break;
		const char *slash = memrchr(inside.p, '/', inside.n);
		inside = str_head(inside, slash ? (size_t)(slash - inside.p) : 0);
	}
	for (size_t i = 0; home && home[0] == '/' && i < PLACES; i++)
		add_all(s, w, arena_printf(&s->arena, "%s/%s", home, places[i]), false);
}

void skills_release(struct skills *s)
{
	vec_release(&s->list);
	vec_release(&s->warnings);
	arena_release(&s->arena);
}

void skills_put_list(const struct skills *s, struct buf *out)
{
	if (!s->list.n)
		return;
	buf_put_text(out,
		"\n# Skills\nInstructions for kinds of work. Read one with the skill tool "
		"before you do what it is for.\n");
	vec_each (&s->list, skill)
		buf_printf(
			out, "- %.*s: %.*s\n", STR_ARG(skill->name), STR_ARG(skill->description));
}
