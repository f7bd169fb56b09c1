// SPDX-License-Identifier: MIT
/* The table of settings: one line a key. A new one: a line here, and its reader. */
#include "cmd/settings.h"

enum {
	LONGEST_S = 10'000'000,
	TASK_LONGEST_S = 1'000'000'000,
	COUNT_MAX = 1'000'000,
	TOKENS_MAX = 1'000'000'000,
};

#define WORDS(...)         ((const char *const[]){__VA_ARGS__, NULL})
#define SECONDS(low, high) .type = CONF_SECONDS, .minimum = low, .maximum = high, .unit = "seconds"
#define TOKENS             .type = CONF_INT, .minimum = 1, .maximum = TOKENS_MAX, .unit = "tokens"
#define EFFORTS            WORDS("none", "minimal", "low", "medium", "high", "xhigh", "max")
#define FORMATS            WORDS("text", "json", "stream-json", "markdown", "diff")
#define NAMED              .type = CONF_STRING
#define SECRET             .flags = CONF_USER_ONLY | CONF_SECRET
#define USER_ONLY          .flags = CONF_USER_ONLY

/* clang-format off */

static const struct conf_key model_keys[] = {
	{"fallback", .type = CONF_LIST, .brief = "models that are asked when this one cannot answer"},
	{"context_tokens", TOKENS, .brief = "how much the model takes in"},
	{"max_output_tokens", TOKENS, .brief = "ceiling of one of its answers"},
	{"effort", NAMED, .choices = EFFORTS, .brief = "how much it reasons"},
	{0},
};

static const struct conf_key provider_keys[] = {
	{"api_key", NAMED, SECRET, .brief = "the key; better \"${NAME}\" than the key itself"},
	{"base_url", NAMED, USER_ONLY, .brief = "where it is reached; a new provider needs it"},
	{"headers", .type = CONF_STRINGS, SECRET, .brief = "further headers of every request"},
	{"wire", NAMED, USER_ONLY, .choices = WORDS("anthropic", "openai", "responses", "ollama"),
		.brief = "the API it speaks: Messages, Chat Completions (a new provider's default), Responses, Ollama's"},
	{"dialect", NAMED, USER_ONLY, .choices = WORDS("openai", "openrouter", "gemini", "deepseek", "groq",
		"mistral", "llamacpp", "vllm", "lmstudio"), .brief = "whose Chat Completions they are like"},
	{"api_version", NAMED, USER_ONLY, .brief = "what the anthropic-version header says"},
	{"bearer", .type = CONF_BOOL, USER_ONLY,
		.brief = "true: the key goes as a bearer token; false: as x-api-key (anthropic) or api-key"},
	{"routing", .type = CONF_OBJECT, USER_ONLY, .brief = "OpenRouter's provider preferences, sent as they are"},
	{0},
};

#define RATE USER_ONLY, .type = CONF_INT, .minimum = 1

static const struct conf_key rate_limit_keys[] = {
	{"rpm", RATE, .maximum = COUNT_MAX, .unit = "requests", .brief = "requests a minute"},
	{"tpm", RATE, .maximum = TOKENS_MAX, .unit = "tokens", .brief = "tokens a minute, sent and answered"},
	{"concurrent", RATE, .maximum = COUNT_MAX, .unit = "calls", .brief = "calls at the same time"},
	{0},
};

static const struct conf_key hook_keys[] = {
	{"on", NAMED, USER_ONLY, .choices = WORDS("before_tool", "after_tool", "end"), .brief = "when it is run"},
	{"tools", .type = CONF_LIST, USER_ONLY, .brief = "globs of the tools it is for; without it all"},
	{"command", NAMED, USER_ONLY, .brief = "a command line for sh; gets JSON on stdin, and refuses with status 2"},
	{"timeout", SECONDS(1, LONGEST_S), USER_ONLY, .fallback = "60", .brief = "how long it may take"},
	{0},
};

static const struct conf_key language_server_keys[] = {
	{"command", .type = CONF_WORDS, USER_ONLY, .brief = "the program and its arguments; without a slash it is looked for in PATH"},
	{"extensions", .type = CONF_LIST, USER_ONLY, .brief = "ends of file names that it is asked about, as \".c\""},
	{"enabled", .type = CONF_BOOL, USER_ONLY, .fallback = "true", .brief = "false: it is not started"},
	{0},
};

static const struct conf_key mcp_server_keys[] = {
	{"command", NAMED, USER_ONLY, .brief = "the program: a name that PATH finds, or an absolute path"},
	{"args", .type = CONF_WORDS, USER_ONLY, .brief = "its arguments"},
	{"env", .type = CONF_STRINGS, SECRET, .brief = "variables of its environment"},
	{"url", NAMED, USER_ONLY, .brief = "where it is reached (streamable HTTP), instead of a command"},
	{"headers", .type = CONF_STRINGS, SECRET, .brief = "headers of every request to it"},
	{"network", .type = CONF_BOOL, USER_ONLY, .brief = "true: the program may use the network"},
	{"timeout", SECONDS(1, 600), USER_ONLY, .fallback = "10", .brief = "how long it may take until it is ready"},
	{"enabled", .type = CONF_BOOL, USER_ONLY, .brief = "false: as if it were not there"},
	{"tools", .type = CONF_LIST, USER_ONLY, .brief = "the only tools of it that are offered"},
	{0},
};

const struct conf_key preset_keys[] = {
	{"description", NAMED, .brief = "one line for fettle preset list"},
	{"prompt", NAMED, .flags = CONF_LINES, .brief = "what the model is told besides the task"},
	{"model", NAMED, .option = "model", .brief = "which model answers"},
	{"effort", NAMED, .choices = EFFORTS, .option = "effort", .brief = "how much it reasons"},
	{"tools", .type = CONF_LIST, .brief = "the only tools that the model is offered"},
	{"max_turns", .type = CONF_INT, .minimum = 1, .maximum = COUNT_MAX, .unit = "model calls",
		.option = "max-turns", .brief = "the task stops after so many model calls"},
	{"max_output_tokens", TOKENS, .option = "max-output-tokens", .brief = "ceiling of one answer"},
	{"timeout", SECONDS(1, TASK_LONGEST_S), .option = "timeout", .brief = "the task stops after this time"},
	{"output_format", NAMED, USER_ONLY, .choices = FORMATS, .option = "output-format", .brief = "what stdout gets"},
	{0},
};

const struct conf_key settings_keys[] = {
	{"model", NAMED, .option = "model", .brief = "which model answers, as provider/model"},
	{"fast_model", NAMED, .brief = "the model of --fast"},
	{"smart_model", NAMED, .brief = "the model of --smart"},
	{"summary_model", NAMED, .option = "summary-model",
		.brief = "who sums up old turns when a conversation grows too long; fast_model when that is set, else the model itself"},
	{"effort", NAMED, .choices = EFFORTS, .option = "effort", .brief = "how much models reason that can"},
	{"fallback", .type = CONF_LIST, .option = "fallback", .brief = "models that are asked when that one cannot answer"},
	{"max_retries", .type = CONF_INT, .minimum = 0, .maximum = COUNT_MAX, .unit = "retries", .fallback = "3",
		.option = "max-retries", .brief = "how often a failed model call is made again"},
	{"max_retry_wait", SECONDS(0, LONGEST_S), .fallback = "60", .option = "max-retry-wait",
		.brief = "the longest wait that a provider may ask for before a retry"},
	{"connect_timeout", SECONDS(1, LONGEST_S), .fallback = "10", .option = "connect-timeout",
		.brief = "how long connecting may take"},
	{"first_byte_timeout", SECONDS(1, LONGEST_S), .fallback = "300", .option = "first-byte-timeout",
		.brief = "how long an answer may take to begin"},
	{"idle_timeout", SECONDS(1, LONGEST_S), .fallback = "120", .option = "idle-timeout",
		.brief = "how long an answer may pause"},
	{"timeout", SECONDS(1, TASK_LONGEST_S), .option = "timeout", .brief = "the task stops after this time"},
	{"max_turns", .type = CONF_INT, .minimum = 1, .maximum = COUNT_MAX, .unit = "model calls", .fallback = "50",
		.option = "max-turns", .brief = "the task stops after so many model calls"},
	{"max_output_tokens", TOKENS, .fallback = "32000", .option = "max-output-tokens",
		.brief = "ceiling of one answer; a model's own limit where that is lower"},
	{"output_format", NAMED, USER_ONLY, .choices = FORMATS, .fallback = "text", .option = "output-format",
		.brief = "what stdout gets"},
	{"plain", .type = CONF_BOOL, .fallback = "false", .option = "plain",
		.brief = "the answer as the model writes it, also on a terminal, where its Markdown is rendered"},
	{"permit", NAMED, USER_ONLY, .choices = WORDS("read", "edit", "all"), .fallback = "edit", .option = "permit",
		.brief = "what tools may do: read the workspace, edit it and run commands in the sandbox, or all"},
	{"ask", .type = CONF_BOOL, USER_ONLY, .fallback = "false", .option = "ask",
		.brief = "ask on the terminal before each change, command and request"},
	{"allow_tools", .type = CONF_LIST, USER_ONLY, .brief = "rules like those of --allow-tool"},
	{"deny_tools", .type = CONF_LIST, USER_ONLY, .brief = "rules like those of --deny-tool"},
	{"allow_hosts", .type = CONF_LIST, USER_ONLY, .brief = "hosts like those of --allow-host"},
	{"allow_read", .type = CONF_LIST, USER_ONLY, .brief = "globs of files with secrets that tools may read"},
	{"sandbox", NAMED, USER_ONLY, .choices = WORDS("auto", "bubblewrap", "landlock", "none"), .fallback = "auto",
		.option = "sandbox", .brief = "what commands are fenced in with; none needs permit all"},
	{"sandbox_network", .type = CONF_BOOL, USER_ONLY, .fallback = "false", .option = "sandbox-network",
		.brief = "commands in the sandbox may use the network"},
	{"sandbox_environment", .type = CONF_LIST, USER_ONLY,
		.brief = "variables that commands see although their names or values look like secrets"},
	{"sandbox_writable", .type = CONF_LIST, USER_ONLY,
		.brief = "directories besides the workspace that commands may write to, as /path or ~/path"},
	{"ca_file", NAMED, .flags = CONF_USER_ONLY | CONF_PATH, .option = "ca-file", .brief = "the certificates in this PEM file are trusted, not the system's"},
	{"insecure", .type = CONF_BOOL, USER_ONLY, .fallback = "false", .option = "insecure",
		.brief = "TLS is not verified; servers that are not on this machine are then refused"},
	{"probe", .type = CONF_BOOL, USER_ONLY, .fallback = "true",
		.brief = "look for a server on this machine when nothing names a model"},
	{"ledger", .type = CONF_BOOL, USER_ONLY, .fallback = "true",
		.brief = "write down what each model call took (docs/budgets.md)"},
	{"daily_budget", .type = CONF_MONEY, USER_ONLY,
		.brief = "what all model calls of a day may cost together; needs the ledger"},
	{"usage_timezone", NAMED, USER_ONLY, .option = "timezone",
		.brief = "the time zone of the days of fettle usage, as Europe/Berlin; else the system's"},
	{"usage_start_of_week", NAMED, USER_ONLY, .option = "start-of-week",
		.choices = WORDS("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"),
		.brief = "the first day of the weeks of fettle usage; else monday"},
	{"diagnostics", NAMED, .choices = WORDS("on", "off", "auto"), .fallback = "auto",
		.brief = "what language servers find after an edit is told to the model: auto waits 2 s for it, on as long as diagnostics_wait"},
	{"diagnostics_wait", SECONDS(1, 60), .fallback = "5", .brief = "how long a language server may take to judge a file"},
	{"language_servers", .type = CONF_MAP, USER_ONLY, .members = language_server_keys,
		.brief = "how language servers are started, by name; a built-in one's name takes its place"},
	{"models", .type = CONF_MAP, .members = model_keys, .brief = "what holds for one model, by provider/model"},
	{"providers", .type = CONF_MAP, USER_ONLY, .members = provider_keys,
		.brief = "how a provider is reached, by its name; a new name is a new provider"},
	{"rate_limits", .type = CONF_MAP, USER_ONLY, .members = rate_limit_keys,
		.brief = "what each model of a provider may be asked, by provider or provider/model (docs/limits.md)"},
	{"hooks", .type = CONF_MAP, USER_ONLY, .members = hook_keys,
		.brief = "commands run before and after tools and at the end of a task, by a name"},
	{"mcp_servers", .type = CONF_MAP, USER_ONLY, .members = mcp_server_keys,
		.brief = "MCP servers whose tools are offered, by name (docs/mcp.md)"},
	{"usage_prices", .type = CONF_OBJECT, USER_ONLY,
		.brief = "what models cost, by name, before the catalogue's prices (docs/prices.md)"},
	{"presets", .type = CONF_MAP, .members = preset_keys, .brief = "presets for --preset, by name"},
	{0},
};
