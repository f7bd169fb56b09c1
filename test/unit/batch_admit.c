// SPDX-License-Identifier: MIT
/* Tasks by a provider's batches: what may go out, what is given back, and whose batch is whose. */
#include "posted.h"

/* As if it had been killed before the provider's answers came. */
static void forget_names(struct stage *s)
{
	AUTO(buf) journal = {0};
	AUTO(buf) path = {0};
	struct str rest, line;
	struct err e;

	close_run(s);
	buf_printf(&path, "%s/batch/%s/journal.jsonl", tree_root, s->run);
	assert_true(file_read(AT_FDCWD, buf_text(&path), 1 << 20, &journal, &e));
	FILE *out = fopen(buf_text(&path), "w");
	assert_non_null(out);
	rest = buf_str(&journal);
	while (str_split(&rest, '\n', &line))
		if (line.n && !str_starts(line, STR("{\"sent\"")))
			fprintf(out, "%.*s\n", STR_ARG(line));
	assert_int_equal(fclose(out), 0);
}

static void stop_at_two(struct stage *s, const struct post_news *)
{
	if (s->sent == 2)
		post_stop(s->post);
}

/* Each takes the other's at first, and one of them learns of it late. */
static void two_find_each_others_batch(void **)
{
	struct stage s;

	open_stage(&s, models[0],
		"{\"batches\":{\"polls\":0},\"replies\":["
		"{\"times\":3,\"match\":{\"path\":\"/v1/messages/batches/msgbatch_mock_1/results\"},"
		"\"reply\":{\"close_before_head\":true}}," FINE "]}");
	s.options.requests_max = 1;
	s.on_news = stop_at_two;
	begin_many(&s, 2);
	run_on(&s);
	assert_int_equal(s.under_way, 2);
	s.on_news = NULL;
	forget_names(&s);
	resume(&s);
	run_on(&s);
	assert_string_equal(s.error.text, "");
	assert_int_equal(count_asked(&s, "POST", "/batches"), 2);
	assert_true(s.found > 2);
	assert_true(s.done[0] == 1 && s.done[1] == 1);
	check_journal(&s);
	close_stage(&s);
}

/* ---- what may go ---- */

static int count_held(const struct stage *s)
{
	int count = 0;

	for (size_t i = 0; i < s->tasks.items.n; i++)
		count += s->is_held[i];
	return count;
}

/* There is room for three at a time. */
static enum post_word three_at_a_time(struct stage *s, uint32_t)
{
	return count_held(s) < 3 ? POST_GO : POST_LATER;
}

static void what_does_not_fit_goes_later(void **)
{
	struct stage s;

	open_stage(&s, models[1], "{\"batches\":{\"polls\":1},\"replies\":[" FINE "]}");
	s.decide = three_at_a_time;
	begin_many(&s, 8);
	run_on(&s);
	assert_string_equal(s.error.text, "");
	for (int t = 0; t < 8; t++) {
		assert_int_equal(s.done[t], 1);
		assert_int_equal(s.started[t], 1);
	}
	assert_int_equal(s.sent, 3);
	assert_int_equal(count_held(&s), 0);
	check_journal(&s);
	close_stage(&s);
}

static enum post_word enough_at_four(struct stage *, uint32_t task)
{
	return task == 1 ? POST_NEVER : task < 4 ? POST_GO : POST_ENOUGH;
}

static void what_never_fits_ends_it(void **)
{
	struct stage s;

	open_stage(&s, models[0], "{\"batches\":{\"polls\":1},\"replies\":[" FINE "]}");
	s.decide = enough_at_four;
	begin_many(&s, 8);
	run_on(&s);
	assert_string_equal(s.error.text, "");
	for (int t = 0; t < 8; t++)
		assert_int_equal(s.done[t], t < 4 && t != 1);
	assert_string_equal(s.class[1], "budget");
	assert_int_equal(s.asked, 5);
	assert_int_equal(s.sent, 1);
	assert_int_equal(count_held(&s), 0);
	check_journal(&s);
	s.decide = NULL;
	resume(&s);
	run_on(&s);
	for (int t = 4; t < 8; t++)
		assert_int_equal(s.done[t], 1);
	close_stage(&s);
}

/* Nothing more goes out, what is there is collected, and what was admitted for more is given back.
 */
static void a_finish_at_every_moment(void **)
{
	for (int at = 1;; at++) {
		struct stage s;
		open_stage(
			&s, models[at % 3], "{\"batches\":{\"polls\":2},\"replies\":[" FINE "]}");
		s.options.requests_max = 4;
		s.finishes_at = at;
		begin_many(&s, 10);
		run_on(&s);
		bool was_reached = s.calls >= at;
		assert_string_equal(s.error.text, "");
		assert_int_equal(s.under_way, 0);
		assert_int_equal(count_held(&s), 0);
		check_journal(&s);
		s.finishes_at = 0;
		resume(&s);
		run_on(&s);
		for (int t = 0; t < 10; t++)
			assert_int_equal(s.done[t], 1);
		close_stage(&s);
		if (!was_reached)
			return;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_find_each_others_batch),
		cmocka_unit_test(what_does_not_fit_goes_later),
		cmocka_unit_test(what_never_fits_ends_it),
		cmocka_unit_test(a_finish_at_every_moment),
	};

	return cmocka_run_group_tests(tests, tree_setup, tree_teardown);
}
