// SPDX-License-Identifier: MIT
/* What tools may do: modes and rules, files with secrets, and keys in texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/hands.h"
#include "base/utf8.h"

/* ---- rules ---- */

static const struct tool reads = {.name = "view", .needs = TOOL_READS};
static const struct tool writes = {.name = "write", .needs = TOOL_READS | TOOL_WRITES};
static const struct tool runs = {.name = "bash", .needs = TOOL_RUNS};
static const struct tool asks_web = {.name = "fetch", .needs = TOOL_NET};
static const struct tool nothing = {.name = "todo"};

struct trial {
	enum permit_mode mode;
	bool asks, has_sandbox;
	const char *allowed, *denied; /* one rule each; NULL none */
	const struct tool *tool;
	const char *input;
	enum permission permission;
};

static enum permission judge(const struct trial *t)
{
	struct str allowed = t->allowed ? str_from(t->allowed) : STR("");
	struct str denied = t->denied ? str_from(t->denied) : STR("");
	struct permit permit = {.mode = t->mode,
		.asks = t->asks,
		.has_sandbox = t->has_sandbox,
		.allowed = &allowed,
		.allowed_count = t->allowed != NULL,
		.denied = &denied,
		.denied_count = t->denied != NULL};
	struct workspace w = {.root = "/ws", .inside = "sub"};
	AUTO(arena) a = {0};
	AUTO(buf) why = {0};
	struct tool_call call = {.workspace = &w,
		.arena = &a,
		.input = str_from(t->input),
		.name = str_from(t->tool->name)};
	enum permission permission = permit_judge(&permit, t->tool, &call, &why);

	assert_true((permission == PERMISSION_REFUSED) == (why.n > 0));
	return permission;
}

#define YES          PERMISSION_GIVEN
#define ASK          PERMISSION_ASK
#define NO           PERMISSION_REFUSED
#define A            "{\"path\":\"a.c\"}"
#define RUN(command) "{\"command\":\"" command "\"}"

static const struct trial trials[] = {
	{PERMIT_READ, .tool = &reads, .input = A, .permission = YES},
	{PERMIT_READ, .tool = &nothing, .input = "{}", .permission = YES},
	{PERMIT_READ, .tool = &writes, .input = A, .permission = NO},
	{PERMIT_READ, .has_sandbox = true, .tool = &runs, .input = RUN("ls"), .permission = NO},
	{PERMIT_EDIT, .tool = &writes, .input = A, .permission = YES},
	{PERMIT_EDIT, .has_sandbox = true, .tool = &runs, .input = RUN("ls"), .permission = YES},
	{PERMIT_EDIT, .tool = &runs, .input = RUN("ls"), .permission = NO},
	{PERMIT_ALL, .tool = &runs, .input = RUN("ls"), .permission = YES},
	/* asking */
	{PERMIT_EDIT, true, .tool = &reads, .input = A, .permission = YES},
	{PERMIT_EDIT, true, .tool = &writes, .input = A, .permission = ASK},
	{PERMIT_ALL, true, .tool = &runs, .input = RUN("ls"), .permission = ASK},
	{PERMIT_EDIT, true, .allowed = "write", .tool = &writes, .input = A, .permission = YES},
	{PERMIT_EDIT, true, .allowed = "Write", .tool = &writes, .input = A, .permission = YES},
	/* refusing goes first */
	{PERMIT_ALL, .denied = "write", .tool = &writes, .input = A, .permission = NO},
	{PERMIT_ALL, .allowed = "write", .denied = "w*", .tool = &writes, .input = A,
		.permission = NO},
	{PERMIT_ALL, .denied = "view(*.c)", .tool = &reads, .input = A, .permission = NO},
	{PERMIT_ALL, .denied = "view(*.h)", .tool = &reads, .input = A, .permission = YES},
	/* paths are those of the workspace, wherever the run began */
	{PERMIT_READ, .allowed = "write(sub/*)", .tool = &writes, .input = A, .permission = YES},
	{PERMIT_READ, .allowed = "write(other/**)", .tool = &writes, .input = A, .permission = NO},
	{PERMIT_READ, .allowed = "write(sub/**)", .tool = &writes, .input = "{\"path\":\"../x\"}",
		.permission = NO},
	{PERMIT_READ, .allowed = "write(**)", .tool = &writes, .input = "{\"path\":\"../../x\"}",
		.permission = NO},
	/* commands */
	{PERMIT_READ, .has_sandbox = true, .allowed = "bash(git diff*)", .tool = &runs,
		.input = RUN("git diff HEAD"), .permission = YES},
	{PERMIT_READ, .has_sandbox = true, .allowed = "Bash(git diff:*)", .tool = &runs,
		.input = RUN("git diff"), .permission = YES},
	{PERMIT_READ, .has_sandbox = true, .allowed = "Bash(git diff:*)", .tool = &runs,
		.input = RUN("git difftool"), .permission = NO},
	{PERMIT_READ, .has_sandbox = true, .allowed = "bash(git diff*)", .tool = &runs,
		.input = RUN("git diff; rm x"), .permission = NO},
	{PERMIT_READ, .has_sandbox = true, .allowed = "bash(git diff*)", .tool = &runs,
		.input = RUN("git diff\\nrm x"), .permission = NO},
	{PERMIT_READ, .has_sandbox = true, .allowed = "bash(git diff*)", .tool = &runs,
		.input = RUN("git diff $(rm x)"), .permission = NO},
	{PERMIT_READ, .has_sandbox = true, .allowed = "bash(git diff*)", .tool = &runs,
		.input = RUN("git diff `rm x`"), .permission = NO},
	{PERMIT_READ, .has_sandbox = true, .allowed = "bash(git diff*)", .tool = &runs,
		.input = RUN("git diff > x"), .permission = NO},
	{PERMIT_READ, .has_sandbox = true, .allowed = "bash(git diff*)", .tool = &runs,
		.input = RUN("git diff & rm x"), .permission = NO},
	{PERMIT_EDIT, .has_sandbox = true, .denied = "bash(*rm *)", .tool = &runs,
		.input = RUN("ls; rm x"), .permission = NO},
	/* the web */
	{PERMIT_EDIT, .denied = "fetch(https://a.example/*)", .tool = &asks_web,
		.input = "{\"url\":\"https://a.example/x\"}", .permission = NO},
	{PERMIT_EDIT, .denied = "WebFetch(domain:a.example)", .tool = &asks_web,
		.input = "{\"url\":\"http://WWW.A.example:80?x\"}", .permission = NO},
	{PERMIT_EDIT, .denied = "WebFetch(domain:a.example)", .tool = &asks_web,
		.input = "{\"url\":\"http://b.example/@a.example\"}", .permission = YES},
	{PERMIT_EDIT, .denied = "WebFetch(domain:a.example)", .tool = &asks_web,
		.input = "{\"url\":\"http://xa.example/\"}", .permission = YES},
	{PERMIT_EDIT, .denied = "WebFetch(domain:a.example)", .tool = &asks_web,
		.input = "{\"url\":\"a.example\"}", .permission = NO},
	/* no rule opens commands where nothing fences them in */
	{PERMIT_EDIT, .allowed = "bash", .tool = &runs, .input = RUN("ls"), .permission = NO},
};

static void test_modes_and_rules(void **)
{
	for (size_t i = 0; i < sizeof trials / sizeof *trials; i++)
		if (judge(&trials[i]) != trials[i].permission)
			fail_msg("trial %zu: %s %s", i, trials[i].tool->name, trials[i].input);
}

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	close(fd);
}

/* A link inside of the workspace is no way round a rule, to a new file neither. */
static void test_rules_see_through_links(void **)
{
	static const struct {
		const char *path;
		bool is_allowed, is_denied; /* by the rule below */
	} rows[] = {
		{"docs/a", true, true},
		{"link", false, true},
		{"dir/a", false, true},
		{"dir/new", false, true},
		{"docs/out", false, true},
		{"src", false, false},
	};
	char top[] = "/tmp/fettle-permit-XXXXXX";
	struct str rule = STR("write(docs/**)");

	assert_non_null(mkdtemp(top));
	assert_int_equal(chdir(top), 0);
	assert_int_equal(mkdir("docs", 0700), 0);
	make_file("docs/a");
	make_file("src");
	assert_int_equal(symlink("docs/a", "link"), 0);
	assert_int_equal(symlink("docs", "dir"), 0);
	assert_int_equal(symlink("../src", "docs/out"), 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct workspace w = {.root = top, .inside = ""};
		AUTO(arena) a = {0};
		AUTO(buf) why = {0};
		struct tool_call call = {.workspace = &w,
			.arena = &a,
			.input = arena_printf(&a, "{\"path\":\"%s\"}", rows[i].path),
			.name = STR("write")};
		struct permit allow = {.mode = PERMIT_READ, .allowed = &rule, .allowed_count = 1};
		struct permit deny = {.mode = PERMIT_ALL, .denied = &rule, .denied_count = 1};
		if ((permit_judge(&allow, &writes, &call, &why) == YES) != rows[i].is_allowed ||
			(permit_judge(&deny, &writes, &call, &why) == NO) != rows[i].is_denied)
			fail_msg("%s", rows[i].path);
	}
	assert_int_equal(chdir("/"), 0);
	AUTO(buf) command = {0};
	buf_printf(&command, "rm -rf '%s'", top);
	assert_int_equal(system(buf_text(&command)), 0);
}

static void test_rules_are_checked(void **)
{
	static const char *const good[] = {
		"view", "Read", "grep(src/**)", "mcp__any__*", "g*", " view ", "*"};
	static const char *const bad[] = {
		"", "viev", "view(", "view()", "(x)", "view(x", "view x", "nothing_like_it"};
	struct err e;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!permit_check_rule(str_from(good[i]), &e))
			fail_msg("%s: %s", good[i], e.text);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (permit_check_rule(str_from(bad[i]), &e))
			fail_msg("%s is taken", bad[i]);
}

static void test_what_cannot_be_used_is_not_offered(void **)
{
	struct str rule = STR("bash(git *)"), other = STR("view(x)");
	struct permit p = {.mode = PERMIT_READ, .has_sandbox = true};

	assert_true(permit_offers(&p, STR("view"), &reads));
	assert_false(permit_offers(&p, STR("bash"), &runs));
	p.allowed = &rule;
	p.allowed_count = 1;
	assert_true(permit_offers(&p, STR("bash"), &runs));
	p.has_sandbox = false;
	assert_false(permit_offers(&p, STR("bash"), &runs));
	p.denied = &other;
	p.denied_count = 1;
	assert_true(permit_offers(&p, STR("view"), &reads));
	other = STR("view");
	assert_false(permit_offers(&p, STR("view"), &reads));
}

/* ---- files ---- */

static void test_files_with_secrets(void **)
{
	static const char *const secret[] = {".env", "a/.env", "a/.env.local", "prod.env",
		"deploy/id_rsa", "id_ed25519", "x/server.key", "X.PEM", "cert/ca.pem", ".netrc",
		"home/.ssh/config", ".ssh/known_hosts", ".aws/credentials", "a/.aws/config",
		"credentials.json", "config/secrets.yml", "client_secret_1.json", ".npmrc",
		"service-account-x.json", ".docker/config.json", "a/.kube/config",
		".git-credentials", "ID_RSA", "keys/a.p12", ".pgpass"};
	static const char *const plain[] = {"a.c", "src/environment.c", ".env.example",
		"id_rsa.pub", "x.env.md", "keyboard.c", "src/secret.c", "secrets.md", "a.keys",
		"identity.c", "service.c", "client.c", "monkey", ".gitignore", "docker/config.json",
		"src/credentials.c", "kube/config"};

	for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
		if (!secret_is_path(NULL, str_from(secret[i])))
			fail_msg("%s is read", secret[i]);
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (secret_is_path(NULL, str_from(plain[i])))
			fail_msg("%s is not read", plain[i]);
	struct str globs[] = {STR("test/**"), STR(".env.test")};
	struct secret_rules rules = {.readable = globs, .readable_count = 2};
	assert_false(secret_is_path(&rules, STR("test/keys/a.pem")));
	assert_false(secret_is_path(&rules, STR("a/.env.test")));
	assert_true(secret_is_path(&rules, STR(".env")));
}

/* ---- keys ---- */

#define A10 "aB3dE6gH9j"
#define A20 A10 A10
#define A40 A20 A20

static void expect_masked(const char *text, const char *masked)
{
	struct str values[] = {STR("a-key-of-ours"), STR("short")};
	struct secret_rules rules = {.values = values, .value_count = 2};
	AUTO(buf) b = {0};

	buf_put_text(&b, text);
	secret_mask(&rules, &b);
	assert_string_equal(buf_text(&b), masked);
}

static void test_keys_are_masked(void **)
{
	static const char *const rows[][2] = {
		{"key=sk-ant-api03-" A20 "-" A10 "\n", "key=sk-ant-****\n"},
		{"sk-proj-" A40, "sk-proj-****"},
		{"\"sk-" A40 "\",", "\"sk-****\","},
		{"ghp_" A20 A10 "aBcDeF", "ghp_****"},
		{"x github_pat_" A20 "_" A40 " y", "x github_pat_**** y"},
		{"AKIAIOSFODNN7EXAMPLE", "AKIA****"},
		{"AIzaSy" A20 A10 "abc", "AIza****"},
		{"xoxb-1234567890-abc", "xoxb-****"},
		{"hf_" A20 A10 "abcd", "hf_****"},
		{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dGhpcyBpcyBubyBzaWduYXR1cmU", "eyJ****"},
		{"postgres://app:hunter2@db.example/x", "postgres://app:****@db.example/x"},
		{"-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nz",
			"-----BEGIN RSA PRIVATE KEY-----****-----END RSA PRIVATE KEY-----\nz"},
		{"-----BEGIN PRIVATE KEY-----\nMIIE", "-----BEGIN PRIVATE KEY-----****"},
		{"AWS_SECRET_ACCESS_KEY=\"" A40 "\"", "AWS_SECRET_ACCESS_KEY=\"****\""},
		{"of ours: a-key-of-ours.", "of ours: ****."},
		{"\xc3\xa4 sk-ant-" A20 " \xe2\x82\xac", "\xc3\xa4 sk-ant-**** \xe2\x82\xac"},
		{"sk-ant-" A20 " sk-ant-" A20, "sk-ant-**** sk-ant-****"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		expect_masked(rows[i][0], rows[i][1]);
}

static void test_what_only_looks_like_keys_stays(void **)
{
	static const char *const texts[] = {
		"commit 4b825dc642cb6eb9a060e54bf8d69288fbee4904",
		"sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"class=\"sk-circle-fade-dot-animation\"",
		"task-" A40,
		"risk-assessment-for-everything-in-the-world",
		"https://example.org:8080/a@b",
		"https://user@example.org/",
		"see http://a/b:c@d",
		"xAKIAIOSFODNN7EXAMPLE",
		"AKIAIOSFODNN7EXAMPLEX",
		"hf_hub_download_of_a_file_with_a_long_name",
		"-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
		"-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----",
		"short",
		"eyJ.x.y",
		"",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		expect_masked(texts[i], texts[i]);
}

/* Whatever the bytes, the text stays UTF-8 where it was, and a second pass finds nothing new. */
static void test_masking_twice_is_masking_once(void **)
{
	static const char *const pieces[] = {"sk-ant-" A20, "://a:b@", "eyJ", ".", "\xc3\xa4",
		"-----BEGIN ", "PRIVATE KEY-----", "-----END ", A10, "AKIA", "\n", " ", "****",
		"aws_secret_access_key=", A40};
	enum { PIECES = sizeof pieces / sizeof *pieces };

	srand(1);
	for (int round = 0; round < 20'000; round++) {
		AUTO(buf) text = {0};
		for (int i = rand() % 12; i >= 0; i--)
			buf_put_text(&text, pieces[rand() % PIECES]);
		secret_mask(NULL, &text);
		assert_true(utf8_is_valid(buf_str(&text)));
		AUTO(buf) again = {0};
		buf_put_str(&again, buf_str(&text));
		secret_mask(NULL, &again);
		if (!str_eq(buf_str(&again), buf_str(&text)))
			fail_msg("%s\nbecomes\n%s", buf_text(&text), buf_text(&again));
	}
}

/* ---- every tool there is ---- */

/* Reading is all that a reader's run does, whatever else is given and whatever is called. */
static void test_a_reader_changes_nothing(void **)
{
	static const char *const inputs[] = {"{}", "{\"path\":\"a\"}", "{\"command\":\"true\"}",
		"{\"url\":\"https://example.com/\"}"};
	const struct tool *all[64] = {tool_find(STR("mcp__server__tool"))};
	size_t count = 1, refused = 0;
	struct workspace w = {.root = "/ws", .inside = ""};

	for (const struct tool *const *t = tools; *t; t++)
		all[count++] = *t;
	for (size_t i = 0; i < count * 4; i++) {
		const struct tool *tool = all[i / 4];
		struct permit p = {.mode = PERMIT_READ, .has_sandbox = i & 1, .asks = (i & 2) != 0};
		bool is_reader = !(tool->needs & ~(unsigned)TOOL_READS);
		struct str name = i / 4 ? str_from(tool->name) : STR("mcp__server__tool");
		assert_int_equal(permit_offers(&p, name, tool), is_reader);
		for (size_t k = 0; k < sizeof inputs / sizeof *inputs; k++) {
			AUTO(arena) a = {0};
			AUTO(buf) why = {0};
			struct tool_call call = {.workspace = &w,
				.arena = &a,
				.input = str_from(inputs[k]),
				.name = name};
			assert_int_equal(permit_judge(&p, tool, &call, &why),
				is_reader ? PERMISSION_GIVEN : PERMISSION_REFUSED);
			refused += !is_reader;
		}
	}
	/* edit, multiedit, apply_patch, write, bash, fetch and the servers' at the least */
	assert_true(refused >= (size_t)7 * 4 * 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes_and_rules),
		cmocka_unit_test(test_rules_see_through_links),
		cmocka_unit_test(test_rules_are_checked),
		cmocka_unit_test(test_what_cannot_be_used_is_not_offered),
		cmocka_unit_test(test_a_reader_changes_nothing),
		cmocka_unit_test(test_files_with_secrets),
		cmocka_unit_test(test_keys_are_masked),
		cmocka_unit_test(test_what_only_looks_like_keys_stays),
		cmocka_unit_test(test_masking_twice_is_masking_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
