// SPDX-License-Identifier: MIT
/* Markdown on a terminal: what a screen shows in the end, and how it came there. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "screen.h"
#include "ui/markdown.h"

struct show {
	size_t columns, height;
	bool has_colour, has_styles;
};

struct shown {
	struct buf text;
	size_t bytes, redraws, wraps;
	bool is_mid_line;
};

static void shown_release(struct shown *s)
{
	buf_release(&s->text);
}

/* The screen after the pieces: step bytes each, the first of them first. */
static void show(struct show how, struct str source, size_t first, size_t step, struct shown *out)
{
	AUTO(screen) screen = {.columns = how.columns, .height = how.height};
	AUTO(buf) written = {0};
	struct markdown *m = markdown_new(how.has_colour);

	*out = (struct shown){0};
	markdown_resize(m, how.columns, how.height);
	for (size_t n = first; source.n; n = step) {
		markdown_put(m, str_head(source, n), &written);
		source = str_skip(source, n);
		out->bytes += written.n;
		screen_write(&screen, buf_str(&written));
		buf_clear(&written);
	}
	markdown_end(m, &written);
	out->bytes += written.n;
	screen_write(&screen, buf_str(&written));
	out->is_mid_line = markdown_is_mid_line(m);
	markdown_free(m);
	screen_text(&screen, how.has_styles, &out->text);
	out->redraws = screen.redraws;
	out->wraps = screen.wraps;
	if (screen.mistake)
		fail_msg("%s\n%s", screen.mistake, buf_text(&out->text));
	if (screen.is_synchronized || *screen.style)
		fail_msg("left in the middle of something\n%s", buf_text(&out->text));
}

static void expect(struct show how, const char *source, const char *screen)
{
	AUTO(shown) s = {0};

	show(how, str_from(source), SIZE_MAX, SIZE_MAX, &s);
	assert_string_equal(buf_text(&s.text), screen);
}

static const struct show narrow = {20, 24}, wide = {80, 24};
static const struct show styled = {80, 24, .has_styles = true};
static const struct show coloured = {80, 24, .has_colour = true, .has_styles = true};

static void test_blocks(void **)
{
	expect(wide, "# One\n\ntext\n## Two ##\n### Three\n#no\n####### seven\n",
		"One\n\ntext\nTwo ##\nThree\n#no\n####### seven\n");
	expect(styled, "# One\n## Two *x*\n", "{1;4}One{}\n{1}Two {1;3}x{}\n");
	expect(coloured, "# One\n", "{1;4;34}One{}\n");
	expect(narrow, "---\n***\n_ _ _\n--\n-x\n",
		"───────────────────\n───────────────────\n───────────────────\n--\n-x\n");
	expect(narrow, "> said\n> > twice, and long enough\n\nnot\n",
		"│ said\n│ │ twice, and long\n│ │ enough\n\nnot\n");
	expect(wide, "text\n    goes on\n\n    code *x*\n      more\n\nend",
		"text\ngoes on\n\ncode *x*\n  more\n\nend");
	expect(wide, "\n\na\n\n\nb", "\n\na\n\n\nb");
}

static void test_lists(void **)
{
	expect(narrow, "- one two three four five\n* two\n+ three\n-\n",
		"• one two three\n  four five\n• two\n• three\n•\n");
	expect(narrow, "- one\n  - two is longer than it\n    1. three\n    2) four\n- five\n",
		"• one\n  ◦ two is longer\n    than it\n    1. three\n    2) four\n• five\n");
	expect(narrow, "10. ten\n    goes on here and there\n\n    its paragraph\n\nout\n",
		"10. ten\n    goes on here\n    and there\n\n    its paragraph\n\nout\n");
	expect(wide, "1. a\n   - b\n   ```c\n   int x;\n     y\n   ```\n2. c\n",
		"1. a\n   ◦ b\n   ```c\n   int x;\n     y\n   ```\n2. c\n");
	expect(wide, "- [ ] do\n- [x] done\n- a\nlazy\n", "• [ ] do\n• [x] done\n• a\n  lazy\n");
	expect(wide, "**bold**\n*it*\n1.5 times\n2024 was\n1234567890. no\n-5\n+\n",
		"bold\nit\n1.5 times\n2024 was\n1234567890. no\n-5\n•\n");
}

static void test_styles(void **)
{
	expect(styled, "a **b c** *d* _e_ ***f*** `g*` ~~h~~",
		"a {1}b c{} {3}d{} {3}e{} {1;3}f{} g* {9}h{}");
	expect(coloured, "`x` y", "{36}x{} y");
	expect(styled, "2 * 3 * 4, snake_case_name, __init__, a**b, **open, *args, **kw",
		"2 * 3 * 4, snake_case_name, {1}init{}, a**b, **open, *args, **kw");
	expect(styled, "\\*no\\* `a``b` ``c`d`` ` x", "*no* a``b c`d ` x");
	expect(styled, "**漢字。**漢字 *漢*字", "{1}漢字。{}漢字 {3}漢{}字");
	expect(styled,
		"[text](http://x/a_b_c) [http://x](http://x) [here](#there) [1] [a][b] a[i](x",
		"{4}text{} {2}(http://x/a_b_c){} {4}http://x{} {4}here{} [1] [a][b] a[i](x");
	expect(styled, "![alt](p.png) !x [a (b)](u(v)) **[bold](u)**",
		"{4}alt{} {2}(p.png){} !x {4}a (b){} {2}(u(v)){} {1;4}bold{} {1;2}(u){}");
	expect(styled, "**a *b** c* ~one~ ~~~~ ____ **** ", "{3}a b c{} ~one~ ~~~~ ____ ****");
}

static void test_code(void **)
{
	expect(styled, "```c\nint x; // *no*\n```\nafter *x*\n",
		"{2}```c{}\nint x; {2}// *no*{}\n{2}```{}\nafter {3}x{}\n");
	expect(coloured,
		"~~~py\ndef f(x): # c\n  return 'a\\'b' + 12\n```\n\"\"\"d\ne\"\"\" + elif_x\n~~~\n",
		"{2}~~~py{}\n{34}def{} f(x): {2}# c{}\n  {34}return{} {32}'a\\'b'{} + {36}12{}\n"
		"```\n{32}\"\"\"d{}\n{32}e\"\"\"{} + elif_x\n{2}~~~{}\n");
	expect(coloured, "```js\n/* a\n b */ let s = `x\n${y}`; a / b\n```\n",
		"{2}```js{}\n{2}/* a{}\n{2} b */{} {34}let{} s = {32}`x{}\n{32}${y}`{}; a / b\n{2}```{}\n");
	expect(coloured, "```sh\necho \"a # b\" $# # c\n```\n```diff\n-a\n+b\n@@ 1\n c\n```\n",
		"{2}```sh{}\n{34}echo{} {32}\"a # b\"{} $# {2}# c{}\n{2}```{}\n{2}```diff{}\n{31}-a{}\n"
		"{32}+b{}\n{36}@@ 1{}\n c\n{2}```{}\n");
	expect(coloured, "```sql\nSELECT a FROM b -- c\n```\n```json\n{\"a\": [true, 1.5]}\n```\n",
		"{2}```sql{}\n{34}SELECT{} a {34}FROM{} b {2}-- c{}\n{2}```{}\n{2}```json{}\n"
		"{{32}\"a\"{}: [{34}true{}, {36}1.5{}]}\n{2}```{}\n");
	expect(coloured, "```rust\nfn f<'a>(x: &'a str) {}\n```\n```nothing\nint x\n```",
		"{2}```rust{}\n{34}fn{} f<'a>(x: &'a str) {}\n{2}```{}\n{2}```nothing{}\nint x\n{2}```{}");
	/* Longer than the screen is wide, and as it was. */
	expect((struct show){10, 24}, "```\n0123456789abcdef  x\n\tt\n```",
		"```\n0123456789\nabcdef  x\n t\n```");
	expect(wide, "````\n```\n````\n```\nnever ends\n\n  ``\n",
		"````\n```\n````\n```\nnever ends\n\n  ``\n");
	expect(wide, "> ```\n> a\n>\n> ```\n> b\n", "│ ```\n│ a\n│\n│ ```\n│ b\n");
}

static void test_tables(void **)
{
	expect(wide, "| a | bcd |\n|---|:-:|\n| 1 | x |\n| 漢字 | **y** `z` |\n\nend\n",
		"a    │ bcd\n─────┼────\n1    │  x\n漢字 │ y z\n\nend\n");
	expect(styled, "|n|\n|-:|\n|10|\n|9|", " {1}n{}\n{2}──{}\n10\n 9\n");
	expect((struct show){24, 24},
		"| name | what it is |\n|---|---|\n| a | some words that wrap |\n| bcdefghijklmnop | x |\n",
		"name       │ what it is\n───────────┼───────────\na          │ some words\n           │ that wrap\n"
		"bcdefghijk │ x\nlmnop      │\n");
	expect(wide, "| a | b |\nno table\n| c\n\n| d |\n| e |\n",
		"| a | b |\nno table\n| c\n\n| d |\n| e |\n");
	expect(wide, "|a|b|\n|-|-|\n|1|\n|1|2|3|4|\n|x \\| y|`p\\|q`|\n",
		"a     │ b\n──────┼──────\n1     │\n1     │ 2|3|4\nx | y │ p|q\n");
	expect(wide, "- x\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n- y",
		"• x\n  a │ b\n  ──┼──\n  1 │ 2\n• y");
	expect(wide, "> | a |\n> |---|\n> | 1 |\n", "│ a\n│ ─\n│ 1\n");
}

static void test_wrapping(void **)
{
	expect(narrow, "one two three four five six", "one two three four\nfive six");
	expect(narrow, "0123456789012345678 x 01234567890123456789",
		"0123456789012345678\nx\n0123456789012345678\n9");
	expect((struct show){10, 24}, "漢字漢字漢字 ab漢", "漢字漢字\n漢字 ab漢");
	expect((struct show){10, 24}, "漢字漢字。x", "漢字漢\n字。x");
	expect((struct show){8, 24},
		"e\xcc\x81"
		"e\xcc\x81"
		"e\xcc\x81 😀😀😀",
		"e\xcc\x81"
		"e\xcc\x81"
		"e\xcc\x81 😀\n😀😀");
	expect((struct show){2, 3}, "漢a bc", "漢\na\nb\nc");
	expect((struct show){3, 2}, "> > > abc", "ab\nc");
}

/* What the model sends is text, whatever a terminal would make of it. */
static void test_control(void **)
{
	expect(styled,
		"a\x1b[31mb\x1b]0;t\x07"
		"c\x08\r\n\xe2\x80\xae"
		"d\xff\x9b"
		"2J\x1b[",
		"abc\nd��2J");
	expect(styled, "```c\n\x1b[2Jx\x1b[H // \x1b[31my\n```",
		"{2}```c{}\nx {2}// y{}\n{2}```{}");
}

/* ---- properties ---- */

static const char *const documents[] = {
	"# Title *x*\n\nA **bold claim** with `code`, a [link](http://example.org/a_b) and ~~not~~ this; "
	"2 * 3, snake_case, **open.\n\n- item one that is long enough to wrap at twenty\n  - inner *item* two\n"
	"    1. deep\n- [x] task\n\n> quote with 漢字漢字漢字漢字 and 😀 emoji\n> > more\n\n---\n\nend.",
	"| a | 漢字 | c |\n|---|:-:|--:|\n| 1 | *x* and some more words | 3 |\n| long long cell | `y` | 10 |\n"
	"after\n| no | table |\nx\n| head |\n|---|\n",
	"```c\nint main(void) /* a\n b */ { return \"s\\\"t\"[0] + 'c' / 2; } // end\n```\n1. x\n   ```py\n   \"\"\"d\n"
	"   e\"\"\"\n   ```\n\n    indented\n~~~\n```\nunclosed",
	"*a **b *c** d* _e __f_ g__ `h ``i` j`` [k [l](m) n](o) ![p](q) \\*r\\* \\",
	"- \n-\n*\n1.\n#\n>\n>>\n> -\n| \n|-\n--\n```\n```\n~~\n`\n**\n__\n[\n](\n!\n\\\n",
	"**漢字。**漢字、e\xcc\x81"
	"e\xcc\x81 👩‍💻 ❤️ \x1b[31mred\x1b[0m \x1b]0;t\x07"
	"done\r\nwords words words words words\t*tab*",
	"a ***b** c* ***d* e** **f*g*h** *i*j*k* **** ***x***y*** `a` ``b`` [x](y(z)w) [a](b\n[c](d) *e\nf*",
};

static void test_every_split(void **)
{
	static const struct show ways[] = {{20, 6, true, true}, {40, 24, true, true},
		{80, 24, false, true}, {7, 2, true, true}};

	for (size_t d = 0; d < sizeof documents / sizeof *documents; d++)
		for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
			struct str source = str_from(documents[d]);
			AUTO(shown) whole = {0};
			show(ways[w], source, SIZE_MAX, SIZE_MAX, &whole);
			for (size_t step = 0; step < 8; step++)
				for (size_t at = 1; at <= (step ? 1 : source.n); at++) {
					AUTO(shown) pieces = {0};
					show(ways[w], source, step ? step : at,
						step ? step : SIZE_MAX, &pieces);
					assert_string_equal(
						buf_text(&pieces.text), buf_text(&whole.text));
					assert_int_equal(pieces.is_mid_line, whole.is_mid_line);
				}
		}
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

/* Texts of all that means something, put together at random. */
static void test_random_texts(void **)
{
	static const char *const parts[] = {"*", "**", "_", "`", "``", "```", "~~", "[", "]", "](",
		")", "(", "!", "\\", " ", " ", "\n", "\n", "\n\n", "- ", "1. ", "# ", "> ", "| ",
		"|", "|---|", "    ", "word", "a", "漢字", "😀", "e\xcc\x81", ".", "---", "\"", "/*",
		"*/", "//", "#", "\t"};
	uint32_t state = 1;

	for (int i = 0; i < 400; i++) {
		AUTO(buf) source = {0};
		for (uint32_t n = next_random(&state) % 120; n; n--)
			buf_put_text(&source,
				parts[next_random(&state) % (sizeof parts / sizeof *parts)]);
		AUTO(shown) whole = {0};
		AUTO(shown) pieces = {0};
		struct show how = {
			8 + next_random(&state) % 60, 2 + next_random(&state) % 20, true, true};
		show(how, buf_str(&source), SIZE_MAX, SIZE_MAX, &whole);
		show(how, buf_str(&source), 1 + next_random(&state) % 9,
			1 + next_random(&state) % 9, &pieces);
		if (strcmp(buf_text(&pieces.text), buf_text(&whole.text)) != 0)
			print_message("source: <<%s>>\n", buf_text(&source));
		assert_string_equal(buf_text(&pieces.text), buf_text(&whole.text));
	}
}

/* Letters and digits, in their order. */
static void put_words(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (isalnum((unsigned char)text.p[i]))
			buf_put_char(out, text.p[i]);
}

static void test_no_word_is_lost(void **)
{
	const char *sources[] = {documents[0], documents[2], documents[3], documents[6],
		"| a | b |\n|---|---|\n| c *d* e | f |\n| g | h | i | j |\n\nk",
		"> > > quoted\n- - - x\n- a\n- b\n  c\n\n1. [d](e) ![f](g)\n"};

	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
		for (size_t columns = 12; columns < 300; columns = columns * 3 / 2) {
			AUTO(shown) s = {0};
			AUTO(buf) before = {0};
			AUTO(buf) after = {0};
			show((struct show){i == 4 ? 300 : columns, 24}, str_from(sources[i]), 3, 3,
				&s);
			put_words(&before, str_from(sources[i]));
			put_words(&after, buf_str(&s.text));
			assert_string_equal(buf_text(&after), buf_text(&before));
		}
}

/* ---- how it comes there ---- */

static void test_rows_are_left_alone(void **)
{
	AUTO(buf) source = {0};
	AUTO(shown) s = {0};

	for (int i = 0; i < 200; i++)
		buf_put_text(&source, "a few words that nothing will change ");
	show(wide, buf_str(&source), 1, 1, &s);
	/* Only a word that turns out not to fit any more is moved, one a row. */
	assert_in_range(s.redraws, 1, 100);
	assert_int_equal(s.wraps, 0);
	shown_release(&s);
	show(wide, STR("plain **bold** plain `code` plain\n"), 1, 1, &s);
	assert_int_equal(s.redraws, 2);
	shown_release(&s);
	show(wide,
		STR("```c\nint main(void) { return \"a\" /* b */; }\n```\n| a |\n|---|\n| b |\n\n"),
		1, 1, &s);
	assert_int_equal(s.redraws, 0);
}

/* A cursor cannot go up to rows that have left the screen. */
static void test_low_screens(void **)
{
	AUTO(buf) source = {0};

	buf_put_text(&source, "**");
	for (int i = 0; i < 40; i++)
		buf_put_text(&source, "open words ");
	buf_put_text(&source, "end** closed");
	for (size_t height = 1; height < 12; height++) {
		AUTO(shown) s = {0};
		AUTO(shown) whole = {0};
		struct show how = {20, height, .has_styles = true};
		show(how, buf_str(&source), 7, 7, &s);
		show(how, buf_str(&source), SIZE_MAX, SIZE_MAX, &whole);
		assert_string_equal(buf_text(&s.text), buf_text(&whole.text));
	}
}

/* What is written grows with what is read, whatever it is. */
static void expect_linear(const char *part, size_t times, size_t step, size_t factor)
{
	AUTO(buf) source = {0};
	AUTO(shown) s = {0};

	while (times--)
		buf_put_text(&source, part);
	show((struct show){80, 24, true}, buf_str(&source), step, step, &s);
	if (s.bytes > source.n * factor)
		fail_msg("%.20s: %zu bytes for %zu", part, s.bytes, source.n);
}

static void test_nothing_grows_faster(void **)
{
	expect_linear("word ", 20'000, 16, 3);
	expect_linear("x", 100'000, 16, 3);
	expect_linear("*a ", 10'000, 16, 80);
	expect_linear("**a** b", 10'000, 16, 8);
	expect_linear("`", 50'000, 16, 3);
	expect_linear("*", 50'000, 16, 3);
	expect_linear("[", 20'000, 16, 80);
	expect_linear("\\", 50'000, 16, 3);
	expect_linear("-", 50'000, 16, 3);
	expect_linear(">", 10'000, 16, 4);
	expect_linear("|", 50'000, 16, 3);
	expect_linear("| a | b |\n|---|---|\n", 1, 16, 10);
	expect_linear("|a|\n|-|\n|b|\n", 3'000, 16, 20);
	expect_linear("\n", 50'000, 16, 3);
	expect_linear("    ", 20'000, 16, 3);
}

static void test_resizing(void **)
{
	AUTO(screen) screen = {.columns = 40, .height = 24};
	AUTO(buf) out = {0};
	AUTO(buf) text = {0};
	struct markdown *m = markdown_new(false);

	markdown_resize(m, 40, 24);
	markdown_put(m, STR("one two three four five six seven "), &out);
	markdown_resize(m, 20, 24);
	markdown_put(m, STR("eight nine ten\nnext line is laid out anew"), &out);
	markdown_end(m, &out);
	markdown_free(m);
	screen_write(&screen, buf_str(&out));
	screen_text(&screen, false, &text);
	assert_non_null(strstr(buf_text(&text), "next line is laid\nout anew"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_styles),
		cmocka_unit_test(test_code),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_every_split),
		cmocka_unit_test(test_random_texts),
		cmocka_unit_test(test_no_word_is_lost),
		cmocka_unit_test(test_rows_are_left_alone),
		cmocka_unit_test(test_low_screens),
		cmocka_unit_test(test_nothing_grows_faster),
		cmocka_unit_test(test_resizing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
