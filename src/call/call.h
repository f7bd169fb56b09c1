// SPDX-License-Identifier: MIT
/*
 * call: one model call, from the question to the end of the answer. Everybody who asks a model
 * takes this walk (call.c shows it); nobody else talks to providers.
 *
 * A call owns nothing of its prompt, which must stay until the end. Deltas and the end come from
 * the loop, never from within call_start or call_cancel. The end comes exactly once, last, also
 * after a cancel; the call is gone then.
 */
#ifndef CALL_CALL_H
#define CALL_CALL_H

#include "base/err.h"
#include "io/http.h"
#include "io/loop.h"
#include "llm/llm.h"

/* Where a model lives and how to reach it. */
struct route {
	struct str provider; /* "anthropic", "openai", "ollama", "offline" ... */
	const struct wire *wire; /* NULL: the offline model; with the headers of its dialect */
	const struct dialect *dialect; /* of the openai wire; NULL: what every server takes */
	struct str model_id; /* as the provider knows it */
	struct str name; /* "provider/model" */
	const char *url;
	struct str key; /* "" none is sent */
	const char *key_name; /* where it is from or belongs: "OPENAI_API_KEY"; NULL offline */
	bool bearer; /* the key goes as Authorization: Bearer, whatever the wire's own way is */
	struct str
		api_version; /* asked for in place of the wire's own; "" that. route_set_version */
	const struct header *headers; /* further ones, in place of ours of that name; NULL none */
	struct str routing; /* for the prompt's, JSON text; "" none */
	struct str effort; /* of prompts; absent: as they say */
	int64_t max_output_tokens; /* of prompts; 0: as they say */
	const char *notice; /* something people should know; NULL nothing */
	struct model model; /* from the catalogue, with what the wish says of it */
	bool is_in_catalog;
	bool is_local; /* it runs on this machine, or is of a kind that does */
	struct http_limits limits;
	bool is_last_resort; /* offline, because nobody named anything else */
	char why[160]; /* one sentence: what led to this choice */
	const struct route *fallback; /* asked when this one cannot answer; NULL none */
};

/* What somebody says about a provider, known or new. Strings that are absent do not say. */
struct provider_wish {
	struct str name;
	const char *key, *base_url; /* the environment's go before them; NULL: not said */
	const char *key_name; /* for sentences: where the key is */
	const struct wire *wire; /* NULL: the provider's own, Chat Completions of a new one */
	const struct dialect *dialect; /* NULL: the provider's own */
	struct str api_version;
	enum { BEARER_UNSAID, BEARER_YES, BEARER_NO } bearer; /* how the key is sent */
	const struct header *headers; /* ended by a NULL name; NULL none */
	struct str routing;
};

/* What somebody says about a model, or about all. 0 and absent strings do not say. */
struct model_wish {
	struct str name; /* "provider/model" */
	int64_t context_tokens, max_output_tokens;
	struct str effort;
};

enum model_size { SIZE_USUAL, SIZE_FAST, SIZE_SMART, SIZE_COUNT };

struct route_wish {
	const char *model; /* --model or NULL */
	const char *base_url; /* --base-url or NULL */
	const char *(*environment)(const char *name); /* getenv, or a test's */
	const char *option; /* what names the model, for sentences; NULL: --model */
	const char *fallback_option; /* what names the fallbacks; NULL: --fallback */
	enum model_size size; /* which of a provider's models, when none is named */
	const char *near; /* a model: its provider is asked first for one of that size; NULL */
	const struct provider_wish *providers;
	size_t provider_count;
	const struct model_wish *models;
	size_t model_count;
	struct model_wish firm, usual; /* holds for every model; holds where models do not say */
};

/*
 * --model > the first key (ANTHROPIC_API_KEY or _AUTH_TOKEN, OPENAI_API_KEY ..., or a wish's) or
 * base URL (ANTHROPIC_BASE_URL, OPENAI_BASE_URL ...) found > offline. ERR_USAGE when the wish
 * cannot be met. The strings live in the arena.
 */
[[nodiscard]] bool route_choose(
	const struct route_wish *wish, struct arena *a, struct route *out, struct err *e);

/*
 * The provider itself, for questions that name no model; the route has the provider's name.
 * ERR_USAGE as above.
 */
[[nodiscard]] bool route_choose_provider(const struct route_wish *wish, struct str name,
	struct arena *a, struct route *out, struct err *e);

/*
 * Which version of the API is asked for: a date such as "2026-10-21". ERR_USAGE for anything else
 * and where the wire has no versions.
 */
[[nodiscard]] bool route_set_version(struct route *route, struct str version, struct err *e);

/* The providers that need no settings, with each variable that may hold the key; and the base
 * URL's. */
void route_each_provider(void (*visit)(void *self, const char *name, const char *key_variable,
				 const char *base_variable),
	void *self);
/* What is known of a provider before it is asked. */
struct provider_facts {
	struct str name;
	struct str catalog; /* its name in the catalogue */
	const char *key_variable, *default_model; /* NULL none */
	const char *key_name; /* where its key is; NULL: there is none */
	bool is_local; /* needs no key, and may be on this machine */
	bool is_named; /* somebody said where it is */
	int usual_port; /* where it is looked for on this machine when nobody did; 0 nowhere */
};

/* Whether this variable of the environment holds the key of a provider that is known by name. */
bool route_is_key_variable(const char *name);
/*
 * Every provider there is, the wish's own too, in the order they are looked for; of several names
 * for one server the first. The facts are valid during the call, their strings as long as the wish
 * and the arena.
 */
void route_survey(const struct route_wish *wish, struct arena *a,
	void (*visit)(void *self, const struct provider_facts *facts), void *self);
/* "MY_SERVER" and end, for a provider called "my-server". */
const char *route_variable(struct str provider, const char *end, struct arena *a);

/*
 * What of a prompt is the route's: the model, the dialect, the routing, what a wish says of it, and
 * the window where none is asked for.
 */
void route_address(const struct route *route, struct prompt *prompt);
/*
 * The model's context window; 0: it has none. *is_known: by the catalogue or because we set it up,
 * no guess.
 */
int64_t route_context_tokens(const struct route *route, bool *is_known);

/*
 * Another model beside first, with its limits: wish names it, and its base URL serves routes of the
 * same provider as first's.
 */
[[nodiscard]] bool route_choose_beside(const struct route_wish *wish, struct arena *a,
	const struct route *first, struct route *out, struct err *e);

/* Where the route's provider has the path of another question of its wire. */
const char *route_url(const struct route *route, const char *path, struct arena *a);

/*
 * Chains the routes of a list ("provider/model,provider/model") behind first, with its limits. The
 * wish is first's own: its base URL serves the routes of the same provider too. ERR_USAGE as above.
 */
[[nodiscard]] bool route_add_fallbacks(const char *list, const struct route_wish *wish,
	struct arena *a, struct route *first, struct err *e);

/* How stubbornly a call tries. {0}: once. */
struct retry_limits {
	int retries_max; /* on each route */
	int64_t wait_max_ms; /* a provider that asks for longer is not waited for */
};

/* Monotonic clock, ns; 0: did not come to that. All but begun and ended: of the last attempt. */
struct call_times {
	int64_t begun; /* the first attempt, with what it waited for its turn */
	int64_t queued; /* for its turn at the provider; 0: it did not wait */
	int64_t asked; /* the request is put together from here on */
	int64_t loading; /* libcurl is loaded, until started; 0: it was there */
	int64_t started; /* on the network, behind the loading of libcurl */
	int64_t resolved, connected; /* the name, the address */
	int64_t secured; /* TLS is set up; 0 without it */
	int64_t sent, first_byte, first_token, ended;
	bool reused;
};

struct call_result {
	const struct err *error; /* NULL: the answer is whole */
	const char
		*reason; /* of an attempt that failed, as in struct call_retry; NULL: it is ours */
	const struct route *route; /* that answered, or was asked last */
	int attempts; /* on all routes */
	int64_t max_output_tokens; /* what was asked for */
	enum stop_reason stop;
	struct usage usage;
	int64_t cost_nanousd; /* -1 unknown */
	int http_status; /* 0 none */
	int64_t context_tokens; /* STOP_CONTEXT: the window by the provider's words; 0 not said */
	struct str request_id; /* the provider's, "" none */
	size_t request_bytes, response_bytes;
	struct call_times times;
	int64_t paced_ns; /* how long this attempt waited for its turn */
	int64_t paced_all_ns; /* the same of all attempts; a part of begun to ended */
};

/* An attempt has failed, and another one follows. */
struct call_retry {
	const struct route *route; /* that failed */
	const struct route *next; /* the same again, or its fallback */
	const struct err *error;
	const struct call_result *failed; /* the attempt: its times and sizes; no error, no cost */
	const char *reason; /* a word for machines: "rate_limit", "overloaded", "network" ... */
	int http_status; /* 0 none */
	int attempt, retries_max; /* the retry that follows, from 1; 0 for a fallback */
	int64_t delay_ms; /* until it is made */
};

/* An attempt has waited for its turn for a while, and goes on waiting. */
struct call_wait {
	const struct route *route;
	const char *reason; /* a word for machines: "requests", "tokens", "concurrent" ... */
	const char *why; /* for people: "requests a minute" ... */
	int64_t wait_ms; /* until somebody may go; -1: when a call under way has ended */
};

struct call_sink {
	void (*delta)(void *self, const struct delta *delta);
	/* What deltas told so far does not count: it begins anew. NULL: nobody wants to know. */
	void (*retry)(void *self, const struct call_retry *retry);
	void (*end)(void *self, const struct call_result *result);
	void *self;
	/*
	 * The prompt for this route, asked for before its first attempt; it stays until the end.
	 * NULL: it does not fit, e says why, and the call ends. No such function: the prompt
	 * that the call began with goes everywhere.
	 */
	const struct prompt *(*fit)(void *self, const struct route *route, struct err *e);
	/* At most once an attempt. NULL: nobody wants to know. */
	void (*wait)(void *self, const struct call_wait *wait);
};

struct budget;
struct ledger;
struct ledger_who;
struct pacer;

struct call_world {
	struct loop *loop;
	struct http_client *http;
	struct retry_limits retry;
	struct pacer *pacer; /* asked before every attempt; NULL: nobody waits */
	bool is_interactive; /* a person waits: before all batches */
	uint64_t batch; /* batches take turns; 0 is one, too */
	/*
	 * The longest wait for a turn. 0: a quarter of an hour, but for a pause after a refusal no
	 * longer than for a retry.
	 */
	int64_t turn_max_ms;
	struct budget *budget; /* that calls have to fit; NULL: any cost will do */
	struct ledger *ledger; /* where calls are written down; NULL nowhere */
	const struct ledger_who *who; /* asks, for the ledger; stays until the end */
};

/* Whether it is known what the route's answers cost. */
bool route_has_price(const struct route *route);

struct call;

/*
 * The route and its fallbacks stay until the end. The prompt's model is the route's, and its
 * max_output_tokens are lowered to what the model is known to allow.
 */
[[nodiscard]] struct call *call_start(const struct call_world *world, const struct route *route,
	const struct prompt *prompt, const struct call_sink *sink);
/* Closes the connection; the end comes with ERR_CANCELLED. NULL is nothing. */
void call_cancel(struct call *call);

#endif
