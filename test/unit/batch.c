// SPDX-License-Identifier: MIT
/* Lists of tasks: what is read, what is refused and where, and what templates become. */
#include "tree.h"

#include "base/json.h"
#include "batch/batch.h"
#include "batch/template.h"

static struct err failure;

typedef void reader(struct tasks *t, struct str text);

/* What is wrong with a text, a line a problem; nothing when it is a list. */
static char *wrong_with(reader *read, const char *text)
{
	AUTO(tasks) t = {0};
	AUTO(buf) out = {0};

	read(&t, str_from(text));
	bool good = tasks_finish(&t, false, &failure);
	assert_int_equal(good, t.problems.n == 0 && t.items.n > 0);
	tasks_put_problems(&out, &t);
	return must_copy(buf_text(&out), out.n);
}

static void assert_wrong(reader *read, const char *text, const char *expected)
{
	char *found = wrong_with(read, text);

	assert_string_equal(found, expected);
	free(found);
}

static bool give_result(void *self, struct str id, struct buf *out)
{
	if (str_is(id, "none"))
		return false;
	buf_printf(out, "%s%.*s", (const char *)self, STR_ARG(id));
	return true;
}

static char *filled(const struct task *task)
{
	AUTO(buf) out = {0};
	char self[] = "{{x}} of ";

	if (!task_fill(task, task->prompt, give_result, self, &out, &failure))
		return must_copy("-", 1);
	return must_copy(buf_text(&out), out.n);
}

static void assert_filled(const struct task *task, const char *expected)
{
	char *text = filled(task);

	assert_string_equal(text, expected);
	free(text);
}

/* ---- templates ---- */

static void templates_are_filled(void **)
{
	static const struct {
		const char *template, *text;
	} rows[] = {
		{"plain", "plain"},
		{"{{x}}", "a\"b"},
		{"<{{ x }}>", "<a\"b>"},
		{"{{json:x}}", "\"a\\\"b\""},
		{"{{json: x }}", "\"a\\\"b\""},
		{"{{n}} {{json:n}}", "[1, 2] [1, 2]"},
		{"{{{x}}}", "{a\"b}"},
		{"\\{{x}}", "{{x}}"},
		{"\\\\{{x}}", "\\a\"b"},
		{"\\\\\\{{x}}", "\\{{x}}"},
		{"a\\{{x}}b{{x}}", "a{{x}}ba\"b"},
		{"int a[][2] = {{1, 2}, {3, 4}};", "int a[][2] = {{1, 2}, {3, 4}};"},
		{"{{", "{{"},
		{"{{x", "{{x"},
		{"{{x}", "{{x}"},
		{"{{}}", "{{}}"},
		{"{{ }}", "{{ }}"},
		{"{{json:}}", "{{json:}}"},
		{"{{x\n}}", "{{x\n}}"},
		{"\\ {{x}} \\", "\\ a\"b \\"},
		{"{{result:t}}", "{{x}} of t"},
		{"{{json:result:t}}", "\"{{x}} of t\""},
		{"{{result:none}}", "-"},
		{"{{missing}}", "-"},
		{"{{x}}{{x}}", "a\"ba\"b"},
	};
	struct task_var vars[] = {
		{STR("x"), STR("a\"b"), true},
		{STR("n"), STR("[1, 2]"), false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct task task = {
			.prompt = str_from(rows[i].template), .vars = vars, .var_count = 2};
		assert_filled(&task, rows[i].text);
	}
}

/* ---- lines ---- */

static void lines_are_tasks(void **)
{
	AUTO(tasks) t = {0};

	tasks_read_lines(&t, STR("\xef\xbb\xbf# list\n\n  first \r\n\\# second\n\t# no\nlast"));
	assert_true(tasks_finish(&t, false, &failure));
	assert_int_equal(t.items.n, 3);
	assert_filled(&t.items.p[0], "first");
	assert_true(str_is(t.items.p[0].id, "3"));
	assert_filled(&t.items.p[1], "# second");
	assert_int_equal(t.items.p[2].line, 6);
}

static void lines_have_faults(void **)
{
	assert_wrong(tasks_read_lines, "a {{x}}\nb\n\xff\nc {{result:9}}\nd {{result:5}}",
		"line 1: prompt: {{x}} has no value; for the braces themselves write \\{{\n"
		"line 3: the prompt is not UTF-8\n"
		"line 4: it needs 9, and there is no such task\n"
		"line 5: it needs itself\n");
	for (const char *const *text = (const char *const[]){"", "\n\n", "# only\n", NULL}; *text;
		text++) {
		assert_wrong(tasks_read_lines, *text, "");
		assert_string_equal(failure.text, "there is no task in the list");
		assert_int_equal(failure.code, ERR_USAGE);
	}
}

static void a_nul_is_found(void **)
{
	AUTO(tasks) t = {0};

	tasks_read_lines(&t, STR("a\0b\nc"));
	assert_false(tasks_finish(&t, true, &failure) && t.items.n == 2);
	assert_int_equal(t.problems.n, 1);
	assert_int_equal(t.items.n, 1);
}

static void words_are_tasks(void **)
{
	const struct str words[] = {STR("one\nand more"), STR("# two"), STR(" ")};
	AUTO(tasks) t = {0};

	tasks_read_words(&t, words, 3, (struct str){0}, 0);
	assert_false(tasks_finish(&t, false, &failure));
	assert_string_equal(failure.text,
		"1 problem in the list of tasks; the first: task 3: the prompt is empty");
	assert_int_equal(t.items.n, 2);
	assert_filled(&t.items.p[0], "one\nand more");
	assert_filled(&t.items.p[1], "# two");
}

/* Whatever stands there, a word is told as it is. */
static void words_are_no_templates(void **)
{
	static const char pieces[] = "{{}}\\x:\njson:result:";

	for (int round = 0; round < 3000; round++) {
		AUTO(tasks) t = {0};
		AUTO(buf) word = {0};
		buf_put_char(&word, 'w');
		for (unsigned n = tree_random(30); n; n--)
			buf_put_char(&word, pieces[tree_random(sizeof pieces - 1)]);
		struct str words[] = {buf_str(&word)};
		tasks_read_words(&t, words, 1, STR("{{piped}}"), 5);
		assert_true(tasks_finish(&t, false, &failure));
		assert_filled(&t.items.p[0], buf_text(&word));
		assert_int_equal(t.items.p[0].timeout_s, 5);
		AUTO(buf) context = {0};
		assert_true(task_fill(
			&t.items.p[0], t.items.p[0].context, NULL, NULL, &context, &failure));
		assert_string_equal(buf_text(&context), "<stdin>\n{{piped}}\n</stdin>");
	}
}

/* ---- objects ---- */

static void objects_are_tasks(void **)
{
	AUTO(tasks) t = {0};

	tasks_read_jsonl(&t, STR("{\"id\":7,\"prompt\":\"say {{w}} {{n}} {{json:n}}\","
				 "\"vars\":{\"w\":\"\\u00e4\",\"n\":1.50},\"model\":\"m\","
				 "\"timeout\":9,\"context\":\"c\",\"files\":[\"a.c\",\"{{w}}\"],"
				 "\"output\":\"{{w}}.md\"}\r\n\n"
				 "{\"prompt\":\"{{result:7}}\",\"needs\":[7,\"7\"]}\n"));
	assert_true(tasks_finish(&t, false, &failure));
	assert_int_equal(t.items.n, 2);
	const struct task *first = &t.items.p[0], *second = &t.items.p[1];
	assert_filled(first, "say \xc3\xa4 1.50 1.50");
	assert_true(str_is(first->id, "7") && str_is(first->model, "m"));
	assert_true(str_is(first->context, "c") && first->timeout_s == 9);
	assert_int_equal(first->file_count, 2);
	assert_true(str_is(second->id, "3"));
	assert_int_equal(second->need_count, 1);
	assert_int_equal(second->needs[0], 0);
}

static void every_broken_object_is_named(void **)
{
	assert_wrong(tasks_read_jsonl,
		"{\"prompt\":\"a\",\"id\":\"x\"}\n"
		"{\"prompt\":\n"
		"[]\n"
		"{\"id\":\"y\"}\n"
		"{\"prompt\":\"b\",\"id\":\"x\"}\n"
		"{\"prompt\":\"c\",\"need\":[\"x\"],\"timeout\":0}\n"
		"{\"prompt\":\" \",\"id\":\"\",\"vars\":[],\"files\":[1]}\n"
		"{\"prompt\":\"d\",\"needs\":\"x\",\"vars\":{\"a\":1,\"a\":2}}\n"
		"{\"prompt\":\"e\",\"prompt\":\"e\",\"needs\":[\"gone\"]}\n"
		"{\"prompt\":\"f\",\"output\":\"{{result:x}}\"}\n"
		"{\"prompt\":\"g\",\"output\":\"same\"}\n"
		"{\"prompt\":\"h\",\"output\":\".//same\"}\n"
		"{\"prompt\":\"i\",\"output\":\"./a/../same\"}\n"
		"{\"prompt\":\"i\",\"id\":1.5}\n"
		"{\"prompt\":\"j\\u0000\"}\n",
		"line 2: no JSON: JSON ends early, at byte 10\n"
		"line 3: expected an object\n"
		"line 4: it has no prompt\n"
		"line 5: id x is that of line 1, too\n"
		"line 6: timeout: expected whole seconds, 1 to 604800\n"
		"line 6: unknown member \"need\"; did you mean \"needs\"?\n"
		"line 7: files: expected a list of paths\n"
		"line 7: id: expected a text that is not empty, or a whole number\n"
		"line 7: prompt: expected a text that is not empty\n"
		"line 7: vars: expected an object\n"
		"line 8: needs: expected a list of ids\n"
		"line 8: vars: a comes twice\n"
		"line 9: it needs gone, and there is no such task\n"
		"line 9: prompt comes twice\n"
		"line 10: output: {{result:x}}: answers go into prompts only\n"
		"line 12: output: same is that of line 11, too\n"
		"line 13: output \"./a/../same\" would leave the output directory\n"
		"line 14: id: expected a text that is not empty, or a whole number\n"
		"line 15: prompt: expected a text without NUL\n");
}

/* ---- tables ---- */

static void read_csv(struct tasks *t, struct str text)
{
	tasks_read_csv(t, text, STR("write {{name}} in {{lang}}"));
}

static void read_array(struct tasks *t, struct str text)
{
	tasks_read_array(t, text, STR("write {{name}} in {{lang}}"));
}

static void csv_follows_its_rfc(void **)
{
	AUTO(tasks) t = {0};

	read_csv(&t, STR("\xef\xbb\xbfname, lang ,more\r\n"
			 "fib,C,\r\n"
			 "\"a \"\"b\"\",\nc\",\"\",x\n"
			 "\r\n"
			 "\" {{lang}} \",py,\"\"\"\"\r\n"
			 "last,go,"));
	assert_true(tasks_finish(&t, false, &failure));
	assert_int_equal(t.items.n, 4);
	assert_filled(&t.items.p[0], "write fib in C");
	assert_filled(&t.items.p[1], "write a \"b\",\nc in ");
	assert_filled(&t.items.p[2], "write  {{lang}}  in py");
	assert_filled(&t.items.p[3], "write last in go");
	assert_int_equal(t.items.p[1].line, 3);
	assert_int_equal(t.items.p[2].line, 6);
	assert_true(str_is(t.items.p[2].vars[2].value, "\""));
	assert_true(str_is(t.items.p[3].id, "4"));
}

static void broken_records_are_named(void **)
{
	assert_wrong(read_csv,
		"name,lang\n"
		"a\n"
		"b,c,d\n"
		"e\"f,g\n"
		"\"h\"i,j\n"
		"k,\"l\n"
		"\"\"m\"\n"
		"o,\xff\n"
		"p,\"q\n",
		"line 2: 1 fields, the header has 2\n"
		"line 3: 3 fields, the header has 2\n"
		"line 4: a quote within a field that does not begin with one\n"
		"line 5: text between a closing quote and the comma\n"
		"line 8: lang: not UTF-8\n"
		"line 9: a quote that is never closed\n");
	assert_wrong(read_csv, "name,lang,name\na,b,c\n",
		"line 1: the header's name name comes twice\n");
	assert_wrong(read_csv, "name,\na,b\n", "line 1: the header's name 2 is no name\n");
	assert_wrong(read_csv, "name\na\n",
		"line 2: prompt: {{lang}} has no value; for the braces themselves write \\{{\n");
	assert_wrong(read_csv, "name,lang\n", "");
	assert_wrong(read_csv, "", "");
}

static void arrays_are_tasks(void **)
{
	AUTO(tasks) t = {0};

	tasks_read_table(&t, STR("params.json"),
		STR("[{\"lang\":\"C\",\"k\":null},\n{\"lang\":{\"a\": 1}}]"), STR("in {{lang}}"));
	assert_true(tasks_finish(&t, false, &failure));
	assert_filled(&t.items.p[0], "in C");
	assert_filled(&t.items.p[1], "in {\"a\": 1}");
	assert_int_equal(t.items.p[1].line, 2);
	assert_wrong(read_array,
		"[{\"name\":1,\"lang\":2},\n7,\n\n{\"name\":1,\"name\":1},\n{\"name\":2}]",
		"line 2: expected an object\n"
		"line 4: name comes twice\n"
		"line 5: prompt: {{lang}} has no value; for the braces themselves write \\{{\n");
	assert_wrong(read_array, "{}", "line 1: expected an array of objects\n");
	assert_wrong(read_array, "[\n{\n", "line 3: no JSON: JSON ends early, at byte 4\n");
	assert_wrong(read_array, "[]", "");
}

static void files_are_tasks(void **)
{
	AUTO(tasks) t = {0};
	AUTO(tasks) none = {0};

	tree_new();
	tree_text(".gitignore", "*.o\nbuild/\n");
	tree_text("src/b.c", "");
	tree_text("src/deep/a.c", "");
	tree_text("src/a.o", "");
	tree_text("build/x.c", "");
	tree_text("top.c", "");
	assert_true(tasks_read_files(
		&t, tree_root, "", "./src/**/*.c", STR("document {{file}}"), &failure));
	assert_true(tasks_finish(&t, false, &failure));
	assert_int_equal(t.items.n, 2);
	assert_filled(&t.items.p[0], "document src/b.c");
	assert_filled(&t.items.p[1], "document src/deep/a.c");
	assert_true(tasks_read_files(&none, tree_root, "", "*.rs", STR("{{file}}"), &failure));
	assert_false(tasks_finish(&none, false, &failure));
	assert_false(tasks_read_files(&none, tree_root, "gone", "*", STR("{{file}}"), &failure));
}

/* ---- needs ---- */

static void rings_are_named(void **)
{
	assert_wrong(tasks_read_jsonl,
		"{\"id\":\"z\",\"prompt\":\"p\",\"needs\":[\"a\"]}\n"
		"{\"id\":\"a\",\"prompt\":\"p\",\"needs\":[\"b\"]}\n"
		"{\"id\":\"b\",\"prompt\":\"p\",\"needs\":[\"ok\",\"c\"]}\n"
		"{\"id\":\"c\",\"prompt\":\"{{result:a}}\"}\n"
		"{\"id\":\"ok\",\"prompt\":\"p\"}\n"
		"{\"id\":\"d\",\"prompt\":\"p\",\"needs\":[\"d\"]}\n"
		"{\"id\":\"e\",\"prompt\":\"p\",\"needs\":[\"f\",\"a\"]}\n"
		"{\"id\":\"f\",\"prompt\":\"p\",\"needs\":[\"e\"]}\n",
		"line 2: tasks that need each other: a > b > c > a\n"
		"line 6: it needs itself\n"
		"line 7: tasks that need each other: e > f > e\n");
}

static void bad_tasks_take_their_users_along(void **)
{
	AUTO(tasks) t = {0};
	AUTO(buf) out = {0};

	tasks_read_jsonl(&t, STR("{\"id\":\"user\",\"prompt\":\"p\",\"needs\":[\"mid\"]}\n"
				 "{\"id\":\"mid\",\"prompt\":\"p\",\"needs\":[\"bad\"]}\n"
				 "{\"id\":\"bad\",\"prompt\":3}\n"
				 "{\"id\":\"r\",\"prompt\":\"p\",\"needs\":[\"s\"]}\n"
				 "{\"id\":\"s\",\"prompt\":\"p\",\"needs\":[\"r\"]}\n"
				 "{\"id\":\"first\",\"prompt\":\"p\"}\n"
				 "{\"id\":\"last\",\"prompt\":\"p\",\"needs\":[\"first\"]}\n"));
	assert_true(tasks_finish(&t, true, &failure));
	assert_int_equal(t.items.n, 2);
	assert_int_equal(t.items.p[1].needs[0], 0);
	tasks_put_problems(&out, &t);
	assert_string_equal(buf_text(&out),
		"line 1: it needs mid, which is left out\n"
		"line 2: it needs bad, which is left out\n"
		"line 3: prompt: expected a text that is not empty\n"
		"line 4: tasks that need each other: r > s > r\n"
		"line 5: it needs itself by way of others: see line 4\n");
}

static void a_list_of_bad_ones_is_no_list(void **)
{
	AUTO(tasks) t = {0};

	tasks_read_jsonl(&t, STR("{}\n1\n"));
	assert_false(tasks_finish(&t, true, &failure));
	assert_int_equal(t.problems.n, 2);
}

static void put_need(struct buf *b, size_t id, const size_t *needs, size_t count)
{
	buf_printf(b, "{\"id\":%zu,\"prompt\":\"p\",\"needs\":[", id);
	for (size_t i = 0; i < count; i++)
		buf_printf(b, "%s%zu", i ? "," : "", needs[i]);
	buf_put_text(b, "]}\n");
}

/* Against the slow way: a task is on a ring when it can reach itself. */
static void random_graphs_are_judged(void **)
{
	enum { TASKS = 12, ROUNDS = 2000 };

	for (int round = 0; round < ROUNDS; round++) {
		bool reaches[TASKS][TASKS] = {0}, has_ring = false;
		size_t edges = tree_random(2 * TASKS);
		AUTO(buf) text = {0};
		AUTO(tasks) t = {0};

		for (size_t i = 0; i < edges; i++)
			reaches[tree_random(TASKS)][tree_random(TASKS)] = true;
		for (size_t i = 0; i < TASKS; i++) {
			size_t needs[TASKS], count = 0;
			for (size_t k = 0; k < TASKS; k++)
				if (reaches[i][k])
					needs[count++] = k;
			put_need(&text, i, needs, count);
		}
		for (size_t k = 0; k < TASKS; k++)
			for (size_t i = 0; i < TASKS; i++)
				for (size_t j = 0; j < TASKS; j++)
					reaches[i][j] |= reaches[i][k] && reaches[k][j];
		size_t runs = 0;
		for (size_t i = 0; i < TASKS; i++) {
			bool is_bad = reaches[i][i];
			for (size_t k = 0; k < TASKS; k++)
				is_bad |= reaches[i][k] && reaches[k][k];
			has_ring |= is_bad;
			runs += !is_bad;
		}
		tasks_read_jsonl(&t, buf_str(&text));
		assert_int_equal(tasks_finish(&t, true, &failure), runs > 0);
		assert_int_equal(t.items.n, runs);
		assert_int_equal(t.problems.n, TASKS - runs);
		assert_int_equal(t.problems.n > 0, has_ring);
		vec_each (&t.items, task)
			for (size_t i = 0; i < task->need_count; i++)
				assert_true(task->needs[i] < t.items.n);
	}
}

static void long_chains_are_walked(void **)
{
	enum { TASKS = 100'000 };
	AUTO(buf) text = {0};
	AUTO(tasks) t = {0};
	AUTO(tasks) ring = {0};

	for (size_t i = 1; i <= TASKS; i++)
		put_need(&text, i, (size_t[]){i + 1}, i < TASKS);
	tasks_read_jsonl(&t, buf_str(&text));
	assert_true(tasks_finish(&t, false, &failure));
	assert_int_equal(t.items.n, TASKS);
	put_need(&text, TASKS + 1, (size_t[]){1}, 1);
	put_need(&text, 0, (size_t[]){0}, 0);
	tasks_read_jsonl(&ring, buf_str(&text));
	assert_true(tasks_finish(&ring, false, &failure));
	buf_cut(&text, text.n - strlen("{\"id\":0,\"prompt\":\"p\",\"needs\":[]}\n"));
	put_need(&text, TASKS + 2, (size_t[]){TASKS + 2}, 1);
	tasks_release(&ring);
	tasks_read_jsonl(&ring, buf_str(&text));
	assert_false(tasks_finish(&ring, false, &failure));
	assert_int_equal(ring.problems.n, 1);
}

/* A ring of a hundred thousand is told in one line that ends. */
static void long_rings_are_told_short(void **)
{
	enum { TASKS = 100'000 };
	AUTO(buf) text = {0};
	AUTO(tasks) t = {0};

	for (size_t i = 1; i <= TASKS; i++)
		put_need(&text, i, (size_t[]){i % TASKS + 1}, 1);
	tasks_read_jsonl(&t, buf_str(&text));
	assert_false(tasks_finish(&t, false, &failure));
	assert_int_equal(t.problems.n, 1);
	assert_true(str_ends(t.problems.p[0].text, STR("> ... (99988 more) > 1")));
}

/* ---- there and back ---- */

static void lists_come_back(void **)
{
	AUTO(tasks) t = {0};
	AUTO(tasks) again = {0};
	AUTO(buf) first = {0};
	AUTO(buf) second = {0};

	read_csv(&t, STR("name,lang\n\"a\"\"\n\t\\\",{{x}}\nb,\xc3\xa4\n"));
	assert_true(tasks_finish(&t, false, &failure));
	tasks_put(&first, &t);
	tasks_read_jsonl(&again, buf_str(&first));
	assert_true(tasks_finish(&again, false, &failure));
	tasks_put(&second, &again);
	assert_string_equal(buf_text(&first), buf_text(&second));
	for (size_t i = 0; i < t.items.n; i++) {
		char *text = filled(&t.items.p[i]);
		assert_filled(&again.items.p[i], text);
		free(text);
	}
}

static void the_form_is_seen(void **)
{
	static const struct {
		const char *name, *text;
		size_t count;
	} rows[] = {
		{"-", "{\"prompt\":\"a\"}\n\n{\"prompt\":\"b\"}", 2},
		{"-", "{ not an object\nsecond", 2},
		{"list.txt", "{\"prompt\":\"a\"}", 1},
		{"list.jsonl", " \n{\"prompt\":\"a\"}", 1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		AUTO(tasks) t = {0};
		tasks_read(&t, str_from(rows[i].name), str_from(rows[i].text));
		assert_true(tasks_finish(&t, false, &failure));
		assert_int_equal(t.items.n, rows[i].count);
		assert_int_equal(t.items.p[0].prompt.p[0] == '{', i == 1 || i == 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_are_filled),
		cmocka_unit_test(lines_are_tasks),
		cmocka_unit_test(lines_have_faults),
		cmocka_unit_test(a_nul_is_found),
		cmocka_unit_test(words_are_tasks),
		cmocka_unit_test(words_are_no_templates),
		cmocka_unit_test(objects_are_tasks),
		cmocka_unit_test(every_broken_object_is_named),
		cmocka_unit_test(csv_follows_its_rfc),
		cmocka_unit_test(broken_records_are_named),
		cmocka_unit_test(arrays_are_tasks),
		cmocka_unit_test(files_are_tasks),
		cmocka_unit_test(rings_are_named),
		cmocka_unit_test(bad_tasks_take_their_users_along),
		cmocka_unit_test(a_list_of_bad_ones_is_no_list),
		cmocka_unit_test(random_graphs_are_judged),
		cmocka_unit_test(long_chains_are_walked),
		cmocka_unit_test(long_rings_are_told_short),
		cmocka_unit_test(lists_come_back),
		cmocka_unit_test(the_form_is_seen),
	};

	return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
