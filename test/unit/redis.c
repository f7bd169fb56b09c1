// SPDX-License-Identifier: MIT
/* redis: the client with a server that answers, refuses, dies, hangs, and with one that lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "io/redis.h"
#include "redis_server.h"

enum { PATIENCE_MS = 60'000 };

struct one {
	struct stage *stage;
	int answers;
	enum err_code code;
	char text[400];
	enum redis_type type;
	int64_t integer;
	struct buf bytes;
	struct redis *frees; /* from within its answer */
	int again; /* is sent so many times more when it ends with ERR_NETWORK */
	int64_t timeout_ms;
};

struct stage {
	struct arena arena;
	struct loop *loop;
	struct redis_url url;
	struct redis *redis;
	size_t waiting;
	bool is_done;
};

static void stage_open(struct stage *s, const char *url)
{
	struct err e = {0};

	*s = (struct stage){0};
	s->loop = loop_new(&e);
	if (!redis_url_read(str_from(url), &s->arena, &s->url, &e))
		fail_msg("%s", e.text);
	s->redis = redis_new(s->loop, &s->url, &e);
	assert_non_null(s->redis);
}

static void stage_close(struct stage *s)
{
	redis_free(s->redis);
	loop_free(s->loop);
	arena_release(&s->arena);
}

static void stop(void *self)
{
	*(bool *)self = true;
}

static void run(struct stage *s)
{
	bool is_late = false;
	struct timer *timer = loop_after(s->loop, PATIENCE_MS, stop, &is_late);

	while (s->waiting && !is_late) {
		s->is_done = is_late;
		loop_run(s->loop, &s->is_done);
	}
	assert_false(is_late);
	timer_cancel(timer);
}

static void send_words(struct one *one, const struct str *words, size_t count);

static void answered(void *self, const struct redis_value *value, const struct err *e)
{
	struct one *one = self;
	struct stage *s = one->stage;

	if (e && e->code == ERR_NETWORK && one->again > 0) {
		one->again--;
		const struct str words[] = {STR("PING")};
		s->waiting--;
		send_words(one, words, 1);
		return;
	}
	one->answers++;
	one->code = e ? e->code : ERR_NONE;
	snprintf(one->text, sizeof one->text, "%s", e ? e->text : "");
	assert_true(e == NULL || (value == NULL) == (e->code != ERR_PROVIDER));
	if (value) {
		one->type = value->type;
		one->integer = value->integer;
		buf_clear(&one->bytes);
		buf_put_str(&one->bytes, value->text);
	}
	if (one->frees) {
		redis_free(one->frees);
		s->redis = NULL;
	}
	s->waiting--;
	s->is_done = !s->waiting;
}

static void send_words(struct one *one, const struct str *words, size_t count)
{
	one->stage->waiting++;
	one->stage->is_done = false;
	redis_send(one->stage->redis,
		&(struct redis_ask){.words = words,
			.word_count = count,
			.timeout_ms = one->timeout_ms ? one->timeout_ms : PATIENCE_MS,
			.answer = answered,
			.self = one});
}

/* Words between blanks. */
static void send_text(struct one *one, const char *text)
{
	struct str rest = str_from(text), words[16], word;
	size_t n = 0;

	while (str_split(&rest, ' ', &word))
		words[n++] = word;
	send_words(one, words, n);
}

static struct one ask(struct stage *s, const char *text)
{
	struct one one = {.stage = s};

	send_text(&one, text);
	run(s);
	assert_int_equal(one.answers, 1);
	buf_release(&one.bytes);
	return one;
}

/* ---- URLs ---- */

static void check_url(const char *text, const char *shown, const char *user, const char *password)
{
	AUTO(arena) arena = {0};
	AUTO(buf) name = {0};
	struct redis_url url;
	struct err e = {0};

	if (!redis_url_read(str_from(text), &arena, &url, &e))
		fail_msg("%s: %s", text, e.text);
	redis_url_put(&name, &url);
	assert_string_equal(buf_text(&name), shown);
	assert_true(str_eq(url.user, str_from(user)));
	assert_true(str_eq(url.password, str_from(password)));
}

static void test_urls(void **)
{
	static const char *const wrong[] = {"", "redis", "redis://", "redis://:pw-secret@",
		"redis://pw-secret@host", "redis://u:@pw-secret:x", "redis://host:0",
		"redis://host:65536", "redis://host:", "redis://host/x", "redis://host/-1",
		"redis://[::1", "redis://[]:1", "redis://[::1]x", "http://pw-secret", "unix://",
		"unix:///", "unix://relative", "unix:///s?db=x", "unix:///s?pw-secret=1",
		"unix:///s%00x", "rediss://:pw-secret@host",
		"unix:///1234567890123456789012345678901234567890123456789012345678901234567890"
		"1234567890123456789012345678901234567890"};

	check_url("redis://localhost", "redis://localhost:6379", NULL, NULL);
	check_url("redis://:pw@h:1/2", "redis://h:1/2", NULL, "pw");
	check_url("redis://me:p%40w@h", "redis://h:6379", "me", "p@w");
	check_url("redis://me:p@/w:x@h/", "redis://h:6379", "me", "p@/w:x");
	check_url("redis://[::1]:7000/3", "redis://[::1]:7000/3", NULL, NULL);
	check_url("redis://[::1]", "redis://[::1]:6379", NULL, NULL);
	check_url("redis://:@h", "redis://h:6379", NULL, NULL);
	check_url("unix:///run/a@b?db=4", "unix:///run/a@b?db=4", NULL, NULL);
	check_url("redis+unix://u:pw@/run/s", "unix:///run/s", "u", "pw");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		AUTO(arena) arena = {0};
		struct redis_url url;
		struct err e = {0};
		if (redis_url_read(str_from(wrong[i]), &arena, &url, &e))
			fail_msg("%s is taken", wrong[i]);
		assert_int_equal(e.code, ERR_USAGE);
		assert_null(strstr(e.text, "pw-secret"));
	}
}

/* ---- a server that answers ---- */

static void test_any_bytes(void **)
{
	struct redis_server server;
	struct stage s;
	AUTO(buf) bytes = {0};

	redis_server_open(&server, NULL);
	stage_open(&s, server.url);
	for (int i = 0; i < 3 << 20; i++)
		buf_put_char(&bytes, (char)(i % 259));
	for (int k = 0; k < 2; k++) {
		struct str value = k ? buf_str(&bytes) : STR("");
		struct one set = {.stage = &s}, get = {.stage = &s};
		send_words(&set, (struct str[]){STR("SET"), STR("a\0\r\nb"), value}, 3);
		send_words(&get, (struct str[]){STR("GET"), STR("a\0\r\nb")}, 2);
		run(&s);
		assert_int_equal(set.type, REDIS_STATUS);
		assert_int_equal(get.type, REDIS_TEXT);
		assert_true(str_eq(buf_str(&get.bytes), value));
		buf_release(&set.bytes);
		buf_release(&get.bytes);
	}
	assert_int_equal(ask(&s, "GET nothing").type, REDIS_NIL);
	assert_int_equal(ask(&s, "INCRBY n -5").integer, -5);
	struct one wrong = ask(&s, "LPUSH n x");
	assert_int_equal(wrong.code, ERR_PROVIDER);
	assert_int_equal(wrong.type, REDIS_ERROR);
	assert_non_null(strstr(wrong.text, "WRONGTYPE"));
	stage_close(&s);
	redis_server_close(&server);
}

enum { MANY = 5'000 };

static void test_many_in_their_order(void **)
{
	static struct one many[MANY];
	struct redis_server server;
	struct stage s;

	redis_server_open(&server, NULL);
	stage_open(&s, server.tcp_url);
	for (int i = 0; i < MANY; i++) {
		many[i] = (struct one){.stage = &s};
		send_text(&many[i], "INCR n");
	}
	assert_int_equal(redis_waiting(s.redis), MANY);
	run(&s);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(many[i].answers, 1);
		assert_int_equal(many[i].integer, i + 1);
		buf_release(&many[i].bytes);
	}
	stage_close(&s);
	redis_server_close(&server);
}

static void test_passwords_and_databases(void **)
{
	static const char *const words[] = {"--requirepass", "open-sesame", NULL};
	struct redis_server server;
	struct stage s;
	char url[160];

	redis_server_open(&server, words);
	snprintf(url, sizeof url, "redis://:open-sesame@127.0.0.1:%d/3", server.port);
	stage_open(&s, url);
	assert_int_equal(ask(&s, "SET where three").code, ERR_NONE);
	ask(&s, "ACL SETUSER anna on >ann:a's ~* +@all");
	stage_close(&s);
	snprintf(url, sizeof url, "redis+unix://anna:ann%%3Aa's@%s?db=3", server.socket);
	stage_open(&s, url);
	assert_int_equal(ask(&s, "STRLEN where").integer, 5);
	stage_close(&s);
	snprintf(url, sizeof url, "redis://127.0.0.1:%d/3", server.port);
	stage_open(&s, url);
	struct one none = ask(&s, "GET where");
	assert_int_equal(none.code, ERR_DENIED);
	assert_non_null(strstr(none.text, "NOAUTH"));
	stage_close(&s);
	snprintf(url, sizeof url, "redis://:close-sesame@127.0.0.1:%d", server.port);
	stage_open(&s, url);
	struct one wrong = ask(&s, "GET where");
	assert_int_equal(wrong.code, ERR_DENIED);
	assert_non_null(strstr(wrong.text, "WRONGPASS"));
	assert_null(strstr(wrong.text, "sesame"));
	stage_close(&s);
	redis_server_close(&server);
}

/* Such a server answers with the words it was given. */
static void test_a_server_without_auth(void **)
{
	static const char *const words[] = {"--rename-command", "AUTH", "", NULL};
	struct redis_server server;
	struct stage s;
	char url[160];

	redis_server_open(&server, words);
	snprintf(url, sizeof url, "redis://:open-sesame@127.0.0.1:%d", server.port);
	stage_open(&s, url);
	struct one one = ask(&s, "PING");
	assert_int_equal(one.code, ERR_DENIED);
	assert_null(strstr(one.text, "sesame"));
	stage_close(&s);
	redis_server_close(&server);
}

/* ---- servers that are not there, die, hang ---- */

static void test_nobody_there(void **)
{
	struct stage s;
	char url[64];

	snprintf(url, sizeof url, "redis://127.0.0.1:%d", redis_server_free_port());
	stage_open(&s, url);
	struct one one = ask(&s, "PING");
	assert_int_equal(one.code, ERR_NETWORK);
	assert_non_null(strstr(one.text, "refused"));
	stage_close(&s);
	stage_open(&s, "unix:///nowhere/at/all");
	one = ask(&s, "PING");
	assert_int_equal(one.code, ERR_NETWORK);
	assert_non_null(strstr(one.text, "No such file"));
	stage_close(&s);
	stage_open(&s, "redis://name.invalid");
	one = ask(&s, "PING");
	assert_int_equal(one.code, ERR_NETWORK);
	assert_non_null(strstr(one.text, "name.invalid"));
	stage_close(&s);
}

/* Who tries again at once gets through when the server is there again, and not before. */
static void test_killed_and_started_again(void **)
{
	struct redis_server server;
	struct one ones[40];
	struct stage s;

	redis_server_open(&server, NULL);
	stage_open(&s, server.url);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(ask(&s, "PING").type, REDIS_STATUS);
		for (int i = 0; i < 40; i++) {
			ones[i] = (struct one){.stage = &s, .again = i % 2 ? 1'000 : 0};
			send_text(&ones[i], "BLPOP nothing 0");
		}
		assert_int_equal(kill(server.pid, SIGSTOP), 0);
		redis_server_kill(&server);
		redis_server_start(&server, NULL);
		run(&s);
		for (int i = 0; i < 40; i++) {
			assert_int_equal(ones[i].answers, 1);
			assert_int_equal(ones[i].code, i % 2 ? ERR_NONE : ERR_NETWORK);
			assert_true(ones[i].again >= 0 && (i % 2 == 0 || ones[i].again > 900));
			buf_release(&ones[i].bytes);
		}
	}
	stage_close(&s);
	redis_server_close(&server);
}

static void test_a_server_that_hangs(void **)
{
	struct redis_server server;
	struct stage s;

	redis_server_open(&server, NULL);
	stage_open(&s, server.tcp_url);
	ask(&s, "PING");
	kill(server.pid, SIGSTOP);
	struct one late = {.stage = &s, .timeout_ms = 50}, other = {.stage = &s};
	send_text(&other, "PING");
	send_text(&late, "PING");
	run(&s);
	assert_int_equal(late.code, ERR_TIMEOUT);
	assert_int_equal(other.code, ERR_NETWORK);
	assert_int_equal(late.answers + other.answers, 2);
	kill(server.pid, SIGCONT);
	struct one again = {.stage = &s, .again = 1'000};
	send_text(&again, "PING");
	run(&s);
	assert_int_equal(again.code, ERR_NONE);
	buf_release(&again.bytes);
	stage_close(&s);
	redis_server_close(&server);
}

static void test_freed_from_within(void **)
{
	struct redis_server server;
	struct one ones[3];
	struct stage s;

	redis_server_open(&server, NULL);
	for (int is_dead = 0; is_dead < 2; is_dead++) {
		stage_open(&s, is_dead ? "unix:///nowhere" : server.url);
		for (int i = 0; i < 3; i++) {
			ones[i] = (struct one){.stage = &s};
			send_text(&ones[i], "PING");
		}
		ones[1].frees = s.redis;
		s.waiting = 2;
		run(&s);
		assert_int_equal(ones[0].answers + ones[1].answers, 2);
		assert_int_equal(ones[2].answers, 0);
		stage_close(&s);
		for (int i = 0; i < 3; i++)
			buf_release(&ones[i].bytes);
	}
	redis_server_close(&server);
}

static void test_forgotten(void **)
{
	struct redis_server server;
	struct stage s;

	redis_server_open(&server, NULL);
	stage_open(&s, server.url);
	struct one gone = {.stage = &s}, kept = {.stage = &s};
	send_text(&gone, "INCR n");
	send_text(&kept, "INCR n");
	redis_forget(s.redis, &gone);
	s.waiting = 1;
	run(&s);
	assert_int_equal(gone.answers, 0);
	assert_int_equal(kept.integer, 2);
	buf_release(&kept.bytes);
	stage_close(&s);
	redis_server_close(&server);
}

static void count_limits(void *self, const struct redis_value *, const struct err *e)
{
	int *counts = self;

	counts[e && e->code == ERR_LIMIT ? 1 : 0]++;
}

static void test_too_many(void **)
{
	const struct str ping[] = {STR("PING")};
	struct redis_server server;
	int counts[2] = {0};
	struct stage s;

	redis_server_open(&server, NULL);
	stage_open(&s, server.url);
	for (int i = 0; i < REDIS_WAITING_MAX + 10; i++)
		redis_send(s.redis, &(struct redis_ask){.words = ping,
					    .word_count = 1,
					    .timeout_ms = PATIENCE_MS,
					    .answer = count_limits,
					    .self = counts});
	/* What comes behind those that are refused is sent all the same. */
	struct timer *poll = loop_after(s.loop, 1, stop, &s.is_done);
	while (counts[0] < REDIS_WAITING_MAX) {
		s.is_done = false;
		loop_run(s.loop, &s.is_done);
		poll = loop_after(s.loop, 1, stop, &s.is_done);
	}
	timer_cancel(poll);
	assert_int_equal(ask(&s, "PING").type, REDIS_STATUS);
	assert_int_equal(counts[0], REDIS_WAITING_MAX);
	assert_int_equal(counts[1], 10);
	stage_close(&s);
	redis_server_close(&server);
}

/* ---- a server that lies ---- */

struct liar {
	struct str says;
	size_t piece; /* of so many bytes */
	int fd, port;
	pthread_t thread;
};

static void *lie(void *self)
{
	struct liar *l = self;
	char bytes[4096];

	for (;;) {
		int to = accept(l->fd, NULL, NULL);
		if (to < 0)
			return NULL;
		if (read(to, bytes, sizeof bytes) > 0)
			for (size_t at = 0; at < l->says.n; at += l->piece) {
				struct str part = str_head(str_skip(l->says, at), l->piece);
				if (send(to, part.p, part.n, MSG_NOSIGNAL) < 0)
					break;
			}
		shutdown(to, SHUT_WR);
		while (read(to, bytes, sizeof bytes) > 0)
			continue;
		close(to);
	}
}

static void liar_open(struct liar *l, struct str says, size_t piece)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;

	*l = (struct liar){.says = says, .piece = piece};
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(l->fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(l->fd, 8), 0);
	assert_int_equal(getsockname(l->fd, (struct sockaddr *)&at, &n), 0);
	l->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&l->thread, NULL, lie, l), 0);
}

static void liar_close(struct liar *l)
{
	shutdown(l->fd, SHUT_RDWR);
	pthread_join(l->thread, NULL);
	close(l->fd);
}

static struct one ask_liar(struct str says, size_t piece, bool has_password)
{
	struct liar l;
	struct stage s;
	char url[64];

	liar_open(&l, says, piece);
	snprintf(url, sizeof url, "redis://%s127.0.0.1:%d", has_password ? ":secret@" : "", l.port);
	stage_open(&s, url);
	struct one one = ask(&s, "PING");
	stage_close(&s);
	liar_close(&l);
	return one;
}

static void test_lies(void **)
{
	static const struct str lies[] = {STR("HTTP/1.1 400 Bad Request\r\n\r\n"), STR("\0\0\0\0"),
		STR("*1000000000\r\n"), STR("*-7\r\n"), STR("$-2\r\n"),
		STR("$99999999999999999999\r\n"),
		STR("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"),
		STR("*300000\r\n:1\r\n"),
		STR("-LOADING Redis is loading the dataset in memory\r\n"),
		STR("-READONLY You can't write against a read only replica.\r\n"), STR("")};

	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		struct one one = ask_liar(lies[i], 4096, false);
		if (one.code != ERR_NETWORK)
			fail_msg("lie %zu: code %d", i, one.code);
		assert_non_null(strstr(one.text, "redis://127.0.0.1:"));
	}
	/* Two answers to one question. */
	assert_int_equal(ask_liar(STR("+PONG\r\n+PONG\r\n"), 4096, false).code, ERR_NONE);
	struct one one = ask_liar(STR("-LOADING of secret\r\n"), 4096, true);
	assert_int_equal(one.code, ERR_NETWORK);
	assert_null(strstr(one.text, "secret"));
}

static void test_cut_at_every_byte(void **)
{
	const struct str whole = STR("*3\r\n$3\r\na\r\n\r\n*2\r\n:5\r\n$-1\r\n+OK\r\n");

	for (size_t n = 0; n <= whole.n; n++) {
		struct one one = ask_liar(str_head(whole, n), 1 + n % 3, false);
		assert_int_equal(one.code, n < whole.n ? ERR_NETWORK : ERR_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_many_in_their_order),
		cmocka_unit_test(test_passwords_and_databases),
		cmocka_unit_test(test_a_server_without_auth),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_killed_and_started_again),
		cmocka_unit_test(test_a_server_that_hangs),
		cmocka_unit_test(test_freed_from_within),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_cut_at_every_byte),
	};

	signal(SIGPIPE, SIG_IGN); /* as main does */
	return cmocka_run_group_tests_name("redis", tests, NULL, NULL);
}
