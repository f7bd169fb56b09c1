// SPDX-License-Identifier: MIT
/* HTML as Markdown and text, and the encodings it comes in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "agent/tool/charset.h"
#include "agent/tool/html.h"
#include "base/clock.h"
#include "base/utf8.h"

static void convert(const char *html, bool is_markdown, struct html_page *page)
{
	struct html_request request = {.html = str_from(html),
		.url = STR("https://host.example/a/b.html?q#f"),
		.is_markdown = is_markdown};
	struct err e;

	if (!html_convert(&request, page, &e))
		fail_msg("%s", e.text);
}

static const struct {
	const char *html, *markdown;
} documents[] = {
	{"", ""},
	{"plain", "plain"},
	{"<p>one <p> two\n three", "one\n\ntwo three"},
	{"a<br>b<br><br>c", "a\nb\n\nc"},
	{"<h1>A <b>b</b></h1><h3><div>x</div><div>y</div></h3>t", "# A **b**\n\n### x y\n\nt"},
	{"<h2></h2><h2> </h2>t", "t"},
	{"a <b>bold </b>c <i> it</i> <em><b><b>x</b></b></em> <del>no</del>",
		"a **bold** c *it* ***x*** ~~no~~"},
	{"<b></b><i> </i>x", "x"},
	{"<b>a<p>b</b>c", "**a**\n\n**b**c"},
	/* links */
	{"<a href=x>y</a> <a href='/z?a=b c'> t </a>",
		"[y](https://host.example/a/x) [t](https://host.example/z?a=b%20c)"},
	{"<a href=//o.example>o</a><a href=../..>u</a>",
		"[o](https://o.example)[u](https://host.example/)"},
	{"<a href=#f>f</a> <a href='javascript:x()'>j</a> <a href=' data:,x'>d</a> <a>n</a>",
		"f j d n"},
	{"<a href=x></a><a href=y><img src=z></a>end", "end"},
	{"<a href=x><h3>T</h3><p>p</p></a>", "[T p](https://host.example/a/x)"},
	{"<a href='w_(x)'>w</a>", "[w](<https://host.example/a/w_(x)>)"},
	{"<a href='x\n y\t<'>w</a>", "[w](https://host.example/a/x%20y%3C)"},
	{"<base href='/c/'><a href=x>y</a>", "[y](https://host.example/c/x)"},
	{"<base href='javascript:'><a href=x>y</a>", "[y](https://host.example/a/x)"},
	{"<h2>T<a class=headerlink href=#t>&para;</a></h2>", "## T"},
	{"<img alt=' a cat ' src=http://x.example/t.gif><img src=y>", "[image: a cat]"},
	{"<a href=x>a<ul><li>b</ul></a><ul><li><a href=y>c</a></ul>",
		"[a b](https://host.example/a/x)\n\n- [c](https://host.example/a/y)"},
	/* lists */
	{"<ul><li>a<li>b<ul><li>c</ul><li>d</ul>e", "- a\n- b\n  - c\n- d\n\ne"},
	{"<ol start=9><li>a<p>b</p><li>c</ol>", "9. a\n\n   b\n\n10. c"},
	{"<ul><li><ul><li>x</ul></ul>", "- - x"},
	{"<ul><li></li><li><li>x</ul>y", "- x\n\ny"},
	{"<ul><li><input type=checkbox checked> a<li><input type=checkbox>b</ul>",
		"- [x] a\n- [ ] b"},
	{"<dl><dt>t<dd>d<dt>u<dd>e</dl>", "t\n  d\nu\n  e"},
	{"<blockquote>a<p>b<blockquote>c</blockquote></blockquote>d", "> a\n>\n> b\n>\n> > c\n\nd"},
	{"<ul><li><blockquote>q<p>r</blockquote></ul>", "- > q\n  >\n  > r"},
	/* code */
	{"<pre><code class='x language-c'>int x;\n\n  y;\n</code></pre>z",
		"```c\nint x;\n\n  y;\n```\n\nz"},
	{"<div class='highlight-source-shell'><pre>ls <b>-l</b></pre></div>",
		"```shell\nls -l\n```"},
	{"<pre>```\nx</pre>", "````\n```\nx\n````"},
	{"<pre><div>a</div><div>b</div>c<br>d</pre>", "```\na\nb\nc\nd\n```"},
	{"<ul><li>a<pre>x\n y</pre>b</ul>", "- a\n\n  ```\n  x\n   y\n  ```\n\n  b"},
	{"use <code>a  b</code>, <code>`</code> <code></code> <kbd>x|y</kbd>",
		"use `a b`, `` ` `` `x|y`"},
	{"<pre> \n </pre>x", "x"},
	/* tables */
	{"<table><tr><th>a<th>b|c<tr><td>1<td></table>t", "| a | b\\|c |\n|---|---|\n| 1 | |\n\nt"},
	{"<table><tr><td><p>x</p><ul><li>y</ul><td><code>a|b</code></table>",
		"| x y | `a\\|b` |\n|---|---|"},
	{"<table><tr><td>l<table><tr><td>1<td>2</table><td>r</table>",
		"l\n\n| 1 | 2 |\n|---|---|\n\nr"},
	{"<pre><table></table></pre><table><tr><td><table><tr><td>1</table></table>",
		"| 1 |\n|---|"},
	{"<table><tr></tr></table>x", "x"},
	/* what is left out */
	{"<script>s()</script><style>p{}</style><nav><a href=x>n</a></nav><p>t<svg>v</svg>"
	 "<button>b</button><noscript>n</noscript><template>t</template><!-- c --><iframe>i",
		"t"},
	{"<p hidden>a<p aria-hidden=true>b<p style='color:red;display : none'>c<p role=navigation>"
	 "d<p style='display:block'>e",
		"e"},
	{"<title> A\n title </title>t", "t"},
	{"a&nbsp;&nbsp;b &lt;c&gt; &amp;amp; &#27;[0m", "a b <c> &amp; \x1b[0m"},
	{"<frameset><frame></frameset>x", "x"},
	{"<hr>a<hr>b<hr>", "---\n\na\n\n---\n\nb\n\n---"},
};

static void test_documents(void **)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
		AUTO(html_page) page = {0};
		convert(documents[i].html, true, &page);
		if (strcmp(buf_text(&page.text), documents[i].markdown) == 0)
			continue;
		print_error("%s\n--- gives\n%s\n--- and not\n%s\n\n", documents[i].html,
			buf_text(&page.text), documents[i].markdown);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

static void test_plain_text(void **)
{
	AUTO(html_page) page = {0};

	convert("<title>T\n t</title><h1>H</h1><a href=x>l</a> <b>b</b> <code>c`</code><pre>p\n"
		"q</pre><table><tr><td>1<td>a|b</table><ul><li>i</ul>",
		false, &page);
	assert_string_equal(buf_text(&page.title), "T t");
	assert_string_equal(buf_text(&page.text), "H\n\nl b c`\n\np\nq\n\n1 | a|b\n\n- i");
}

static void put_times(struct buf *b, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		buf_put_text(b, text);
}

/* Too deep, too many clones, too many attributes: an answer or a refusal, soon. */
static void *meet_monsters(void *)
{
	static const struct {
		const char *start, *again, *end;
		size_t times;
	} monsters[] = {
		{"", "<div>", "x", 200'000},
		{"", "<x>", "x", 500'000},
		{"", "<x>", "<FrameSet>x", 300'000},
		{"", "<b><i><u><p>", "x", 100'000},
		{"<table>", "<table><tr><td>", "x", 100'000},
		{"", "<ul><li><blockquote>", "x", 100'000},
		{"<p ", "a b c ", ">x", 300'000},
		{"<pre>", "<code>", "x", 3000},
		{"", "</p></br>", "x", 200'000},
		{"", "<a href=x>", "x", 200'000},
		{"", "<svg><p>", "x", 100'000},
		{"<select>", "<option>", "x", 200'000},
	};

	for (size_t i = 0; i < sizeof monsters / sizeof *monsters; i++) {
		AUTO(html_page) page = {.text = {.max = 16 << 20}};
		AUTO(buf) html = {0};
		struct err e;
		buf_put_text(&html, monsters[i].start);
		put_times(&html, monsters[i].again, monsters[i].times);
		buf_put_text(&html, monsters[i].end);
		struct html_request request = {.html = buf_str(&html),
			.url = STR("https://host.example/"),
			.is_markdown = true};
		int64_t started = clock_ns();
		bool is_good = html_convert(&request, &page, &e);
		print_message("# %s: %s, %.0f ms, %zu bytes\n", monsters[i].again,
			is_good ? "converted" : e.text, clock_ms(clock_ns() - started),
			page.text.n);
		must(is_good || e.code == ERR_LIMIT);
	}
	return NULL;
}

/* With the stack that workers have. */
static void test_monsters(void **)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	assert_int_equal(pthread_attr_setstacksize(&attributes, 1 << 20), 0);
	assert_int_equal(pthread_create(&thread, &attributes, meet_monsters, NULL), 0);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
}

static void test_output_is_limited(void **)
{
	AUTO(html_page) page = {.text = {.max = 10'000}};
	AUTO(buf) html = {0};

	buf_printf(&html, "<base href=/");
	put_times(&html, "long", 1000);
	buf_put_text(&html, "/>");
	put_times(&html, "<a href=x>y</a> ", 10'000);
	convert(buf_text(&html), true, &page);
	assert_true(page.text.overflow);
	assert_true(page.text.n <= 10'000);
}

static void test_cancel(void **)
{
	AUTO(html_page) page = {0};
	atomic_bool cancel = true;
	struct html_request request = {
		.html = STR("<p>x"), .url = STR("https://h/"), .cancel = &cancel};
	struct err e;

	assert_false(html_convert(&request, &page, &e));
	assert_int_equal(e.code, ERR_CANCELLED);
}

static void test_charsets(void **)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *label, *text;
	} texts[] = {
		{"caf\xc3\xa9", 5, NULL, "café"},
		{"caf\xe9 \x80\x93", 7, NULL, "café €“"},
		{"caf\xe9", 4, "ISO-8859-1", "café"},
		{"caf\xe9", 4, "utf-8", "caf\xef\xbf\xbd"},
		{"\xef\xbb\xbfx", 4, "latin1", "x"},
		{"\xff\xfe"
		 "a\0\xac\x20",
			6, NULL, "a€"},
		{"\xfe\xff\0a\x20\xac", 6, "utf-8", "a€"},
		{"\xd0\xd2\xc9", 3, "koi8-r", "при"},
		{"\xef\xf0\xe8", 3, "Windows-1251", "при"},
		{"\x93\xfa\x96\x7b", 4, "Shift_JIS", "日本"},
		{"\xc8\xd5\xb1\xbe", 4, "gb2312", "日本"},
		{"\xb0\xa1x\xff", 4, "euc-kr", "가x\xef\xbf\xbd"},
		{"\xa4", 1, "iso-8859-15", "€"},
		{"a\xc3", 2, "utf-8", "a\xef\xbf\xbd"},
		{"caf\xc3\xa9", 5, "../../etc/passwd", "café"},
		{"caf\xc3\xa9", 5, "iso-2022-cn-ext", "café"},
		{"", 0, "big5", ""},
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		AUTO(buf) out = {0};
		charset_put(
			&out, (struct str){texts[i].bytes, texts[i].n}, str_from(texts[i].label));
		assert_string_equal(buf_text(&out), texts[i].text);
		assert_true(utf8_is_valid(buf_str(&out)));
	}
}

static void expect_label(struct str found, const char *label)
{
	if (label ? !str_is(found, label) : found.p != NULL)
		fail_msg("%.*s instead of %s", STR_ARG(found), label ? label : "none");
}

static void test_labels(void **)
{
	AUTO(buf) late = {0};

	expect_label(charset_of_type(STR("text/html; charset=koi8-r")), "koi8-r");
	expect_label(charset_of_type(STR("text/html;Charset = \"UTF-8\"; x=y")), "UTF-8");
	expect_label(charset_of_type(STR("text/html; charset")), NULL);
	expect_label(charset_of_type(STR("text/html; charset=")), NULL);
	expect_label(charset_of_type(STR("text/html")), NULL);
	expect_label(charset_of_type((struct str){0}), NULL);
	expect_label(charset_of_html(STR("<p><META charset='big5'>")), "big5");
	expect_label(charset_of_html(STR("<meta name=x><meta http-equiv=content-type "
					 "content='text/html; charset=cp1251'>")),
		"cp1251");
	expect_label(charset_of_html(STR("<meta charset=utf-16le>")), NULL);
	expect_label(charset_of_html(STR("charset=big5 <p charset=big5>")), NULL);
	expect_label(charset_of_html(STR("<meta")), NULL);
	put_times(&late, " ", 1100);
	buf_put_text(&late, "<meta charset=big5>");
	expect_label(charset_of_html(buf_str(&late)), NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_plain_text),
		cmocka_unit_test(test_monsters),
		cmocka_unit_test(test_output_is_limited),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_charsets),
		cmocka_unit_test(test_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
