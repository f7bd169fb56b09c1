// SPDX-License-Identifier: MIT
/* Which lines a search shows, and that every way to search finds the same ones. */
#include "base/bytes.h"
#include "base/clock.h"
#include "index/index.h"
#include "index/literal.h"
#include "index/regex.h"

#include "tree.h"

/* ---- one search ---- */

/* What is unusual about it; the rest is a search of the whole tree. */
struct how {
	const char *pattern;
	struct grep_options o;
};

static struct grep_options options(const struct how *how)
{
	struct grep_options o = how->o;

	o.pattern = o.pattern.p ? o.pattern : str_from(how->pattern);
	o.scan.root = tree_root;
	o.scan.start = o.scan.start ? o.scan.start : "";
	o.scan.threads = o.scan.threads ? o.scan.threads : 3;
	return o;
}

static struct grep_result run(const struct how *how)
{
	struct grep_options o = options(how);
	struct grep_result r;
	struct err e;

	if (!grep_run(&o, &r, &e))
		fail_msg("%s: %s", how->pattern, e.text);
	return r;
}

/* "path 1:matching line 2-context 3:cut..." and " (5)" where matches are not all shown. */
static void show(const struct grep_result *r, struct buf *out)
{
	for (size_t i = 0; i < r->file_count; i++) {
		const struct grep_file *f = &r->files[i];
		uint64_t shown = 0;
		buf_printf(out, "%s%.*s", out->n ? " | " : "", STR_ARG(f->path));
		for (size_t k = 0; k < f->line_count; k++) {
			const struct grep_line *l = &f->lines[k];
			buf_printf(out, " %u%c", l->number, l->is_match ? ':' : '-');
			buf_put_str(out, l->text);
			buf_put_text(out, l->is_cut ? "..." : "");
			shown += l->is_match;
		}
		if (shown != f->matches)
			buf_printf(out, " (%d)", (int)f->matches);
	}
}

static void expect(struct how how, const char *text)
{
	AUTO(buf) shown = {0};
	struct grep_result r = run(&how);

	show(&r, &shown);
	grep_result_release(&r);
	if (!str_is(buf_str(&shown), text))
		fail_msg("%s: %s, not %s", how.pattern, buf_text(&shown), text);
}

#define EXPECT(text, pattern_text, ...) \
	expect((struct how){.pattern = pattern_text, .o = {__VA_ARGS__}}, text)

/* ---- what matches ---- */

static void test_literals(void **)
{
	tree_new();
	tree_text("a", "foo\nBar foo.bar\n\nfoobar");
	tree_text("d/b", "f.o\nFOO\n");
	tree_text("d/c", "nothing\n");
	EXPECT("a 1:foo 2:Bar foo.bar 4:foobar", "foo");
	EXPECT("a 1:foo 2:Bar foo.bar 4:foobar | d/b 2:FOO", "foo", .ignore_case = true);
	EXPECT("a 1:foo 2:Bar foo.bar", "foo", .whole_word = true);
	EXPECT("d/b 1:f.o", "f.o", .is_literal = true);
	EXPECT("a 1:foo 2:Bar foo.bar 4:foobar | d/b 1:f.o", "f.o");
	EXPECT("a 2:Bar foo.bar", "O.B", .is_literal = true, .ignore_case = true);
	EXPECT("", "foo\\|bar");
	EXPECT("d/b 2:FOO", "FOO|nowhere");
	EXPECT("b 2:FOO", "FOO", .scan.start = "d");
	EXPECT("", "(", .is_literal = true);
	EXPECT("", "\\E)", .is_literal = true);
	EXPECT("a 1:foo 2:Bar foo.bar 4:foobar", "(?i)FOO", .scan.max_depth = 1);
	EXPECT("a 2:Bar foo.bar", "^(?=.*\\.)", .file = "a");
	EXPECT("c 1:nothing", "thing", .scan.start = "d", .file = "c");
}

static void test_beyond_ascii(void **)
{
	tree_new();
	tree_text("a", "stra\xc3\x9f"
		       "e\nSTRA\xc5\xbf"
		       "E\n\xe2\x84\xaa"
		       "elvin\nkelvin\n\xc3\x89t\xc3\xa9\n"
		       "\xc3\xa9t\xc3\xa9s\nx\xff"
		       "foo\xfe\n\xc3\x28 foo\n");
	EXPECT("a 2:STRA\xc5\xbf"
	       "E",
		"strase", .ignore_case = true);
	EXPECT("a 3:\xe2\x84\xaa"
	       "elvin 4:kelvin",
		"KELVIN", .ignore_case = true);
	EXPECT("a 5:\xc3\x89t\xc3\xa9 6:\xc3\xa9t\xc3\xa9s", "\xc3\xa9T\xc3\x89",
		.ignore_case = true);
	EXPECT("a 5:\xc3\x89t\xc3\xa9", "\xc3\x89t\xc3\xa9", .whole_word = true);
	EXPECT("a 5:\xc3\x89t\xc3\xa9", "^\\w{3}$");
	EXPECT("a 5:\xc3\x89t\xc3\xa9", "\\bt\xc3\xa9|^\xc3\x89");
	/* What is beside a word has to be a character: broken bytes are none. */
	EXPECT("a 8:\xc3\x28 foo", "foo", .whole_word = true);
	EXPECT("a 7:x\xff"
	       "foo\xfe 8:\xc3\x28 foo",
		"\\bfoo\\b");
	EXPECT("a 8:\xc3\x28 foo", "x.?foo|foo.?$");
	EXPECT("a 1:stra\xc3\x9f"
	       "e",
		"[[:^ascii:]]e$|\\x{df}");
	EXPECT("a 7:x\xff"
	       "foo\xfe",
		"\xff"
		"foo",
		.is_literal = true);
}

static void test_line_ends(void **)
{
	tree_new();
	tree_text("crlf", "one\r\ntwo\r\n\r\nthree");
	tree_text("bom", "\xef\xbb\xbfone\ntwo");
	tree_text("empty", "");
	tree_text("feed", "\n");
	tree_put("utf16", "\xff\xfeo\0n\0e\0\r\0\n\0\xe9\0", 14);
	tree_put("utf16be", "\xfe\xff\0o\0n\0e\0\n\xd8\x3d\xde\x00", 14);
	EXPECT("bom 1:one | crlf 1:one | utf16 1:one | utf16be 1:one", "one");
	EXPECT("bom 1:one | utf16be 1:one", "^one$");
	EXPECT("crlf 1:one 2:two | utf16 1:one", "\\w\r$");
	EXPECT("crlf 4:three", "^three$");
	EXPECT("feed 1:", "^$");
	EXPECT("crlf 3: | feed 1:", "^\r?$");
	EXPECT("utf16 2:\xc3\xa9 | utf16be 2:\xf0\x9f\x98\x80", "[^\\x00-\\x7f]");
	EXPECT("bom 1:one 2:two | crlf 1:one 2:two 3: 4:three | feed 1: | utf16 1:one 2:\xc3\xa9 | "
	       "utf16be 1:one 2:\xf0\x9f\x98\x80",
		"");
}

static void test_lines_are_alone(void **)
{
	tree_new();
	tree_text("a", "a\nb\n\nab\na b\n");
	EXPECT("a 5:a b", "a\\sb");
	EXPECT("a 4:ab 5:a b", "a[^x]*b");
	EXPECT("a 5:a b", "a[^x]b");
	EXPECT("", "a\\s+$");
	EXPECT("a 1:a", "a(?!.)");
	EXPECT("a 2:b", "(?<!.)b");
	EXPECT("a 1:a 2:b", "\\A\\w\\z");
	EXPECT("a 3:", "^\\z");
	EXPECT("a 1:a", "^a(?s:.)*$(?<!b)");
}

static void test_bad_patterns(void **)
{
	static const struct {
		const char *pattern, *part;
		struct grep_options o;
	} cases[] = {
		{"a(b", "offset 3", {0}},
		{"ab)", "offset 2", {0}},
		{"[a", "offset 2", {0}},
		{"\xc3\xa9\xc3\xa9(", "offset 5", {0}},
		{"*a", "offset 0", {0}},
		{"a\\", "offset 2", {0}},
		{"a)|(b", "offset 1", {.whole_word = true}},
		{"\xff", "offset", {0}},
		{"\\Ca", "offset", {0}},
		{"(?<=a+)b", "offset", {0}},
		{"a\\nb", "line break", {0}},
		{"a\nb", "line break", {.is_literal = true}},
		{"(a){99999}", "offset", {0}},
		{"\\Qa", "word", {.whole_word = true}},
	};
	struct grep_result r = {.file_count = 7};
	struct err e;

	tree_new();
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct how how = {cases[i].pattern, cases[i].o};
		struct grep_options o = options(&how);
		if (grep_run(&o, &r, &e) || e.code != ERR_PARSE || !strstr(e.text, cases[i].part))
			fail_msg("%s: %s", cases[i].pattern, e.text);
	}
	struct grep_options o = options(&(struct how){.o.pattern = STR("a\0b")});
	assert_false(grep_run(&o, &r, &e));
	assert_int_equal(r.file_count, 7);
}

static void test_bad_places(void **)
{
	static const char *const bad[] = {
		"none", "d", "pipe", "out", "../x", "/etc/passwd", "", NULL};
	struct grep_options o = options(&(struct how){"a", {0}});
	struct grep_result r;
	struct err e;

	tree_new();
	tree_text("d/a", "a\n");
	free(tree_shell("mkfifo pipe d/p && ln -s /etc/passwd out && ln -s a d/in"));
	for (int i = 0; bad[i]; i++) {
		o.file = bad[i];
		if (grep_run(&o, &r, &e))
			fail_msg("%s was searched", bad[i]);
	}
	o.file = NULL;
	o.scan.start = "none";
	assert_false(grep_run(&o, &r, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	/* Links and pipes are passed by. */
	EXPECT("d/a 1:a", "a");
}

/* ---- what is shown of it ---- */

static void test_context(void **)
{
	tree_new();
	tree_text("a", "1\nx2\n3\n4\n5\nx6\nx7\n8\n9");
	EXPECT("a 1-1 2:x2 5-5 6:x6 7:x7", "x", .before = 1);
	EXPECT("a 2:x2 3-3 6:x6 7:x7 8-8", "x", .after = 1);
	EXPECT("a 1-1 2:x2 3-3 4-4 5-5 6:x6 7:x7 8-8 9-9", "x", .before = 2, .after = 2);
	EXPECT("a 1-1 2:x2 3-3 4-4 5-5 6:x6 7:x7 8-8 9-9", "x", .before = 99, .after = 99);
	EXPECT("a 8-8 9:9", "9", .before = 1, .after = 5);
	EXPECT("a 1:1 2-x2", "1", .before = 5, .after = 1);
	EXPECT("a (3)", "x", .mode = GREP_COUNT, .before = 1);
	EXPECT("a (1)", "x", .mode = GREP_FILES, .after = 1);
}

/* Context that lies in pieces read before or after. */
static void test_context_across_pieces(void **)
{
	AUTO(buf) text = {0};
	char expected[80];

	tree_new();
	for (int i = 1; i <= 60'000; i++)
		buf_printf(&text, "%s%d\n", i % 1000 ? "" : "hit", i);
	tree_put("a", text.p, text.n);
	struct how how = {"hit", {.before = 2, .after = 3}};
	struct grep_result r = run(&how);
	assert_int_equal(r.files[0].matches, 60);
	assert_int_equal(r.files[0].line_count, 60 * 6 - 3);
	for (size_t i = 0; i < r.files[0].line_count; i++) {
		const struct grep_line *l = &r.files[0].lines[i];
		snprintf(expected, sizeof expected, "%s%u", i % 6 == 2 ? "hit" : "", l->number);
		assert_true(str_is(l->text, expected));
		assert_int_equal(l->is_match, i % 6 == 2);
		assert_int_equal(l->number, (i / 6 + 1) * 1000 + i % 6 - 2);
	}
	assert_int_equal(r.searched_bytes, text.n);
	grep_result_release(&r);
}

static void test_limits(void **)
{
	char path[16];

	tree_new();
	for (int i = 9; i > 0; i--) {
		snprintf(path, sizeof path, "%d/f", i);
		tree_text(path, "x\ny\nx\nx\n");
	}
	/* The first in the order of paths, and all are counted, however many threads. */
	for (int threads = 1; threads <= 8; threads++) {
		struct how how = {"x", {.max_matches = 4, .scan.threads = threads}};
		struct grep_result r = run(&how);
		assert_int_equal(r.total_matches, 27);
		assert_int_equal(r.total_files, 9);
		assert_int_equal(r.searched_files, 9);
		assert_int_equal(r.file_count, 2);
		assert_int_equal(r.files[1].matches, 3);
		grep_result_release(&r);
		expect(how, "1/f 1:x 3:x 4:x | 2/f 1:x (3)");
	}
	EXPECT("1/f 1:x 2-y (3)", "x", .max_matches = 1, .after = 1, .file = "1/f");
	EXPECT("1/f 1:x 3:x (3)", "x", .max_matches = 2);
	EXPECT("1/f (3) | 2/f (3)", "x", .max_matches = 2, .mode = GREP_COUNT);
	EXPECT("1/f (1) | 2/f (1) | 3/f (1)", "x", .max_matches = 3, .mode = GREP_FILES);
	struct how count = {"x", {.mode = GREP_COUNT, .max_matches = 1}};
	struct grep_result r = run(&count);
	assert_int_equal(r.total_matches, 27);
	assert_int_equal(r.total_files, 9);
	grep_result_release(&r);
}

static void test_columns(void **)
{
	tree_new();
	tree_text("a", "0123456789\n01234\r\n\xc3\xa9\xc3\xa9\xc3\xa9\n012345\n");
	EXPECT("a 1:01234... 2:01234 3:\xc3\xa9\xc3\xa9... 4:01234...", "", .max_columns = 5);
	EXPECT("a 1:0... 2:0... 3:... 4:0...", "", .max_columns = 1);
	EXPECT("a 1:0123456789", "789", .max_columns = 10);
}

/* ---- odd files ---- */

static void test_binary(void **)
{
	AUTO(buf) late = {0};
	struct how how = {"foo", {0}};

	tree_new();
	tree_put("early", "foo\nx\0foo\n", 10);
	tree_text("text", "foo\n");
	for (int i = 0; i < 40'000; i++)
		buf_put_text(&late, "foo\n");
	buf_put(&late, "\0", 1);
	tree_put("late", late.p, late.n);
	struct grep_result r = run(&how);
	assert_int_equal(r.binary_files, 2);
	assert_int_equal(r.searched_files, 3);
	/* 64 kB and 64 kB are seen before the piece with the NUL. */
	assert_int_equal(r.file_count, 2);
	assert_true(str_is(r.files[0].path, "late"));
	assert_in_range(r.files[0].matches, 1, 39'999);
	grep_result_release(&r);
	EXPECT("", "foo", .file = "early");
}

static void test_long_line(void **)
{
	AUTO(buf) text = {0};

	tree_new();
	buf_put_text(&text, "first\n");
	for (int i = 0; i < 1 << 18; i++)
		buf_put_text(&text, "12345678");
	buf_put_text(&text, "needle 12345678\nlast needle");
	tree_put("a", text.p, text.n);
	EXPECT("a 2:12345678... 3:last nee...", "needle", .max_columns = 8);
	EXPECT("a 2:12345678... 3:last nee...", "[a-z]{6}|8\\sneedle$", .max_columns = 8,
		.scan.threads = 1, .before = 0, .file = "a");
	struct how how = {"e{2}dle \\d+$", {0}};
	struct grep_result r = run(&how);
	assert_int_equal(r.files[0].lines[0].text.n, (8 << 18) + strlen("needle 12345678"));
	assert_int_equal(r.limited_lines, 0);
	grep_result_release(&r);
}

static void test_large_file(void **)
{
	AUTO(buf) block = {0};
	enum { LINES = 1024, BLOCKS = 24 << 10 };
	char path[96];

	tree_new();
	for (int i = 0; i < LINES; i++)
		buf_printf(&block, "%022d\n", i); /* 23 bytes */
	buf_cut(&block, 23 * 43);
	buf_put_text(&block, "int tail(x);");
	while (block.n < 1023)
		buf_put_char(&block, '.');
	buf_put_char(&block, '\n');
	snprintf(path, sizeof path, "%s/large", tree_root);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	for (int i = 0; i < BLOCKS; i++)
		fwrite(block.p, block.n, 1, file);
	fputs("the very end", file);
	fclose(file);
	struct how how = {"very end", {0}};
	struct grep_result r = run(&how);
	assert_int_equal(r.searched_bytes, (uint64_t)BLOCKS * 1024 + 12);
	assert_int_equal(r.files[0].lines[0].number, BLOCKS * 44 + 1);
	grep_result_release(&r);
	how = (struct how){"\\w+\\(x\\)", {.mode = GREP_COUNT}};
	r = run(&how);
	assert_int_equal(r.total_matches, BLOCKS);
	grep_result_release(&r);
}

static void test_backtracking(void **)
{
	static const char *const patterns[] = {"(a+)+$", "(a|aa)+$", "(a*)*b", "^(a+)+\\1$",
		"(?:a?){30}a{30}$(?<!a)", "(.*)*c(?=x)"};
	AUTO(buf) text = {0};

	tree_new();
	for (int line = 0; line < 300; line++) {
		for (int i = 0; i < 5000; i++)
			buf_put_char(&text, 'a');
		buf_put_text(&text, line % 2 ? "!\n" : "\xc3\xa9\n");
	}
	tree_put("hard", text.p, text.n);
	tree_text("easy", "aaaa\n");
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		struct how how = {patterns[i], {0}};
		int64_t start = clock_cpu_ns();
		struct grep_result r = run(&how);
		double ms = clock_ms(clock_cpu_ns() - start);
		if (ms > 2000)
			fail_msg("%s took %.0f ms", patterns[i], ms);
		assert_int_equal(r.searched_files, 2);
		if (i < 2) {
			assert_true(r.limited_lines > 0);
			assert_true(str_is(r.files[0].path, "easy"));
		}
		grep_result_release(&r);
	}
}

static void test_cancel(void **)
{
	static atomic_bool cancel = true;
	struct how how = {"x", {.scan.cancel = &cancel}};

	tree_new();
	tree_text("a", "x\n");
	expect(how, "");
	cancel = false;
	expect(how, "a 1:x");
}

/* ---- the ways to search ---- */

static const char *naive_find(const struct str *texts, size_t count, bool is_folded, struct str in)
{
	for (size_t at = 0; at < in.n; at++)
		for (size_t i = 0; i < count; i++) {
			struct str here = str_head(str_skip(in, at), texts[i].n);
			if (is_folded ? str_eq_nocase(here, texts[i]) : str_eq(here, texts[i]))
				return in.p + at;
		}
	return NULL;
}

/* An exact copy, so that the sanitizer sees a read before or past it. */
static void try_literals(const struct bytes *bytes, const struct str *texts, size_t count,
	bool is_folded, struct str in)
{
	struct literals l;
	char *copy = must_alloc(1, in.n ? in.n : 1);
	struct str exact = {copy, in.n};

	if (in.n)
		memcpy(copy, in.p, in.n);
	literals_init(&l, texts, count, is_folded, bytes);
	for (const char *p = copy, *end = copy + in.n; p; p = p < end ? p + 1 : NULL) {
		const char *want =
			naive_find(texts, count, is_folded, str_skip(exact, (size_t)(p - copy)));
		const char *got = literals_find(&l, p, end);
		assert_ptr_equal(got, want);
		p = got ? got : end;
	}
	free(copy);
}

static void test_literal_search(void **)
{
	static const char letters[] = "abAB@`{[ksK\xc3\xe3\x83";
	const struct bytes *all[4];
	char in[300], text[LITERALS_MAX][8];
	struct str texts[LITERALS_MAX];

	bytes_all(all);
	for (int round = 0; round < 3000; round++) {
		size_t n = tree_random(sizeof in),
		       count = 1 + tree_random(round % 3 ? 1 : LITERALS_MAX);
		bool is_folded = round & 1;
		size_t kinds = 2 + tree_random(sizeof letters - 3);
		for (size_t i = 0; i < n; i++)
			in[i] = letters[tree_random(kinds)];
		for (size_t i = 0; i < count; i++) {
			texts[i] = (struct str){text[i], 1 + tree_random(sizeof text[i] - 1)};
			for (size_t k = 0; k < texts[i].n; k++) {
				char c = letters[tree_random(kinds)];
				text[i][k] = is_folded && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
			}
		}
		for (int i = 0; all[i]; i++)
			try_literals(all[i], texts, count, is_folded, (struct str){in, n});
	}
}

/* Texts longer than what is looked at in one step, with the pair at any place or at none. */
static void test_find_pair(void **)
{
	const struct bytes *all[4];

	bytes_all(all);
	for (int round = 0; round < 6000; round++) {
		size_t n = tree_random(400), often = 2 + tree_random(300);
		char *in = must_alloc(n + !n, 1);
		for (size_t i = 0; i < n; i++)
			in[i] = tree_random(often) ? 'x' : "abAB"[tree_random(4)];
		struct byte_pair pair = {'a', 0, 'b', 0, 1 + tree_random(9)};
		if (round & 1)
			pair.first_mask = pair.second_mask = 0x20;
		for (int i = 1; all[i]; i++)
			for (const char *p = in; p; p = p < in + n ? p + 1 : NULL) {
				const char *found = bytes_plain.find_pair(p, in + n, &pair);
				assert_ptr_equal(all[i]->find_pair(p, in + n, &pair), found);
				p = found ? found : in + n;
			}
		free(in);
	}
}

static void test_bytes(void **)
{
	const struct bytes *all[4];
	char *in = must_alloc(1, 200);

	bytes_all(all);
	for (int round = 0; round < 3000; round++) {
		size_t from = tree_random(100), n = tree_random(101);
		for (size_t i = 0; i < 200; i++)
			in[i] = tree_random(30) ? 'x' : tree_random(2) ? '\n' : (char)0x80;
		const char *p = in + from, *end = p + n;
		for (int i = 1; all[i]; i++) {
			assert_ptr_equal(all[i]->find_high(p, end), bytes_plain.find_high(p, end));
			assert_int_equal(
				all[i]->count(p, end, '\n'), bytes_plain.count(p, end, '\n'));
		}
	}
	free(in);
}

/* Where they begin; "bad", or "hard" when PCRE2 gave up on one. */
static void lines_of(
	struct str pattern, const struct regex_options *how, struct str text, struct buf *out)
{
	struct err e;
	struct regex *regex = regex_new(pattern, how, &e);
	struct regex_walk walk = {.text = text, .at = text.p};
	struct str line;

	if (!regex) {
		buf_put_text(out, "bad");
		return;
	}
	struct matcher *matcher = matcher_new(regex);
	while (regex_next(matcher, &walk, &line))
		buf_printf(out, "%zu ", (size_t)(line.p - text.p));
	if (matcher_limited_lines(matcher)) {
		buf_clear(out);
		buf_put_text(out, "hard");
	}
	matcher_free(matcher);
	regex_free(regex);
}

static void put_random(struct buf *out, const char *const *parts, size_t count, uint64_t times)
{
	while (times--)
		buf_put_text(out, parts[tree_random(count)]);
}

static void test_engines_agree(void **)
{
	static const char *const patterns[] = {"foo", "bar", "k", "s", "a", "b", "x", " ", ".",
		".*", "\\w", "\\w+", "\\s", "\\d", "\\b", "\\B", "^", "$", "[a-f]", "[^a]",
		"[^\\w]", "[fk]oo", "(?:", ")", "(", "|", "|", "?", "+", "*", "{2}", "{1,3}",
		"\\x66", "[[:alpha:]]+", "(?=o)", "(?<!o)", "\\.", "\xc3\xa9", "(?i)", "\\p{L}",
		"\\Qa.b\\E", "oo\\("};
	static const char *const texts[] = {"foo", "bar", "FOO", "k", "\xe2\x84\xaa", "\xc5\xbf",
		"s", "a", "b", "x", " ", ".", "\n", "\n", "\n", "\r\n", "\n\n", "7", "_",
		"\xc3\xa9", "\xc3\x89", "\xff", "\xc3", "oo(", "a.b", "\t"};
	int good = 0;

	for (int round = 0; round < 3000; round++) {
		AUTO(buf) pattern = {0};
		AUTO(buf) text = {0};
		AUTO(buf) plain = {0};
		struct regex_options how = {.ignore_case = tree_random(3) == 0,
			.whole_word = tree_random(4) == 0,
			.is_literal = tree_random(8) == 0,
			.no_finder = true};
		put_random(
			&pattern, patterns, sizeof patterns / sizeof *patterns, 1 + tree_random(5));
		put_random(&text, texts, sizeof texts / sizeof *texts, 1 + tree_random(120));
		lines_of(buf_str(&pattern), &how, buf_str(&text), &plain);
		if (str_is(buf_str(&plain), "hard"))
			continue;
		good += !str_is(buf_str(&plain), "bad");
		how.no_finder = false;
		for (int i = 0; i < 2; i++) {
			AUTO(buf) found = {0};
			how.no_hyperscan = i;
			lines_of(buf_str(&pattern), &how, buf_str(&text), &found);
			if (!str_eq(buf_str(&found), buf_str(&plain)))
				fail_msg("%s in:\n%s\n%s, by PCRE2 %s", buf_text(&pattern),
					buf_text(&text), buf_text(&found), buf_text(&plain));
		}
	}
	assert_true(good > 1000);
}

/* Which finder is taken; with none of them the lines are the same (see above), only later. */
static void test_finders(void **)
{
	static const struct {
		const char *pattern, *finder;
		struct regex_options how;
	} cases[] = {
		{"foo", "literals", {0}},
		{"foo|bar", "literals", {0}},
		{"\\w+_init\\(", "literals", {0}},
		{"(?:foo|bar)+[0-9]", "literals", {.ignore_case = true}},
		{"[A-Za-z]{24}", "hyperscan", {0}},
		{"[A-Za-z]{24}", "every line", {.no_hyperscan = true}},
		{"foo", "every line", {.no_finder = true}},
		{"(\\w)\\1", "hyperscan", {0}},
		{"", "every line", {0}},
		{"\\A\\w+", "every line", {0}},
	};
	struct err e;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct regex *r = regex_new(str_from(cases[i].pattern), &cases[i].how, &e);
		assert_non_null(r);
		/* libhs need not be there. */
		if (strcmp(regex_finder(r), cases[i].finder) != 0 &&
			strcmp(cases[i].finder, "hyperscan") != 0)
			fail_msg("%s: %s", cases[i].pattern, regex_finder(r));
		regex_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_beyond_ascii),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_lines_are_alone),
		cmocka_unit_test(test_bad_patterns),
		cmocka_unit_test(test_bad_places),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_context_across_pieces),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_large_file),
		cmocka_unit_test(test_backtracking),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_literal_search),
		cmocka_unit_test(test_find_pair),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_engines_agree),
		cmocka_unit_test(test_finders),
	};

	return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
