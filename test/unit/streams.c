// SPDX-License-Identifier: MIT
/*
 * streams: every streams/<wire>-*.sse or .ndjson gives the deltas written down beside it, however
 * its bytes are cut, and never a whole answer without its end. A dialect's name is a wire, too.
 *
 * With UPDATE=1 in the environment the .deltas files are written anew.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "deltas.h"

struct sample {
	char path[300], expected[300];
	const struct wire *wire;
};

static VEC(struct sample) samples;

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct sample *)a)->path, ((const struct sample *)b)->path);
}

static const struct wire *wire_named(struct str name)
{
	static struct wire spoken[2];
	static const char *const names[] = {"openrouter", "gemini"};

	for (size_t i = 0; i < 2; i++)
		if (str_is(name, names[i])) {
			spoken[i] = wire_openai;
			spoken[i].dialect = dialect_find(name);
			return &spoken[i];
		}
	return wire_find(name);
}

static void find_samples(void)
{
	DIR *dir = opendir(TEST_STREAMS);
	struct dirent *entry;

	must(dir);
	while ((entry = readdir(dir))) {
		struct str name = str_from(entry->d_name), rest = name, wire;
		bool is_lines = str_ends(name, STR(".ndjson"));
		if ((!is_lines && !str_ends(name, STR(".sse"))) || !str_split(&rest, '-', &wire))
			continue;
		struct sample s = {.wire = wire_named(wire)};
		must(s.wire);
		snprintf(s.path, sizeof s.path, "%s/%s", TEST_STREAMS, entry->d_name);
		snprintf(s.expected, sizeof s.expected, "%s/%.*s.deltas", TEST_STREAMS,
			(int)name.n - (is_lines ? 7 : 4), name.p);
		vec_push(&samples, s);
	}
	closedir(dir);
	must(samples.n >= 60);
	qsort(samples.p, samples.n, sizeof *samples.p, by_path);
}

static void load(const char *path, struct buf *out)
{
	struct err e;

	if (!file_read(-100 /* AT_FDCWD */, path, 1 << 20, out, &e))
		fail_msg("%s", e.text);
}

/* Feeds two pieces; what comes of it as text, the verdict of the end last. */
static void read_split(
	const struct wire *wire, struct str first, struct str second, struct buf *out)
{
	struct wire_reader r = {.wire = wire};
	struct err e = {0};

	assert_true(wire_feed(&r, first, deltas_write, out, &e));
	assert_true(wire_feed(&r, second, deltas_write, out, &e));
	if (wire_end(&r, deltas_write, out, &e))
		buf_put_text(out, "= whole\n");
	else
		buf_printf(out, "= %s: %s\n", err_code_name(e.code), e.text);
	wire_reader_release(&r);
}

static void test_samples_give_their_deltas(void **)
{
	vec_each (&samples, s) {
		AUTO(buf) bytes = {0};
		AUTO(buf) expected = {0};
		AUTO(buf) got = {0};
		load(s->path, &bytes);
		read_split(s->wire, buf_str(&bytes), STR(""), &got);
		if (getenv("UPDATE")) {
			FILE *file = fopen(s->expected, "w");
			must(file);
			fputs(buf_text(&got), file);
			fclose(file);
		}
		load(s->expected, &expected);
		if (!str_eq(buf_str(&expected), buf_str(&got)))
			fail_msg("%s gives\n%s", s->path, buf_text(&got));
	}
}

static void test_split_anywhere_changes_nothing(void **)
{
	vec_each (&samples, s) {
		AUTO(buf) bytes = {0};
		AUTO(buf) whole = {0};
		load(s->path, &bytes);
		read_split(s->wire, buf_str(&bytes), STR(""), &whole);
		for (size_t i = 1; i < bytes.n; i++) {
			AUTO(buf) got = {0};
			struct str all = buf_str(&bytes);
			read_split(s->wire, str_head(all, i), str_skip(all, i), &got);
			if (!str_eq(buf_str(&whole), buf_str(&got)))
				fail_msg("%s split at %zu gives\n%s", s->path, i, buf_text(&got));
		}
	}
}

static void test_byte_by_byte_changes_nothing(void **)
{
	vec_each (&samples, s) {
		AUTO(buf) bytes = {0};
		AUTO(buf) whole = {0};
		AUTO(buf) got = {0};
		struct wire_reader r = {.wire = s->wire};
		struct err e = {0};
		load(s->path, &bytes);
		read_split(s->wire, buf_str(&bytes), STR(""), &whole);
		for (size_t i = 0; i < bytes.n; i++)
			assert_true(wire_feed(
				&r, (struct str){bytes.p + i, 1}, deltas_write, &got, &e));
		if (wire_end(&r, deltas_write, &got, &e))
			buf_put_text(&got, "= whole\n");
		else
			buf_printf(&got, "= %s: %s\n", err_code_name(e.code), e.text);
		wire_reader_release(&r);
		assert_string_equal(buf_text(&got), buf_text(&whole));
	}
}

/* Where the terminal event is in the bytes: behind it the answer may be whole, before it never. */
static size_t terminal_at(const struct wire *wire, struct str bytes)
{
	static const struct {
		const struct wire *wire; /* NULL: any other */
		struct str end;
	} ends[] = {
		{&wire_anthropic, STR("\"message_stop\"}")},
		{&wire_responses, STR("\"response.completed\"")},
		{&wire_responses, STR("\"response.incomplete\"")},
		{&wire_ollama, STR("\"done\":true")},
		{NULL, STR("[DONE]")},
		{NULL, STR("\"finish_reason\":\"")},
	};
	bool is_chat = wire != &wire_anthropic && wire != &wire_responses && wire != &wire_ollama;
	size_t first = SIZE_MAX;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t at = str_find(bytes, ends[i].end, 0);
		if (ends[i].wire == (is_chat ? NULL : wire) && at < first)
			first = at;
	}
	return first;
}

static void test_cut_is_never_whole(void **)
{
	vec_each (&samples, s) {
		AUTO(buf) bytes = {0};
		load(s->path, &bytes);
		size_t terminal = terminal_at(s->wire, buf_str(&bytes));
		for (size_t i = 0; i < bytes.n; i++) {
			AUTO(buf) got = {0};
			read_split(s->wire, str_head(buf_str(&bytes), i), STR(""), &got);
			bool is_whole = str_ends(buf_str(&got), STR("= whole\n"));
			bool has_end = str_contains(buf_str(&got), STR("END\n"));
			if (is_whole != has_end || (is_whole && i < terminal))
				fail_msg("%s cut at %zu gives\n%s", s->path, i, buf_text(&got));
		}
	}
}

struct stopper {
	int left;
};

static bool stop_later(void *self, const struct delta *)
{
	struct stopper *s = self;

	return s->left-- > 0;
}

static void test_sink_stops_it(void **)
{
	vec_each (&samples, s) {
		AUTO(buf) bytes = {0};
		load(s->path, &bytes);
		for (int n = 0; n < 40; n++) {
			struct wire_reader r = {.wire = s->wire};
			struct stopper stopper = {n};
			struct err e = {0};
			bool went_on = wire_feed(&r, buf_str(&bytes), stop_later, &stopper, &e);
			if (went_on)
				went_on = wire_end(&r, stop_later, &stopper, &e);
			assert_true(stopper.left >= -1); /* never asked again */
			if (stopper.left < 0)
				assert_true(!went_on && e.code == ERR_NONE);
			wire_reader_release(&r);
		}
	}
}

static void refuse_long_event(const struct wire *wire, struct str start)
{
	struct wire_reader r = {.wire = wire};
	struct err e = {0};
	AUTO(buf) got = {0};
	AUTO(buf) piece = {0};
	bool went_on = true;

	for (int i = 0; i < 1 << 20; i++)
		buf_put_char(&piece, 'x');
	went_on = wire_feed(&r, start, deltas_write, &got, &e);
	for (int i = 0; went_on && i < 40; i++)
		went_on = wire_feed(&r, buf_str(&piece), deltas_write, &got, &e);
	assert_false(went_on);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_int_equal(got.n, 0);
	wire_reader_release(&r);
}

static void test_too_long_event_is_an_error(void **)
{
	refuse_long_event(&wire_openai, STR("data: "));
	refuse_long_event(&wire_ollama, STR("{\"model\":\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples_give_their_deltas),
		cmocka_unit_test(test_split_anywhere_changes_nothing),
		cmocka_unit_test(test_byte_by_byte_changes_nothing),
		cmocka_unit_test(test_cut_is_never_whole),
		cmocka_unit_test(test_sink_stops_it),
		cmocka_unit_test(test_too_long_event_is_an_error),
	};

	find_samples();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	vec_release(&samples);
	return failed;
}
