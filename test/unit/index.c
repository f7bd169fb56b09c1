// SPDX-License-Identifier: MIT
/* Which files a scan shows: globs, ignore files beside git's own verdict, and odd trees. */
#include <dirent.h>
#include <pthread.h>

#include "index/ignore.h"
#include "index/index.h"

#include "tree.h"

/* ---- what a scan shows, as "a|b/c|d" ---- */

struct shown {
	pthread_mutex_t lock;
	VEC(char *) paths; /* "path" or "path=type" */
	bool with_types;
	size_t limit; /* ends the scan after so many; 0: never */
	size_t visits;
};

static bool show(void *self, const struct scan_file *file)
{
	struct shown *s = self;
	AUTO(buf) text = {0};
	struct stat st;

	assert_int_equal(fstatat(file->dir_fd, file->name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(str_ends(file->path, str_from(file->name)));
	buf_put_str(&text, file->path);
	if (s->with_types)
		buf_printf(&text, "=%d", file->type);
	pthread_mutex_lock(&s->lock);
	vec_push(&s->paths, must_copy(buf_text(&text), text.n));
	bool go_on = ++s->visits != s->limit;
	pthread_mutex_unlock(&s->lock);
	return go_on;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void join(struct shown *s, struct buf *out)
{
	buf_clear(out);
	if (s->paths.n)
		qsort(s->paths.p, s->paths.n, sizeof *s->paths.p, by_bytes);
	vec_each (&s->paths, path) {
		buf_printf(out, "%s%s", out->n ? "|" : "", *path);
		free(*path);
	}
	vec_release(&s->paths);
}

static struct scan_options everything(const char *start)
{
	return (struct scan_options){
		.root = tree_root, .start = start, .threads = 3, .hidden = true};
}

static struct scan_stats list(const struct scan_options *o, struct buf *out)
{
	struct shown s = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct scan_stats stats;
	struct err e;

	if (!scan_tree(o, show, &s, &stats, &e))
		fail_msg("%s", e.text);
	assert_int_equal(stats.files, s.visits);
	join(&s, out);
	return stats;
}

static void expect(const struct scan_options *o, const char *paths)
{
	AUTO(buf) shown = {0};

	list(o, &shown);
	assert_string_equal(buf_text(&shown), paths);
}

/* ---- beside git ---- */

static bool has_git;

/* What git lists of the same tree, in the same form. */
static void git_list(struct buf *out)
{
	struct shown s = {0};
	char *listed = tree_shell("git ls-files -o --exclude-standard -z | tr '\\n\\0' '?\\n'");
	struct str rest = str_from(listed), line;

	assert_non_null(listed);
	while (str_split(&rest, '\n', &line))
		if (line.n)
			vec_push(&s.paths, must_copy(line.p, line.n));
	join(&s, out);
	free(listed);
}

static void tree_new_repository(void)
{
	tree_new();
	if (has_git)
		free(tree_shell("git init -q --template= . 2>&1"));
}

struct ignore_case {
	const char *ignore[3][2]; /* path and text of the ignore files */
	const char *files; /* '|' between */
	const char *shown; /* without the ignore files */
};

static const struct ignore_case ignore_cases[] = {
	/* names, anchors, directories */
	{{{".gitignore", "foo"}}, "foo|d/foo|fo|food|d/e/foo/x", "fo|food"},
	{{{".gitignore", "/foo"}}, "foo|d/foo", "d/foo"},
	{{{".gitignore", "d/foo"}}, "d/foo|e/d/foo|d/foo2", "d/foo2|e/d/foo"},
	{{{".gitignore", "foo/"}}, "foo|d/foo/x|d/e", "d/e|foo"},
	{{{".gitignore", "/foo/"}}, "foo/x|d/foo/x", "d/foo/x"},
	{{{".gitignore", "d/foo/"}}, "d/foo/x|d/d/foo/x|e/foo", "d/d/foo/x|e/foo"},
	{{{".gitignore", "foo//\n//bar\n/\n//\n"}}, "foo/x|bar", "bar|foo/x"},
	/* globs */
	{{{".gitignore", "*.o"}}, "a.o|d/b.o|.o|a.oo|o", "a.oo|o"},
	{{{".gitignore", "*.tar.gz"}}, "a.tar.gz|a.gz|.tar.gz", "a.gz"},
	{{{".gitignore", "*~"}}, "a~|~|~a|d/b~", "~a"},
	{{{".gitignore", "core.*"}}, "core.|core.1|core|d/core.c", "core"},
	{{{".gitignore", "*"}}, "a|d/b|.c", ""},
	{{{".gitignore", "*/"}}, "a|d/b|.c", ".c|a"},
	{{{".gitignore", "/*"}}, "a|d/b", ""},
	{{{".gitignore", "/*/*"}}, "a|d/b|d/e/f", "a"},
	{{{".gitignore", "a?c"}}, "abc|ac|abbc|d/axc", "abbc|ac"},
	{{{".gitignore", "d/*c"}}, "d/abc|d/e/c|d/c", "d/e/c"},
	{{{".gitignore", "d?e"}}, "d/e|dxe", "d/e"},
	{{{".gitignore", "[ab]x\n[!a]y\n[^b]z\n"}}, "ax|cx|ay|by|bz|cz", "ay|bz|cx"},
	{{{".gitignore", "[]]\n[a-]1\n[!]-]2\n"}}, "]|-1|a1|b1|]2|-2|c2", "-2|]2|b1"},
	{{{".gitignore", "[[:digit:]]x\n[[:alpha:]-]y\n[[:bad:]]z"}}, "1x|ax|-y|by|az|:z",
		":z|ax|az"},
	{{{".gitignore", "[[:a]b\n[[:ab]:]c\n"}}, ":b|ab|[b|a:]c|bc", "bc"},
	{{{".gitignore", "[a\nb[\n[!\n[]\n"}}, "[a|a|b[|[!|[]", "[!|[]|[a|a|b["},
	{{{".gitignore", "[b-a]x\n[\\]]y\n[\\\\]z\n"}}, "ax|bx|]y|\\z", "ax"},
	{{{".gitignore", "{a,b}"}}, "a|b|{a,b}", "a|b"},
	/* two stars */
	{{{".gitignore", "**/foo"}}, "foo|d/foo|d/e/foo|d/xfoo", "d/xfoo"},
	{{{".gitignore", "d/**"}}, "d/a|d/e/b|x/d/a|dd", "dd|x/d/a"},
	{{{".gitignore", "a/**/b"}}, "a/b|a/x/b|a/x/y/b|a/bb|c/a/b", "a/bb|c/a/b"},
	{{{".gitignore", "**/d/**/e"}}, "d/e|x/d/y/e|x/d/y/f", "x/d/y/f"},
	{{{".gitignore", "**"}}, "a|d/b", ""},
	{{{".gitignore", "**/"}}, "a|d/b", "a"},
	{{{".gitignore", "d/**x"}}, "d/ax|d/e/x", "d/e/x"},
	{{{".gitignore", "***/foo"}}, "foo|d/foo|d/e/foo", ""},
	{{{".gitignore", "d/**/"}}, "d/a|d/e/b", "d/a"},
	{{{".gitignore", "**/*a*/**/*b*/x"}}, "1a2/3b/x|a/q/r/b/x|b/a/x|a/b/c/x", "a/b/c/x|b/a/x"},
	/* taking back */
	{{{".gitignore", "*.log\n!keep.log"}}, "a.log|keep.log|d/keep.log", "d/keep.log|keep.log"},
	{{{".gitignore", "!keep.log\n*.log"}}, "a.log|keep.log", ""},
	{{{".gitignore", "d/\n!d/keep"}}, "d/keep|d/x", ""},
	{{{".gitignore", "d/*\n!d/keep"}}, "d/keep|d/x", "d/keep"},
	{{{".gitignore", "/*\n!/src\n/src/*\n!/src/a"}}, "x|src/a/b|src/c", "src/a/b"},
	{{{".gitignore", "foo\n!foo/\n"}}, "foo|d/foo/x", "d/foo/x"},
	{{{".gitignore", "foo/\n!foo\n"}}, "foo/x|d/foo/y", "d/foo/y|foo/x"},
	{{{".gitignore", "!foo\nfoo\nfoo/\n!foo/\n"}}, "foo|d/foo/x", "d/foo/x"},
	{{{".gitignore", "*.o\n!b.*\nb.o\n!*.o\n*.c\n"}}, "a.o|b.o|b.c", "a.o|b.o"},
	{{{".gitignore", "!\n!!a\n"}}, "a|!a", "!a|a"},
	/* escapes, comments, spaces, line ends */
	{{{".gitignore", "# c\n\\#a\n#b\n"}}, "#a|#b|# c", "# c|#b"},
	{{{".gitignore", "\\!a\n"}}, "!a|a", "a"},
	{{{".gitignore", "a\\*b\nc\\?\nd\\[e]\n"}}, "a*b|axb|c?|cx|d[e]|de", "axb|cx|de"},
	{{{".gitignore", "a\\bc\nd/\\e\n"}}, "abc|a\\bc|d/e", "a\\bc"},
	{{{".gitignore", "a\\\nb\\/\n"}}, "a|a\\|b/x|b\\/x", "a|a\\|b/x|b\\/x"},
	{{{".gitignore", "a  \nb\\ \nc\\  \n d\ne f\n   \n"}}, "a|a  |b |b|c |c| d|d|e f|   ",
		"   |a  |b|c|d"},
	{{{".gitignore", "a\t\n"}}, "a|a\t", "a"},
	{{{".gitignore", "\xef\xbb\xbf"
			 "a\nb"}},
		"a|b", ""},
	{{{".gitignore", "a\r\nb/\r\n*.o\r\n\r\n!c.o\r\nd\r"}}, "a|b/x|a.o|c.o|d", "c.o"},
	{{{".gitignore", "a\rb\n"}}, "a|a\rb", "a"},
	{{{".gitignore", "\xc3\xa9?\n\xff*"}},
		"\xc3\xa9x|\xff"
		"a|\xfe",
		"\xfe"},
	/* several files */
	{{{".gitignore", "*.o"}, {"d/.gitignore", "!a.o\n/b"}}, "a.o|d/a.o|d/e/a.o|d/b|d/e/b",
		"d/a.o|d/e/a.o|d/e/b"},
	{{{".gitignore", "!a"}, {"d/.gitignore", "a"}}, "a|d/a|d/e/a", "a"},
	{{{".gitignore", "d/e/a"}, {"d/.gitignore", "!e/a"}}, "d/e/a", "d/e/a"},
	{{{".gitignore", "d/"}, {"d/.gitignore", "!*"}}, "d/a", ""},
	{{{"d/.gitignore", "*"}}, "a|d/a|d/e/b", "a"},
	{{{".gitignore", "a\n"}, {"d/.gitignore", "!a\n"}, {"d/e/.gitignore", "a\n"}},
		"a|d/a|d/e/a|d/f/a", "d/a|d/f/a"},
};

static void put_files(const char *files)
{
	struct str rest = str_from(files), path;

	while (str_split(&rest, '|', &path)) {
		char *text = must_copy(path.p, path.n);
		tree_text(text, "");
		free(text);
	}
}

/* Adds the ignore files, which are shown unless something leaves them out. */
static void drop_ignore_files(struct buf *shown)
{
	AUTO(buf) kept = {0};
	struct str rest = buf_str(shown), path;

	while (shown->n && str_split(&rest, '|', &path))
		if (!str_ends(path, STR(".gitignore")))
			buf_printf(&kept, "%s%.*s", kept.n ? "|" : "", STR_ARG(path));
	buf_clear(shown);
	buf_put_str(shown, buf_str(&kept));
}

static void test_ignore_cases(void **)
{
	for (size_t i = 0; i < sizeof ignore_cases / sizeof *ignore_cases; i++) {
		const struct ignore_case *c = &ignore_cases[i];
		AUTO(buf) ours = {0};
		AUTO(buf) theirs = {0};
		tree_new_repository();
		for (int k = 0; k < 3 && c->ignore[k][0]; k++)
			tree_text(c->ignore[k][0], c->ignore[k][1]);
		put_files(c->files);
		struct scan_options o = everything("");
		list(&o, &ours);
		if (has_git) {
			git_list(&theirs);
			if (!str_eq(buf_str(&ours), buf_str(&theirs)))
				fail_msg("%s: ours %s, git's %s", c->ignore[0][1], buf_text(&ours),
					buf_text(&theirs));
		}
		drop_ignore_files(&ours);
		if (!str_is(buf_str(&ours), c->shown))
			fail_msg("%s: %s, not %s", c->ignore[0][1], buf_text(&ours), c->shown);
	}
}

static void random_pattern(struct buf *out)
{
	static const char *const parts[] = {"a", "b", "d", "e", ".", "a", "b", "d/", "/", "*", "*",
		"?", "**/", "/**", "/**/", "[ab]", "[!a]", "[^b-]", "[a-c]", "[]a]", "[[:alpha:]]",
		"\\", "\\a", " ", "-", "[", "]", "[b-]", "[[:]", "[a-c-e]"};
	static const char *const starts[] = {"", "", "", "!", "!", "/", "**/", "#", "\\!", "\\#"};
	static const char *const ends[] = {"", "", "", "/", "/**", " ", "\r", "/*"};
	uint64_t count = 1 + tree_random(4);

	buf_put_text(out, starts[tree_random(sizeof starts / sizeof *starts)]);
	while (count--) {
		const char *part = parts[tree_random(sizeof parts / sizeof *parts)];
		/* Where a name touches two stars, git takes it off before it looks at them. */
		bool is_beside = out->n && out->p[out->n - 1] != '/';
		if (part[0] == '*' && is_beside && (part[1] || out->p[out->n - 1] == '*'))
			buf_put_char(out, '/');
		buf_put_text(out, part);
	}
	buf_put_text(out, ends[tree_random(sizeof ends / sizeof *ends)]);
	buf_put_char(out, '\n');
}

static void test_ignore_random(void **)
{
	static const char *const files[] = {"a", "b", "ab", "a.b", ".a", "-b", "a b", "[a]", "]",
		"!a", "#b", "d/a", "d/b", "d/ab", "d/d/a", "d/e/b", "d/d/e/a", "e/d/b", "e/a/d"};
	AUTO(buf) ours = {0};
	AUTO(buf) theirs = {0};
	char path[64];

	if (!has_git)
		skip();
	tree_new_repository();
	for (int i = 0; i < 120; i++) {
		AUTO(buf) rules = {0};
		for (uint64_t n = 1 + tree_random(4); n > 0; n--)
			random_pattern(&rules);
		snprintf(path, sizeof path, "%03d/.gitignore", i);
		tree_put(path, rules.p, rules.n);
		for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
			snprintf(path, sizeof path, "%03d/%s", i, files[k]);
			tree_text(path, "");
		}
	}
	struct scan_options o = everything("");
	list(&o, &ours);
	git_list(&theirs);
	size_t n = 0, from = 0;
	while (n < ours.n && n < theirs.n && ours.p[n] == theirs.p[n])
		from = ours.p[n++] == '|' ? n : from;
	if (n != ours.n || n != theirs.n) {
		snprintf(path, sizeof path, "cat %.3s/.gitignore %.3s/.gitignore", ours.p + from,
			theirs.p + from);
		fail_msg("ours %.30s, git's %.30s; rules:\n%s", ours.p + from, theirs.p + from,
			tree_shell(path));
	}
}

/* ---- where rules come from ---- */

static void test_sources(void **)
{
	char path[80];

	tree_new_repository();
	put_files("a|b|c|d|e|x/a|x/b|x/c|x/d|x/e");
	tree_text(".git/info/exclude", "a\n/b\n");
	snprintf(path, sizeof path, "%s/xdg", tree_top);
	setenv("XDG_CONFIG_HOME", path, 1);
	tree_text("../xdg/git/ignore", "c\n");
	struct scan_options o = everything("");
	expect(&o, "d|e|x/b|x/d|x/e");
	/* Ranks: the user's own, then exclude, then .gitignore, then .ignore. */
	tree_text(".git/info/exclude", "a\n!c\nd\n");
	tree_text(".gitignore", "!d\ne\n.gitignore\n");
	tree_text("x/.ignore", "!e\nd\n.ignore\n");
	expect(&o, "b|c|d|x/b|x/c|x/e");
	tree_text("x/.gitignore", "!d\ne\n");
	expect(&o, "b|c|d|x/b|x/c|x/e");
	o.no_ignore = true;
	expect(&o, ".gitignore|a|b|c|d|e|x/.gitignore|x/.ignore|x/a|x/b|x/c|x/d|x/e");
	unsetenv("XDG_CONFIG_HOME");
	o.no_ignore = false;
	tree_text(".git/info/exclude", "");
	tree_text("../home/.config/git/ignore", "b\n");
	expect(&o, "a|c|d|x/a|x/c|x/e");
	/* A setting takes the place of the usual file. */
	tree_text("../home/.gitconfig",
		"[user]\n\texcludesfile = ~/no\n[core]\n\texcludesFile = \"~/mine\"\n");
	tree_text("../home/mine", "a\n");
	expect(&o, "b|c|d|x/b|x/c|x/e");
	free(tree_shell("rm ../home/.gitconfig ../home/.config/git/ignore"));
}

static void test_below_root(void **)
{
	tree_new_repository();
	put_files("a/b/c|a/b/d|a/b/e/c|a/b/f|a/c|z");
	tree_text(".gitignore", "/a/b/d\n/c\n/f\n");
	tree_text("a/.gitignore", "b/e/\n!c\n");
	tree_text("a/b/.gitignore", "/f\n.gitignore\n");
	struct scan_options o = everything("a/b");
	expect(&o, "c");
	o.start = "./a/b/";
	expect(&o, "c");
	o.start = "a";
	expect(&o, ".gitignore|b/c|c");
	/* Asked for by name, an ignored directory is listed; its own files count as ever. */
	o.start = "a/b/e";
	expect(&o, "c");
	tree_text(".gitignore", "a/\nc\n");
	expect(&o, "c");
	tree_text("a/.gitignore", "");
	expect(&o, "");
}

static void test_nested_repository(void **)
{
	tree_new();
	put_files("a|.git/x|in/a|in/b|in/d/a|in/.git/HEAD|sub/a|sub/b|mod/info/exclude|w/a|w/b");
	tree_text(".gitignore", "a\n");
	tree_text(".git/info/exclude", "b\n");
	tree_text("in/.git/info/exclude", "/d\n");
	struct scan_options o = everything("");
	/* The outer repository's rules end at the inner one; .git is never shown. */
	expect(&o, ".gitignore|in/a|in/b|mod/info/exclude");
	/* A submodule's .git is a file that points to it; a worktree's points once more. */
	tree_text("sub/.git", "gitdir: ../mod\n");
	tree_text("mod/info/exclude", "b\n");
	expect(&o, ".gitignore|in/a|in/b|mod/info/exclude|sub/a");
	tree_text("tree/commondir", "../mod\n");
	tree_text("w/.git", "gitdir: ../tree\n");
	expect(&o, ".gitignore|in/a|in/b|mod/info/exclude|sub/a|tree/commondir|w/a");
	/* .ignore goes through. */
	tree_text(".ignore", "in/a\nmod\ntree\n");
	expect(&o, ".gitignore|.ignore|in/b|sub/a|w/a");
	/* Started inside, as well. */
	o.start = "in";
	expect(&o, "b");
}

static void test_hidden(void **)
{
	tree_new_repository();
	put_files(".a|.b/c|.d/e|.git2|x/.y|x/z");
	struct scan_options o = everything("");
	expect(&o, ".a|.b/c|.d/e|.git2|x/.y|x/z");
	o.hidden = false;
	expect(&o, "x/z");
	tree_text(".gitignore", "!.a\n!/.b/\n.d\n");
	expect(&o, ".a|.b/c|x/z");
	tree_text(".gitignore", "!.gitignore\n!.git\n");
	expect(&o, ".gitignore|x/z");
	o.no_ignore = true;
	expect(&o, "x/z");
}

static void test_strange_rules(void **)
{
	AUTO(buf) rules = {0};

	/* Ignore files that are no files, and one with every line the same. */
	tree_new();
	put_files("a|.gitignore/x|d/a|e/a|b/a");
	free(tree_shell("mkfifo d/.gitignore && ln -s nowhere e/.gitignore"));
	for (int i = 0; i < 200'000; i++)
		buf_put_text(&rules, i % 2 ? "a\n" : "a/\n");
	buf_put_text(&rules, "!x\n*");
	for (int i = 0; i < 1 << 20; i++)
		buf_put_char(&rules, "[a*"[i % 3]);
	tree_put("b/.gitignore", rules.p, rules.n);
	struct scan_options o = everything("");
	expect(&o, ".gitignore/x|a|b/.gitignore|d/.gitignore|d/a|e/.gitignore|e/a");
}

/* ---- globs ---- */

static void test_globs(void **)
{
	static const struct {
		const char *pattern, *paths, *others;
	} cases[] = {
		{"*.c", "a.c|d/a.c|d/e/.c", "a.cc|c|a.c/x"},
		{"/*.c", "a.c", "d/a.c"},
		{"d/*.c", "d/a.c", "a.c|x/d/a.c|d/e/a.c"},
		{"**/*.c", "a.c|d/a.c|d/e/a.c", "a.h"},
		{"d/**", "d/a|d/e/f", "d|a|x/d/a"},
		{"d/**/f", "d/f|d/e/f|d/e/e/f", "f|d/ef|x/d/f"},
		{"a?c",
			"abc|d/abc|a\xff"
			"c",
			"ac|abbc"},
		{"a?", "a\xc3", "a\xc3\xa9"},
		{"[a-c]x", "ax|bx|cx", "dx|x"},
		{"[!a-c]x", "dx|-x", "ax|x"},
		{"[^a]", "b", "a"},
		{"[[:upper:]]*", "Ab|X", "ab"},
		{"*.{c,h}", "a.c|d/b.h", "a.o|a.{c,h}"},
		{"{src,test}/**/*.{c,h}", "src/a.c|test/d/b.h", "src/a.o|doc/a.c"},
		{"{a,b{c,d}}x", "ax|bcx|bdx", "bx|cx"},
		{"{a}", "a", "{a}"},
		{"a{,b}", "a|ab", "b"},
		{"{a", "{a", "a"},
		{"a}", "a}", "a"},
		{"{a,{b,c}", "{a,{b,c}", "a|b"},
		{"\\{a,b}", "{a,b}", "a|b"},
		{"{\\,,a\\}}", ",|a}", "\\,|a"},
		{"{[,],b}", ",|b", "[|]"},
		{"{[}],b}", "}|b", "a|[}]"},
		{"[{a,b}]", "{|a|,|b|}", "[a]|ab"},
		{"{[,a}", "a", "["},
		{"{a,b}{c,d}{e,f}", "ace|bdf|ade", "ac|abc"},
		{"d/", "d/a|d/e/f|x/d/a", "d|e/a"},
		{"/d/", "d/a", "x/d/a|d"},
		{"d/e/", "d/e/a", "x/d/e/a|d/e"},
		{"**", "a|d/a", ""},
		{"*", "a|d/a|.a", ""},
		{"\\*", "*", "a"},
		{"a\\", "", "a|a\\"},
		{"[a", "", "a|[a"},
		{"", "", "a"},
		{"/", "", "a|a/b"},
		{"a**b", "ab|axb|d/axb", "a/b"},
		{"*a*b*c*", "abc|xaxbxc|aabbcc", "acb|ab"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (int want = 0; want < 2; want++) {
			struct str rest = str_from(want ? cases[i].paths : cases[i].others), path;
			while (rest.n && str_split(&rest, '|', &path))
				if (glob_match(str_from(cases[i].pattern), path) != want)
					fail_msg("%s and %.*s: not %d", cases[i].pattern,
						STR_ARG(path), want);
		}
	}
}

/* Patterns that a search with backtracking takes years for. */
static void test_glob_time(void **)
{
	AUTO(buf) pattern = {0};
	AUTO(buf) path = {0};

	for (int i = 0; i < 500; i++) {
		buf_put_text(&pattern, i % 50 ? "*a" : "/**/*a");
		buf_put_text(&path, i % 20 ? "aaaa" : "/aaaa");
	}
	buf_put_text(&pattern, "*b");
	assert_false(glob_match(buf_str(&pattern), buf_str(&path)));
	buf_clear(&pattern);
	for (int i = 0; i < 2000; i++)
		buf_put_text(&pattern, i % 2 ? "{a," : "[:");
	assert_false(glob_match(buf_str(&pattern), buf_str(&path)));
	buf_clear(&pattern);
	for (int i = 0; i < 300; i++)
		buf_put_text(&pattern, "{a,b}");
	assert_false(glob_match(buf_str(&pattern), buf_str(&path)));
}

/* ---- odd trees ---- */

static void test_types(void **)
{
	struct shown s = {.lock = PTHREAD_MUTEX_INITIALIZER, .with_types = true};
	struct scan_options o = everything("");
	AUTO(buf) shown = {0};
	struct scan_stats stats;
	struct err e;

	tree_new();
	put_files("d/a|f");
	free(tree_shell(
		"ln -s d l && ln -s ../.. d/up && ln -s self self && ln -s f lf && mkfifo p"));
	assert_true(scan_tree(&o, show, &s, &stats, &e));
	join(&s, &shown);
	/* DT_FIFO 1, DT_REG 8, DT_LNK 10 */
	assert_string_equal(buf_text(&shown), "d/a=8|d/up=10|f=8|l=10|lf=10|p=1|self=10");
	assert_int_equal(stats.directories, 2);
	assert_int_equal(stats.unreadable, 0);
	/* As a directory a rule for directories only does not mean a link to one. */
	tree_text(".gitignore", "l/\nd/up/\np\n");
	expect(&o, ".gitignore|d/a|d/up|f|l|lf|self");
}

static void test_start(void **)
{
	static const char *const bad[] = {
		"..", "d/../..", "out", "f", "none", "d/none", "/etc", NULL};
	struct shown s = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct scan_options o = everything("");
	struct scan_stats stats;
	struct err e;

	tree_new();
	put_files("d/a|f");
	free(tree_shell("ln -s / out && ln -s d in"));
	for (int i = 0; bad[i]; i++) {
		o.start = bad[i];
		if (scan_tree(&o, show, &s, &stats, &e))
			fail_msg("%s was listed", bad[i]);
		assert_true(e.text[0]);
	}
	o.start = "d/../d";
	expect(&o, "a");
	o.root = "/nonexistent";
	assert_false(scan_tree(&o, show, &s, &stats, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
}

static void test_names(void **)
{
	struct scan_options o = everything("");

	tree_new();
	put_files("a\nb|\xff\xfe/\x80|\xc3\xa9| |-x|~|..a/...|\x01");
	expect(&o, "\x01| |-x|..a/...|a\nb|~|\xc3\xa9|\xff\xfe/\x80");
}

static void test_depth_and_include(void **)
{
	static const char *const c_files[] = {"*.c", NULL},
				 *const no_tests[] = {"!test/", "!*.h", NULL},
				 *const both[] = {"src/**", "*.md", "!b.*", NULL},
				 *const braces[] = {"*.{c,h}", "!{a,z}.c", NULL},
				 *const inside[] = {"src/", NULL}, *const none[] = {NULL},
				 *const deep[] = {"/src/d/*", NULL};
	struct scan_options o = everything("");

	tree_new();
	put_files("a.c|a.md|src/a.c|src/b.h|src/d/b.c|src/d/e/a.c|test/a.c");
	o.max_depth = 1;
	expect(&o, "a.c|a.md");
	o.max_depth = 2;
	expect(&o, "a.c|a.md|src/a.c|src/b.h|test/a.c");
	o.max_depth = 0;
	o.include = c_files;
	expect(&o, "a.c|src/a.c|src/d/b.c|src/d/e/a.c|test/a.c");
	o.include = no_tests;
	expect(&o, "a.c|a.md|src/a.c|src/d/b.c|src/d/e/a.c");
	o.include = both;
	expect(&o, "a.md|src/a.c|src/d/e/a.c");
	o.include = braces;
	expect(&o, "src/b.h|src/d/b.c");
	o.include = inside;
	expect(&o, "src/a.c|src/b.h|src/d/b.c|src/d/e/a.c");
	o.include = none;
	o.start = "src/d";
	expect(&o, "b.c|e/a.c");
	/* Globs are about what is below start. */
	o.include = deep;
	expect(&o, "");
	o.start = "";
	expect(&o, "src/d/b.c");
}

enum { DEEP = 3000, WIDE = 1500 };

static void test_deep(void **)
{
	struct shown s = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct scan_options o = everything("");
	struct scan_stats stats;
	struct err e;

	tree_new();
	int fd = open(tree_root, O_PATH | O_DIRECTORY);
	for (int i = 0; i < DEEP; i++) {
		assert_int_equal(mkdirat(fd, "deep", 0700), 0);
		int next = openat(fd, "deep", O_PATH | O_DIRECTORY);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	close(openat(fd, "end", O_WRONLY | O_CREAT, 0600));
	close(openat(fd, "out", O_WRONLY | O_CREAT, 0600));
	close(fd);
	tree_text(".gitignore", "deep/**/out\n");
	assert_true(scan_tree(&o, show, &s, &stats, &e));
	assert_int_equal(stats.directories, DEEP + 1);
	assert_int_equal(stats.unreadable, 0);
	assert_int_equal(stats.ignored, 1);
	assert_int_equal(s.paths.n, 2);
	assert_int_equal(strlen(s.paths.p[0]) + strlen(s.paths.p[1]),
		DEEP * strlen("deep/") + strlen("end") + strlen(".gitignore"));
	AUTO(buf) text = {0};
	join(&s, &text);
}

static void make_wide(void)
{
	char path[64];

	tree_new();
	for (int i = 0; i < WIDE; i++) {
		snprintf(path, sizeof path, "%d/a_long_enough_name_%d", i % 10 ? 0 : i, i);
		tree_text(path, "");
	}
}

static void test_wide(void **)
{
	AUTO(buf) one = {0};
	AUTO(buf) many = {0};
	struct scan_options o = everything("");

	make_wide();
	o.threads = 1;
	assert_int_equal(list(&o, &one).files, WIDE);
	for (o.threads = 2; o.threads <= 16; o.threads *= 2) {
		assert_int_equal(list(&o, &many).files, WIDE);
		assert_true(str_eq(buf_str(&one), buf_str(&many)));
	}
	assert_int_equal(scan_workers(&(struct scan_options){.threads = 5}), 5);
	assert_true(scan_workers(&(struct scan_options){0}) >= 1);
	assert_true(scan_workers(&(struct scan_options){.threads = 1 << 20}) <= 1024);
}

static atomic_bool cancel;

static bool show_and_cancel(void *self, const struct scan_file *file)
{
	struct shown *s = self;

	show(s, file);
	pthread_mutex_lock(&s->lock);
	if (s->visits >= 100)
		cancel = true;
	pthread_mutex_unlock(&s->lock);
	return true;
}

static void test_early_end(void **)
{
	struct shown s = {.lock = PTHREAD_MUTEX_INITIALIZER, .limit = 10};
	struct scan_options o = everything("");
	struct scan_stats stats;
	AUTO(buf) text = {0};
	struct err e;

	make_wide();
	assert_true(scan_tree(&o, show, &s, &stats, &e));
	/* The other threads may each be at a file. */
	assert_in_range(s.visits, 10, 10 + (size_t)o.threads);
	join(&s, &text);
	s.limit = s.visits = 0;
	o.cancel = &cancel;
	cancel = false;
	assert_true(scan_tree(&o, show_and_cancel, &s, &stats, &e));
	assert_in_range(s.visits, 100, 100 + (size_t)o.threads);
	join(&s, &text);
	s.visits = 0;
	assert_true(scan_tree(&o, show, &s, &stats, &e));
	assert_int_equal(s.visits, 0);
}

static void test_unreadable(void **)
{
	struct scan_options o = everything("");
	AUTO(buf) shown = {0};

	if (geteuid() == 0)
		skip();
	tree_new();
	put_files("a|d/b|e/c");
	free(tree_shell("chmod 0 d"));
	assert_int_equal(list(&o, &shown).unreadable, 1);
	assert_string_equal(buf_text(&shown), "a|e/c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ignore_cases),
		cmocka_unit_test(test_ignore_random),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_below_root),
		cmocka_unit_test(test_nested_repository),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_strange_rules),
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_glob_time),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_depth_and_include),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_early_end),
		cmocka_unit_test(test_unreadable),
	};

	has_git = system("git --version >/dev/null 2>&1") == 0;
	return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
