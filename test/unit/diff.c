// SPDX-License-Identifier: MIT
/* Differences between texts: their form, and that git apply makes the one text of the other. */
#include "tree.h"

#include "base/clock.h"
#include "base/diff.h"
#include "base/file.h"
#include "base/hash.h"

static struct diff_counts diff_of(struct buf *out, const char *before, const char *after)
{
	struct diff_options o = {.before_name = STR("f"), .after_name = STR("f")};

	buf_clear(out);
	return diff_put_unified(out, &o, str_from(before), str_from(after));
}

static void assert_hunks(const char *before, const char *after, const char *expected)
{
	AUTO(buf) out = {0};
	AUTO(buf) whole = {0};

	diff_of(&out, before, after);
	if (*expected)
		buf_printf(&whole, "diff --git a/f b/f\n--- a/f\n+++ b/f\n%s", expected);
	assert_string_equal(buf_text(&out), buf_text(&whole));
}

static void test_hunks(void **)
{
	assert_hunks("", "", "");
	assert_hunks("a\n", "a\n", "");
	assert_hunks("a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n");
	assert_hunks("", "b\n", "@@ -0,0 +1 @@\n+b\n");
	assert_hunks("a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n");
	assert_hunks("a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
	assert_hunks("a\nb", "c\nb", "@@ -1,2 +1,2 @@\n-a\n+c\n b\n\\ No newline at end of file\n");
	assert_hunks("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\nx\n",
		"@@ -7,3 +7,4 @@\n 7\n 8\n 9\n+x\n");
	assert_hunks("a\r\nb\n", "a\nb\n", "@@ -1,2 +1,2 @@\n-a\r\n+a\n b\n");
}

/* Six lines between two changes are shown whole, seven part the hunks. */
static void test_contexts_that_touch(void **)
{
	assert_hunks("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
		"@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
	assert_hunks("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
		"@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

static void assert_header(
	struct diff_options o, const char *before, const char *after, const char *expected)
{
	AUTO(buf) out = {0};

	diff_put_unified(&out, &o, str_from(before), str_from(after));
	assert_string_equal(buf_text(&out), expected);
}

static void test_headers(void **)
{
	struct str f = STR("f"), none = {0};

	assert_header((struct diff_options){none, f, 0, 0100755}, "", "x\n",
		"diff --git a/f b/f\nnew file mode 100755\n--- /dev/null\n+++ b/f\n"
		"@@ -0,0 +1 @@\n+x\n");
	assert_header((struct diff_options){f, none, 0100600, 0}, "x\n", "",
		"diff --git a/f b/f\ndeleted file mode 100644\n--- a/f\n+++ /dev/null\n"
		"@@ -1 +0,0 @@\n-x\n");
	assert_header((struct diff_options){none, f}, "", "",
		"diff --git a/f b/f\nnew file mode 100644\n");
	assert_header((struct diff_options){f, f, 0100644, 0100755}, "x\n", "x\n",
		"diff --git a/f b/f\nold mode 100644\nnew mode 100755\n");
	assert_header((struct diff_options){f, STR("a b/g")}, "x\n", "x\n",
		"diff --git a/f b/a b/g\nrename from f\nrename to a b/g\n");
	assert_header((struct diff_options){STR("a b"), STR("a b")}, "x\n", "y\n",
		"diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n@@ -1 +1 @@\n-x\n+y\n");
	assert_header((struct diff_options){STR("\t\"\\\001\177n"), none}, "", "",
		"diff --git \"a/\\t\\\"\\\\\\001\\177n\" \"b/\\t\\\"\\\\\\001\\177n\"\n"
		"deleted file mode 100644\n");
	assert_header((struct diff_options){none, STR("\xc3\xa4\xff")}, "", "",
		"diff --git \"a/\\303\\244\\377\" \"b/\\303\\244\\377\"\nnew file mode 100644\n");
	assert_header((struct diff_options){none, STR("\xc3\xa4")}, "", "",
		"diff --git a/\xc3\xa4 b/\xc3\xa4\nnew file mode 100644\n");
}

static void test_a_nul_is_binary(void **)
{
	struct diff_options o = {.after_name = STR("f")};
	AUTO(buf) out = {0};

	diff_put_unified(&out, &o, STR(""), STR("a\0b\n"));
	assert_string_equal(buf_text(&out),
		"diff --git a/f b/f\nnew file mode 100644\nBinary files /dev/null and b/f differ\n");
}

/* ---- contents that are no text ---- */

static const size_t binary_sizes[] = {0, 1, 3, 4, 5, 26, 27, 44, 45, 51, 52, 53, 5'551, 65'534,
	65'535, 65'536, 131'070, 150'001, DIFF_BINARY_MAX_BYTES};

/* With one more, which is no file. */
enum { BINARY_SIZES = sizeof binary_sizes / sizeof *binary_sizes, BINARY_PAIRS = 100 };

struct binary {
	char name[32];
	bool is_there[2];
	struct buf sides[2];
	struct diff_options options;
};

static void binary_make(struct binary *b, size_t pair)
{
	size_t size[2] = {pair % (BINARY_SIZES + 1), (pair * 7 + pair / 3) % (BINARY_SIZES + 1)};

	snprintf(b->name, sizeof b->name, "%zu d\xc3\xa4ta", pair);
	for (int side = 0; side < 2; side++) {
		b->is_there[side] = size[side] < BINARY_SIZES;
		size_t n = b->is_there[side] ? binary_sizes[size[side]] : 0;
		/* The first of them is what makes it binary. */
		for (size_t i = 0; i < n; i++)
			buf_put_char(&b->sides[side], i ? (char)tree_random(256) : '\0');
	}
	struct str name = str_from(b->name);
	b->options = (struct diff_options){.before_name = b->is_there[0] ? name : (struct str){0},
		.after_name = b->is_there[1] ? name : (struct str){0},
		.before_mode = 0100644,
		.after_mode = pair % 2 && b->is_there[0] ? 0100755 : 0100644,
		.has_binary = true};
}

static void binary_assert(const struct binary *b, int side)
{
	AUTO(buf) path = {0};
	AUTO(buf) got = {0};
	struct err e;

	buf_printf(&path, "%s/%s", tree_root, b->name);
	if (!b->is_there[side]) {
		assert_int_equal(access(buf_text(&path), F_OK), -1);
		return;
	}
	if (!file_read(AT_FDCWD, buf_text(&path), 1 << 20, &got, &e))
		fail_msg("%s", e.text);
	if (!str_eq(buf_str(&got), buf_str(&b->sides[side])))
		fail_msg("%s is not what it should be", b->name);
}

static void test_git_applies_binary_ones(void **)
{
	static const char *const commands[] = {
		"git apply -R patch 2>&1", "git apply patch 2>&1"}; /* by the side they lead to */
	static struct binary binaries[BINARY_PAIRS];
	AUTO(buf) patch = {0};

	tree_new();
	for (size_t i = 0; i < BINARY_PAIRS; i++) {
		struct binary *b = &binaries[i];
		binary_make(b, i);
		if (!b->is_there[0] && !b->is_there[1])
			continue;
		if (b->is_there[0])
			tree_put(b->name, b->sides[0].p, b->sides[0].n);
		struct diff_counts counts = diff_put_unified(
			&patch, &b->options, buf_str(&b->sides[0]), buf_str(&b->sides[1]));
		assert_int_equal(counts.added + counts.deleted, 0);
	}
	tree_put("patch", patch.p, patch.n);
	for (int side = 1; side >= 0; side--) {
		char *said = tree_shell(commands[side]);
		assert_non_null(said);
		free(said);
		for (size_t i = 0; i < BINARY_PAIRS; i++)
			binary_assert(&binaries[i], side);
	}
	for (size_t i = 0; i < BINARY_PAIRS; i++)
		for (int side = 0; side < 2; side++)
			buf_release(&binaries[i].sides[side]);
}

/* git's own words for the same: the name and the digits. */
static void test_binary_form(void **)
{
	struct diff_options o = {
		.before_name = STR("f"), .after_name = STR("f"), .has_binary = true};
	AUTO(buf) out = {0};

	diff_put_unified(&out, &o, STR(""), STR("\0"));
	assert_string_equal(buf_text(&out),
		"diff --git a/f b/f\n"
		"index e69de29bb2d1d6434b8b29ae775ad8c2e48c5391.."
		"f76dd238ade08917e6712764a16a22005a50573d 100644\n"
		"GIT binary patch\nliteral 1\nLcmV+c0RH~~00962\n\nliteral 0\nKcmV+b0RR6000031\n\n");
}

static void test_large_binary_ones_are_only_told(void **)
{
	struct diff_options o = {
		.before_name = STR("f"), .after_name = STR("f"), .has_binary = true};
	AUTO(buf) text = {0};
	AUTO(buf) out = {0};

	while (text.n < DIFF_BINARY_MAX_BYTES)
		buf_put_char(&text, 'x');
	assert_false(diff_is_large(buf_str(&text), STR("a\0b")));
	buf_put_char(&text, 'x');
	assert_false(diff_is_large(buf_str(&text), STR("a")));
	assert_true(diff_is_large(buf_str(&text), STR("a\0b")));
	diff_put_unified(&out, &o, buf_str(&text), STR("a\0b"));
	assert_string_equal(
		buf_text(&out), "diff --git a/f b/f\nBinary files a/f and b/f differ\n");
}

/* ---- any pair of texts ---- */

/* Few words, so that lines come again. */
static void put_random_text(struct buf *out)
{
	static const char *const ends[] = {"\n", "\n", "\n", "\n", "\r\n", "\n\n"};
	size_t lines = tree_random(4) ? tree_random(30) : tree_random(400);
	unsigned words = 1 + tree_random(40);

	for (size_t i = 0; i < lines; i++)
		buf_printf(out, "w%d%s", (int)tree_random(words), ends[tree_random(6)]);
	if (tree_random(3) == 0)
		buf_put_text(out, "no end");
}

/* The text with some of its lines gone, doubled or moved. */
static void put_changed_text(struct buf *out, struct str text)
{
	struct str line, kept = {0};

	while (str_split(&text, '\n', &line)) {
		const char *end = text.p ? "\n" : "";
		switch (tree_random(12)) {
		case 0: break;
		case 1: buf_printf(out, "%.*s new%s", STR_ARG(line), end); break;
		case 2: kept = line; break;
		case 3: buf_printf(out, "%.*s\n", STR_ARG(kept)); [[fallthrough]];
		default: buf_printf(out, "%.*s%s", STR_ARG(line), end);
		}
	}
}

enum { PAIRS = 400 };

static struct buf texts[PAIRS][2];
static const char *const odd_names[] = {"plain", "with space", "tab\there", "quo\"te",
	"back\\slash", "\xc3\xa4\xc3\xb6", "\xff\xfe", "new\nline", "-dash", "d/e/f"};

static const char *name_of(int pair)
{
	static char name[64];

	snprintf(name, sizeof name, "%d%s", pair, odd_names[pair % 10]);
	return name;
}

static void make_pairs(struct buf *patch)
{
	for (int i = 0; i < PAIRS; i++) {
		struct buf *before = &texts[i][0], *after = &texts[i][1];
		buf_clear(before);
		buf_clear(after);
		put_random_text(before);
		if (tree_random(3))
			put_changed_text(after, buf_str(before));
		else
			put_random_text(after);
		struct str name = str_from(name_of(i));
		struct diff_options o = {.before_name = before->n ? name : (struct str){0},
			.after_name = after->n ? name : (struct str){0}};
		if (before->n)
			tree_put(name.p, before->p, before->n);
		if (before->n || after->n)
			diff_put_unified(patch, &o, buf_str(before), buf_str(after));
	}
}

static void check_pairs(void)
{
	for (int i = 0; i < PAIRS; i++) {
		AUTO(buf) path = {0};
		AUTO(buf) got = {0};
		struct err e;
		buf_printf(&path, "%s/%s", tree_root, name_of(i));
		if (texts[i][1].n == 0) {
			assert_int_equal(access(buf_text(&path), F_OK), -1);
			continue;
		}
		if (!file_read(AT_FDCWD, buf_text(&path), 1 << 20, &got, &e))
			fail_msg("%s", e.text);
		if (!str_eq(buf_str(&got), buf_str(&texts[i][1])))
			fail_msg("%s is not what it should be", buf_text(&path));
	}
}

static void apply(const char *command)
{
	AUTO(buf) patch = {0};

	tree_new();
	make_pairs(&patch);
	tree_put("patch", patch.p, patch.n);
	char *said = tree_shell(command);
	assert_non_null(said);
	free(said);
	check_pairs();
}

static void test_git_applies_them(void **)
{
	for (int round = 0; round < 3; round++)
		apply("git apply --whitespace=nowarn patch 2>&1");
}

static void test_patch_applies_them(void **)
{
	if (system("command -v patch >/dev/null") != 0)
		skip();
	apply("patch -s -p1 --binary <patch 2>&1");
}

static void test_git_applies_headers(void **)
{
	AUTO(buf) patch = {0};
	struct diff_options moved = {STR("a b"), STR("c\td"), 0100644, 0100755};
	struct diff_options empty = {.after_name = STR("empty file")};
	struct diff_options gone = {.before_name = STR("gone")};

	tree_new();
	tree_text("a b", "1\n2\n");
	tree_text("gone", "");
	diff_put_unified(&patch, &moved, STR("1\n2\n"), STR("1\n3\n"));
	diff_put_unified(&patch, &empty, STR(""), STR(""));
	diff_put_unified(&patch, &gone, STR(""), STR(""));
	tree_put("patch", patch.p, patch.n);
	char *said = tree_shell("git apply patch && ls && stat -c %a c* && cat c*");
	assert_string_equal(said, "c\td\nempty file\npatch\n755\n1\n3\n");
	free(said);
}

/* Small differences are the smallest there are: by the table of longest common subsequences. */
static size_t common_lines(const struct diff *d)
{
	static unsigned table[501][501];
	const struct diff_side *a = &d->before, *b = &d->after;

	for (size_t i = a->count; i-- > 0;)
		for (size_t k = b->count; k-- > 0;) {
			unsigned down = table[i + 1][k], right = table[i][k + 1];
			table[i][k] = str_eq(a->lines[i], b->lines[k]) ? table[i + 1][k + 1] + 1
				      : down > right                   ? down
								       : right;
		}
	size_t common = a->count && b->count ? table[0][0] : 0;
	memset(table, 0, sizeof table);
	return common;
}

static void test_small_ones_are_smallest(void **)
{
	for (int i = 0; i < 300; i++) {
		AUTO(buf) before = {0};
		AUTO(buf) after = {0};
		struct diff d;
		size_t kept = 0;
		for (size_t k = tree_random(60); k-- > 0;)
			buf_printf(&before, "%d\n", (int)tree_random(9));
		for (size_t k = tree_random(60); k-- > 0;)
			buf_printf(&after, "%d\n", (int)tree_random(9));
		diff_compare(&d, buf_str(&before), buf_str(&after));
		for (size_t k = 0; k < d.before.count; k++)
			kept += !d.before.is_changed[k];
		assert_int_equal(kept, common_lines(&d));
		diff_release(&d);
	}
}

/* ---- large texts ---- */

static void put_lines(struct buf *out, const char *word, int count, unsigned kinds)
{
	for (int i = 0; i < count; i++)
		buf_printf(out, "%s %d\n", word, kinds ? (int)tree_random(kinds) : i);
}

static struct diff_counts timed(const struct buf *before, const struct buf *after, double *ms)
{
	struct diff_options o = {.before_name = STR("f"), .after_name = STR("f")};
	AUTO(buf) out = {0};
	int64_t start = clock_cpu_ns();
	struct diff_counts counts = diff_put_unified(&out, &o, buf_str(before), buf_str(after));

	*ms = clock_ms(clock_cpu_ns() - start);
	return counts;
}

/* Far more than it takes, far less than work that grows with the square would. */
enum { LINES = 100'000, LARGE_MS = 20'000 };

static void test_large_and_unrelated(void **)
{
	for (unsigned kinds = 0; kinds < 1'000'000; kinds = kinds ? kinds * 10 : 2) {
		AUTO(buf) before = {0};
		AUTO(buf) after = {0};
		double ms;
		put_lines(&before, kinds ? "line" : "before", LINES, kinds);
		put_lines(&after, kinds ? "line" : "after", LINES, kinds);
		struct diff_counts counts = timed(&before, &after, &ms);
		print_message("%u kinds of line: +%zu -%zu, %.1f ms\n", kinds, counts.added,
			counts.deleted, ms);
		assert_int_equal(counts.added, counts.deleted);
		assert_true(ms < LARGE_MS);
	}
}

/* Many small changes of a large text are found as such. */
static void test_many_changes(void **)
{
	AUTO(buf) before = {0};
	AUTO(buf) after = {0};
	double ms;

	for (int i = 0; i < LINES; i++) {
		buf_printf(&before, "common %d\n", i % 50);
		buf_printf(&after, i % 50 == 25 ? "changed %d\n" : "common %d\n", i % 50);
	}
	struct diff_counts counts = timed(&before, &after, &ms);
	print_message("2,000 changes: +%zu -%zu, %.1f ms\n", counts.added, counts.deleted, ms);
	assert_int_equal(counts.added, LINES / 50);
	assert_int_equal(counts.deleted, LINES / 50);
}

static void test_hash_depends_on_every_byte(void **)
{
	char bytes[70] = {0};

	for (size_t n = 0; n < sizeof bytes; n++) {
		uint64_t whole = hash_bytes((struct str){bytes, n});
		assert_int_not_equal(whole, hash_bytes((struct str){bytes, n + 1}));
		for (size_t i = 0; i < n; i++) {
			bytes[i] = 1;
			assert_int_not_equal(whole, hash_bytes((struct str){bytes, n}));
			bytes[i] = 0;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hunks),
		cmocka_unit_test(test_contexts_that_touch),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_a_nul_is_binary),
		cmocka_unit_test(test_binary_form),
		cmocka_unit_test(test_git_applies_binary_ones),
		cmocka_unit_test(test_large_binary_ones_are_only_told),
		cmocka_unit_test(test_git_applies_them),
		cmocka_unit_test(test_patch_applies_them),
		cmocka_unit_test(test_git_applies_headers),
		cmocka_unit_test(test_small_ones_are_smallest),
		cmocka_unit_test(test_large_and_unrelated),
		cmocka_unit_test(test_many_changes),
		cmocka_unit_test(test_hash_depends_on_every_byte),
	};
	int result = cmocka_run_group_tests(tests, tree_setup, tree_teardown);

	for (int i = 0; i < PAIRS; i++)
		for (int k = 0; k < 2; k++)
			buf_release(&texts[i][k]);
	return result;
}
