// SPDX-License-Identifier: MIT
#include "agent/fence_paths.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* Files whose contents other programs run, or believe; also where there are none yet. */
static const char *const protected[] = {".git", ".fettle.json", ".mcp.json", ".claude", ".agents",
	".vscode", ".idea", ".gitmodules", ".envrc", NULL};

/* The same, where they are: they would be odd in most workspaces. */
static const char *const protected_if_there[] = {".gitconfig", ".bashrc", ".bash_profile",
	".bash_login", ".profile", ".zshrc", ".zshenv", ".zprofile", ".ripgreprc", ".cursor",
	".gemini", ".codex", ".devcontainer", ".husky", NULL};

/* Below the home directory. */
static const char *const hidden[] = {".ssh", ".aws", ".gnupg", ".config/gh", ".config/gcloud",
	".config/op", ".azure", ".docker", ".kube", ".netrc", "_netrc", ".pgpass", ".my.cnf",
	".git-credentials", ".config/git/credentials", ".npmrc", ".pypirc", ".gem/credentials",
	".cargo/credentials", ".cargo/credentials.toml", ".m2/settings.xml", ".terraform.d",
	".terraformrc", ".vault-token", ".password-store", ".local/share/keyrings", ".mozilla",
	".thunderbird", ".config/google-chrome", ".config/chromium", ".config/BraveSoftware",
	".bash_history", ".zsh_history", ".python_history", ".psql_history", ".mysql_history",
	".claude", ".claude.json", ".codex", ".gemini", ".config/opencode", ".local/share/opencode",
	".config/crush", ".local/share/crush", NULL};

enum { WALK_ENTRIES_MAX = 200'000, WALK_DEPTH_MAX = 40, HIDDEN_MAX = 300 };

static void add(struct fence_paths *p, struct path_list *to, struct str path)
{
	vec_push(&to->list, arena_text(&p->arena, path));
}

static void add_in(struct fence_paths *p, struct path_list *to, const char *directory,
	const char *name, bool only_if_there)
{
	struct str path =
		arena_printf(&p->arena, "%s/%s", strcmp(directory, "/") ? directory : "", name);
	struct stat st;

	if (!only_if_there || lstat(path.p, &st) == 0)
		add(p, to, path);
}

static void protect_in(struct fence_paths *p, const char *directory)
{
	for (const char *const *name = protected; *name; name++)
		add_in(p, &p->readonly, directory, *name, false);
	for (const char *const *name = protected_if_there; *name; name++)
		add_in(p, &p->readonly, directory, *name, true);
}

/* ---- git's directories elsewhere ---- */

/* "gitdir: PATH" of a work tree or submodule; commondir in it names the repository's own. */
static void protect_gitdir(struct fence_paths *p, const char *git)
{
	AUTO(buf) text = {0}, common = {0};
	struct stat st;
	struct err e;

	if (lstat(git, &st) < 0 || !S_ISREG(st.st_mode) ||
		!file_read(AT_FDCWD, git, 4096, &text, &e) ||
		!str_starts(buf_str(&text), STR("gitdir:")))
		return;
	struct str path = str_trim(str_skip(buf_str(&text), 7));
	const char *slash = strrchr(git, '/');
	struct str directory = path.n && path.p[0] == '/'
				       ? arena_copy(&p->arena, path)
				       : arena_printf(&p->arena, "%.*s/%.*s", (int)(slash - git),
						 git, STR_ARG(path));
	add(p, &p->readonly, directory);
	const char *file = arena_printf(&p->arena, "%s/commondir", directory.p).p;
	if (!file_read(AT_FDCWD, file, 4096, &common, &e))
		return;
	struct str shared = str_trim(buf_str(&common));
	add(p, &p->readonly,
		shared.n && shared.p[0] == '/'
			? shared
			: arena_printf(&p->arena, "%s/%.*s", directory.p, STR_ARG(shared)));
}

/* ---- the workspace ---- */

struct walk {
	struct fence_paths *paths;
	const struct fence_options *options;
	struct secret_rules names; /* those of the user; our own directories are hidden whole */
	struct buf at; /* relative to the root */
	size_t entries;
};

static void walk_directory(struct walk *w, int fd, int depth);

/* Not every file system tells types with names. */
static bool is_directory(int dir_fd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static void walk_entry(struct walk *w, int dir_fd, const struct dirent *entry, int depth)
{
	struct fence_paths *p = w->paths;
	bool is_git = strcmp(entry->d_name, ".git") == 0;

	if (is_git && depth > 0) {
		struct str git = arena_printf(
			&p->arena, "%s/%s", w->options->workspace->root, buf_text(&w->at));
		add(p, &p->readonly, git);
		add(p, &p->found, git);
		protect_gitdir(p, git.p);
	} else if (is_directory(dir_fd, entry)) {
		if (is_git || depth == WALK_DEPTH_MAX || strcmp(entry->d_name, "node_modules") == 0)
			return;
		int fd = openat(
			dir_fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			walk_directory(w, fd, depth + 1);
	} else if (p->hidden.list.n < HIDDEN_MAX && secret_is_path(&w->names, buf_str(&w->at))) {
		add_in(p, &p->hidden, w->options->workspace->root, buf_text(&w->at), false);
		add_in(p, &p->found, w->options->workspace->root, buf_text(&w->at), false);
	}
}

/* Closes fd. */
static void walk_directory(struct walk *w, int fd, int depth)
{
	DIR *d = fdopendir(fd);
	size_t n = w->at.n;
	struct dirent *entry;

	if (!d) {
		file_close(&fd);
		return;
	}
	while (w->entries < WALK_ENTRIES_MAX && (entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		w->entries++;
		buf_printf(&w->at, "%s%s", n ? "/" : "", entry->d_name);
		walk_entry(w, dirfd(d), entry, depth);
		buf_cut(&w->at, n);
	}
	closedir(d);
}

static void look_through(struct fence_paths *p, const struct fence_options *o)
{
	struct walk w = {.paths = p, .options = o, .names = *o->secrets};
	int fd = openat(o->workspace->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	w.names.own_count = 0;
	if (fd >= 0)
		walk_directory(&w, fd, 0);
	buf_release(&w.at);
}

/* ---- the user's ---- */

/* Where we keep settings, states and caches: XDG's variable, or its default. */
static void hide_own(struct fence_paths *p, const char *home)
{
	static const struct {
		const char *variable, *usual;
	} places[] = {{"XDG_CONFIG_HOME", ".config"}, {"XDG_STATE_HOME", ".local/state"},
		{"XDG_CACHE_HOME", ".cache"}, {"XDG_DATA_HOME", ".local/share"}};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const char *set = getenv(places[i].variable);
		if (set && *set == '/')
			add_in(p, &p->hidden, set, "fettle", true);
		if (home)
			add_in(p, &p->hidden, home,
				arena_printf(&p->arena, "%s/fettle", places[i].usual).p, true);
	}
}

/* What of a path is not there yet, up to its first name that is not: that one is taken. */
static void protect_own(struct fence_paths *p, const struct fence_options *o)
{
	const char *root = strcmp(o->workspace->root, "/") != 0 ? o->workspace->root : "";
	struct stat st;

	for (size_t i = 0; i < o->secrets->own_count; i++) {
		struct str own = o->secrets->own[i], rest = own, word, path = {0};
		while (str_split(&rest, '/', &word)) {
			path = arena_printf(
				&p->arena, "%s/%.*s", root, (int)(word.p + word.n - own.p), own.p);
			if (lstat(path.p, &st) < 0)
				break;
		}
		if (path.n)
			add(p, &p->readonly, path);
	}
}

/*
 * Where names lead: a home directory may be a link, and so may what is in it. Of what is protected
 * the name stays, too, as nothing else is to be put there.
 */
static void resolve(struct fence_paths *p)
{
	size_t n = p->readonly.list.n;
	char real[PATH_MAX];

	for (size_t i = 0; i < n; i++)
		if (realpath(p->readonly.list.p[i], real) &&
			strcmp(real, p->readonly.list.p[i]) != 0)
			add(p, &p->readonly, str_from(real));
	vec_each (&p->hidden.list, path)
		if (realpath(*path, real) && strcmp(real, *path) != 0)
			*path = arena_text(&p->arena, str_from(real));
}

static bool is_below(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	return strncmp(path, directory, n) == 0 && path[n] == '/';
}

/*
 * Who works in a place that is hidden otherwise wants it to be seen. Of git's directories only what
 * lies where our caller hides something: the file that names them is the repository's.
 */
static void show_workspace(
	struct fence_paths *p, const struct fence_options *o, size_t git_from, size_t git_to)
{
	const char *root = o->workspace->root;
	size_t kept = 0;
	char real[PATH_MAX];

	vec_each (&p->hidden.list, path)
		if (strcmp(*path, root) != 0)
			p->hidden.list.p[kept++] = *path;
	p->hidden.list.n = kept;
	add(p, &p->shown, str_from(root));
	for (size_t i = git_from; o->hidden && i < git_to; i++)
		if (realpath(p->readonly.list.p[i], real) && is_below(real, o->hidden))
			add(p, &p->shown, str_from(real));
}

static void add_writable(struct fence_paths *p, const struct fence_options *o, const char *home)
{
	for (size_t i = 0; i < o->writable_count; i++) {
		struct str path = o->writable[i];
		if (str_starts(path, STR("~/")) && home)
			path = arena_printf(&p->arena, "%s/%.*s", home, STR_ARG(str_skip(path, 2)));
		if (str_starts(path, STR("/")))
			add(p, &p->writable, path);
	}
}

void fence_paths_find(struct fence_paths *p, const struct fence_options *o)
{
	const char *root = o->workspace->root, *home = getenv("HOME");

	home = home && *home == '/' ? home : NULL;
	*p = (struct fence_paths){0};
	/* Nobody means the whole machine by working in "/". */
	if (strcmp(root, "/") != 0)
		add(p, o->is_readonly ? &p->readonly : &p->writable, str_from(root));
	if (!o->is_readonly)
		add_writable(p, o, home);
	protect_in(p, root);
	size_t git_from = p->readonly.list.n;
	protect_gitdir(p, arena_printf(&p->arena, "%s/.git", root).p);
	size_t git_to = p->readonly.list.n;
	if (*o->workspace->inside)
		protect_in(p, arena_printf(&p->arena, "%s/%s", root, o->workspace->inside).p);
	for (const char *const *name = hidden; home && *name; name++)
		add_in(p, &p->hidden, home, *name, true);
	hide_own(p, home);
	if (o->hidden)
		add(p, &p->hidden, str_from(o->hidden));
	protect_own(p, o);
	if (strcmp(root, "/") != 0)
		look_through(p, o);
	resolve(p);
	show_workspace(p, o, git_from, git_to);
	vec_push(&p->writable.list, NULL);
	vec_push(&p->readonly.list, NULL);
	vec_push(&p->hidden.list, NULL);
	vec_push(&p->shown.list, NULL);
}

bool fence_paths_hold(const struct fence_paths *p)
{
	struct stat st;

	vec_each (&p->found.list, path)
		if (lstat(*path, &st) < 0)
			return false;
	return true;
}

void fence_paths_release(struct fence_paths *p)
{
	vec_release(&p->writable.list);
	vec_release(&p->readonly.list);
	vec_release(&p->hidden.list);
	vec_release(&p->shown.list);
	vec_release(&p->found.list);
	arena_release(&p->arena);
}
