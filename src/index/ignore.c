// SPDX-License-Identifier: MIT
#include "index/ignore.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utf8.h"
#include "index/glob.h"

enum { IGNORE_FILE_MAX_BYTES = 16 << 20 };

enum rule_kind {
	RULE_NAME, /* a plain name at any depth */
	RULE_PATH, /* a plain path from the file's directory */
	RULE_ENDING, /* "*.o": one dot, nothing special behind it */
	RULE_SUFFIX, /* "*~" */
	RULE_PREFIX, /* "core.*": text and one star */
	RULE_NAME_GLOB,
	RULE_PATH_GLOB,
};

struct ignore_rule {
	struct str text; /* without what the kind implies */
	enum rule_kind kind;
	bool is_negated, directories_only;
};

struct ignore_slot {
	uint32_t hash;
	uint32_t rule; /* its number + 1; 0 is a free slot */
};

void ignore_rules_release(struct ignore_rules *r)
{
	vec_release(&r->rules);
	free(r->slots);
	free(r->general);
	arena_release(&r->arena);
	*r = (struct ignore_rules){0};
}

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr("*?[\\", s.p[i]))
			return false;
	return true;
}

/* s has no slash. */
static enum rule_kind kind_of_name(struct str *s)
{
	struct str tail = str_skip(*s, 1), head = str_head(*s, s->n - 1);

	if (is_plain(*s))
		return RULE_NAME;
	if (s->p[0] == '*' && is_plain(tail)) {
		*s = tail;
		bool is_ending =
			tail.n && tail.p[0] == '.' && str_find_char(tail, '.', 1) == SIZE_MAX;
		return is_ending ? RULE_ENDING : RULE_SUFFIX;
	}
	if (s->p[s->n - 1] == '*' && is_plain(head)) {
		*s = head;
		return RULE_PREFIX;
	}
	return RULE_NAME_GLOB;
}

void ignore_rules_add(struct ignore_rules *r, struct str pattern, bool is_negated)
{
	struct ignore_rule rule = {.is_negated = is_negated};

	if (str_ends(pattern, STR("/"))) {
		rule.directories_only = true;
		pattern.n--;
	}
	bool has_slash = str_find_char(pattern, '/', 0) != SIZE_MAX;
	pattern = str_skip(pattern, str_starts(pattern, STR("/")));
	if (pattern.n == 0 || pattern.n > IGNORE_PATTERN_MAX_BYTES)
		return;
	if (!has_slash)
		rule.kind = kind_of_name(&pattern);
	else
		rule.kind = is_plain(pattern) ? RULE_PATH : RULE_PATH_GLOB;
	rule.text = arena_copy(&r->arena, pattern);
	vec_push(&r->rules, rule);
}

/* Without the spaces at the end that no backslash protects. */
static struct str trim_spaces(struct str line)
{
	size_t end = 0;

	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '\\' && i + 1 < line.n)
			i++;
		else if (line.p[i] == ' ')
			continue;
		end = i + 1;
	}
	return str_head(line, end);
}

void ignore_rules_parse(struct ignore_rules *r, struct str text)
{
	struct str line;

	text = utf8_without_mark(text);
	while (str_split(&text, '\n', &line)) {
		if (str_ends(line, STR("\r")))
			line.n--;
		if (str_starts(line, STR("#")))
			continue;
		line = trim_spaces(line);
		bool is_negated = str_starts(line, STR("!"));
		ignore_rules_add(r, str_skip(line, is_negated), is_negated);
	}
}

/* FNV-1a, 32 bits (Fowler, Noll, Vo), folded with the kind of key. */
static uint32_t hash_of(struct str s)
{
	uint32_t hash = 2166136261;

	for (size_t i = 0; i < s.n; i++)
		hash = (hash ^ (unsigned char)s.p[i]) * 16777619;
	return hash ^ hash >> 15;
}

/* A rule that a later one always overrules gets no slot: a million equal lines stay cheap. */
static void put_slot(struct ignore_rules *r, uint32_t hash, size_t rule)
{
	const struct ignore_rule *put = &r->rules.p[rule];
	size_t at = hash & r->slot_mask;

	for (; r->slots[at].rule; at = (at + 1) & r->slot_mask) {
		const struct ignore_rule *later = &r->rules.p[r->slots[at].rule - 1];
		if (r->slots[at].hash == hash && later->kind == put->kind &&
			later->directories_only <= put->directories_only &&
			str_eq(later->text, put->text))
			return;
	}
	r->slots[at] = (struct ignore_slot){hash, (uint32_t)rule + 1};
}

void ignore_rules_seal(struct ignore_rules *r)
{
	size_t size = 8;

	if (r->rules.n == 0)
		return;
	while (size < r->rules.n * 2)
		size *= 2;
	r->slots = must_alloc(size, sizeof *r->slots);
	r->slot_mask = size - 1;
	r->general = must_alloc(r->rules.n, sizeof *r->general);
	/* From the last to the first: a probe then meets the rule that wins before its elders. */
	for (size_t i = r->rules.n; i-- > 0;) {
		const struct ignore_rule *rule = &r->rules.p[i];
		if (rule->kind > RULE_ENDING) {
			r->general[r->general_count++] = (uint32_t)i;
			continue;
		}
		r->has_names |= rule->kind == RULE_NAME;
		r->has_paths |= rule->kind == RULE_PATH;
		r->has_endings |= rule->kind == RULE_ENDING;
		put_slot(r, hash_of(rule->text), i);
	}
}

static size_t probe(const struct ignore_rules *r, struct str key, uint32_t hash,
	enum rule_kind kind, bool is_directory)
{
	for (size_t at = hash & r->slot_mask; r->slots[at].rule; at = (at + 1) & r->slot_mask) {
		if (r->slots[at].hash != hash)
			continue;
		const struct ignore_rule *rule = &r->rules.p[r->slots[at].rule - 1];
		if (rule->kind == kind && (is_directory || !rule->directories_only) &&
			str_eq(rule->text, key))
			return r->slots[at].rule;
	}
	return 0;
}

static bool match_general(
	const struct ignore_rule *rule, const struct ignore_name *name, struct str path)
{
	if (rule->directories_only && !name->is_directory)
		return false;
	switch (rule->kind) {
	case RULE_SUFFIX: return str_ends(name->name, rule->text);
	case RULE_PREFIX: return str_starts(name->name, rule->text);
	case RULE_NAME_GLOB: return glob_match_plain(rule->text, name->name);
	case RULE_PATH_GLOB: return glob_match_plain(rule->text, path);
	default: must(!"a general rule"); return false;
	}
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

enum ignore_verdict ignore_rules_match(
	const struct ignore_rules *r, const struct ignore_name *name, size_t base)
{
	struct str path = str_skip(name->path, base);
	size_t best = 0; /* the rule's number + 1 */

	if (r->rules.n == 0)
		return IGNORE_NONE;
	if (r->has_names)
		best = probe(r, name->name, name->name_hash, RULE_NAME, name->is_directory);
	if (r->has_endings && name->ending.p)
		best = larger(best,
			probe(r, name->ending, name->ending_hash, RULE_ENDING, name->is_directory));
	if (r->has_paths) {
		uint32_t hash = path.n == name->name.n ? name->name_hash : hash_of(path);
		best = larger(best, probe(r, path, hash, RULE_PATH, name->is_directory));
	}
	for (size_t i = 0; i < r->general_count && r->general[i] >= best; i++) {
		if (match_general(&r->rules.p[r->general[i]], name, path)) {
			best = r->general[i] + 1;
			break;
		}
	}
	if (best == 0)
		return IGNORE_NONE;
	return r->rules.p[best - 1].is_negated ? IGNORE_IN : IGNORE_OUT;
}

struct ignore_name ignore_name(struct str path, bool is_directory)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	struct ignore_name n = {.path = path, .is_directory = is_directory};

	n.name = slash ? str_range(slash + 1, path.p + path.n) : path;
	const char *dot = n.name.n ? memrchr(n.name.p, '.', n.name.n) : NULL;
	if (dot) {
		n.ending = str_range(dot, n.name.p + n.name.n);
		n.ending_hash = hash_of(n.ending);
	}
	n.name_hash = hash_of(n.name);
	return n;
}

static void load(struct ignore_rules *r, int dir_fd, const char *path)
{
	AUTO(buf) text = {0};
	struct err e;

	/* A file that is absent or cannot be read has no rules; git thinks so too. */
	if (file_read(dir_fd, path, IGNORE_FILE_MAX_BYTES, &text, &e))
		ignore_rules_parse(r, buf_str(&text));
	ignore_rules_seal(r);
}

/* The first line behind "prefix" of a small file that git writes, NUL-terminated. */
static bool read_pointer(int dir_fd, const char *path, const char *prefix, struct buf *out)
{
	struct err e;

	buf_clear(out);
	if (!file_read(dir_fd, path, 1 << 16, out, &e) ||
		!str_starts(buf_str(out), str_from(prefix)))
		return false;
	buf_drop_front(out, strlen(prefix));
	buf_cut(out, str_find_char(buf_str(out), '\n', 0));
	return out->n > 0;
}

/* .git is a directory, or (worktrees, submodules) a file that points to one. */
static void load_exclude(struct ignore_rules *r, int dir_fd)
{
	AUTO(buf) git_dir = {0};
	AUTO(buf) common = {0};
	AUTO_FD git = openat(dir_fd, ".git", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (git < 0 && read_pointer(dir_fd, ".git", "gitdir: ", &git_dir))
		git = openat(dir_fd, buf_text(&git_dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (git < 0)
		return;
	if (read_pointer(git, "commondir", "", &common)) {
		AUTO_FD shared = openat(git, buf_text(&common), O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (shared >= 0)
			load(r, shared, "info/exclude");
		return;
	}
	load(r, git, "info/exclude");
}

struct ignore_level *ignore_level_open(
	struct ignore_level *parent, int dir_fd, unsigned files, size_t base)
{
	struct ignore_level *level;

	if (files & IGNORE_REPOSITORY && faccessat(dir_fd, ".git", F_OK, 0) != 0)
		files &= ~(unsigned)IGNORE_REPOSITORY;
	if (!files)
		return ignore_level_keep(parent);
	level = must_alloc(1, sizeof *level);
	level->base = base;
	level->references = 1;
	level->is_repository = files & IGNORE_REPOSITORY;
	if (files & IGNORE_GIT)
		load(&level->git, dir_fd, ".gitignore");
	if (files & IGNORE_DOT)
		load(&level->dot_ignore, dir_fd, ".ignore");
	if (level->is_repository)
		load_exclude(&level->exclude, dir_fd);
	level->parent = ignore_level_keep(parent);
	return level;
}

struct ignore_level *ignore_level_keep(struct ignore_level *level)
{
	if (level)
		atomic_fetch_add_explicit(&level->references, 1, memory_order_relaxed);
	return level;
}

void ignore_level_drop(struct ignore_level *level)
{
	while (level &&
		atomic_fetch_sub_explicit(&level->references, 1, memory_order_acq_rel) == 1) {
		struct ignore_level *parent = level->parent;
		ignore_rules_release(&level->git);
		ignore_rules_release(&level->dot_ignore);
		ignore_rules_release(&level->exclude);
		free(level);
		level = parent;
	}
}

enum ignore_verdict ignore_verdict(const struct ignore_level *level,
	const struct ignore_rules *global, const struct ignore_name *name)
{
	enum ignore_verdict dot = IGNORE_NONE, git = IGNORE_NONE, exclude = IGNORE_NONE;
	bool past_repository = false;

	for (; level && dot == IGNORE_NONE; level = level->parent) {
		dot = ignore_rules_match(&level->dot_ignore, name, level->base);
		if (!past_repository && git == IGNORE_NONE)
			git = ignore_rules_match(&level->git, name, level->base);
		if (!past_repository && exclude == IGNORE_NONE)
			exclude = ignore_rules_match(&level->exclude, name, level->base);
		past_repository |= level->is_repository;
	}
	if (dot != IGNORE_NONE)
		return dot;
	if (git != IGNORE_NONE)
		return git;
	if (exclude != IGNORE_NONE)
		return exclude;
	return global ? ignore_rules_match(global, name, 0) : IGNORE_NONE;
}

/* excludesFile of section [core] in a git configuration file; "~/" is the home directory. */
static bool find_excludes_file(struct str text, const char *home, struct buf *out)
{
	bool in_core = false, found = false;
	struct str line;

	while (str_split(&text, '\n', &line)) {
		line = str_trim(line);
		if (str_starts(line, STR("["))) {
			in_core = str_eq_nocase(line, STR("[core]"));
			continue;
		}
		size_t equals = str_find_char(line, '=', 0);
		if (!in_core || equals == SIZE_MAX ||
			!str_eq_nocase(str_trim(str_head(line, equals)), STR("excludesfile")))
			continue;
		struct str value = str_trim(str_skip(line, equals + 1));
		if (value.n > 1 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = (struct str){value.p + 1, value.n - 2};
		buf_clear(out);
		if (str_starts(value, STR("~/"))) {
			buf_put_text(out, home);
			value = str_skip(value, 1);
		}
		buf_put_str(out, value);
		found = out->n > 0;
	}
	return found;
}

void ignore_rules_load_global(struct ignore_rules *r)
{
	AUTO(buf) config_dir = {0};
	AUTO(buf) text = {0};
	AUTO(buf) path = {0};
	const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");
	struct err e;

	home = home ? home : "";
	if (xdg && *xdg)
		buf_put_text(&config_dir, xdg);
	else
		buf_printf(&config_dir, "%s/.config", home);
	/* ~/.gitconfig is read after the XDG file, so the last setting is its. */
	buf_printf(&path, "%s/git/config", buf_text(&config_dir));
	bool has_text = file_read(AT_FDCWD, buf_text(&path), IGNORE_FILE_MAX_BYTES, &text, &e);
	buf_put_char(&text, '\n');
	buf_clear(&path);
	buf_printf(&path, "%s/.gitconfig", home);
	has_text |= file_read(AT_FDCWD, buf_text(&path), IGNORE_FILE_MAX_BYTES, &text, &e);
	buf_clear(&path);
	if (!has_text || !find_excludes_file(buf_str(&text), home, &path)) {
		buf_clear(&path);
		buf_printf(&path, "%s/git/ignore", buf_text(&config_dir));
	}
	load(r, AT_FDCWD, buf_text(&path));
}
