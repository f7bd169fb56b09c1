// SPDX-License-Identifier: MIT
/*
 * document: the files a server has been shown, and what it says of them: of itself
 * (publishDiagnostics) or when it is asked (textDocument/diagnostic). Texts are sent whole.
 */
#include <stdlib.h>

#include "agent/lsp/inside.h"
#include "base/clock.h"
#include "base/json.h"

enum {
	OPEN_MAX = 64, /* then the one that was not used for longest is closed */
	/* A server may speak more than once: of the syntax first, then of the rest. */
	SETTLED_MS = 100, /* when it tells for which version */
	QUIET_MS = 600, /* when it does not */
	AGAIN_MS = 50,
	SERVER_CANCELLED = -32802,
	CONTENT_MODIFIED = -32801,
	PUSHED_MAX_BYTES = 4 << 20,
};

void lsp_heard_release(struct lsp_heard *heard)
{
	buf_release(&heard->pushed);
	buf_release(&heard->pulled);
}

bool lsp_on_request(void *self, struct str method, struct str params, struct buf *result)
{
	const struct lsp_server *s = self;

	return lsp_put_reply(result, s->workspace->root, method, params);
}

static struct lsp_document *find(struct lsp_server *s, struct str path)
{
	vec_each (&s->documents, at)
		if (str_is(path, (*at)->path))
			return *at;
	return NULL;
}

/* The document of a URI, by its path below the root. */
static struct lsp_document *find_uri(struct lsp_server *s, struct str uri, struct arena *a)
{
	struct str path = lsp_uri_path(json_text(uri, a), a), root = str_from(s->workspace->root);

	if (!str_starts(path, root))
		return NULL;
	path = str_skip(path, root.n);
	return find(s, str_starts(path, STR("/")) ? str_skip(path, 1) : path);
}

static void take_pushed(struct lsp_server *s, struct str params)
{
	struct str array = json_get(params, "diagnostics");
	int64_t version = json_int_or(json_get(params, "version"), -1);
	struct arena scratch = {0};

	s->sends_versions |= version >= 0;
	struct lsp_document *d = find_uri(s, json_get(params, "uri"), &scratch);
	arena_release(&scratch);
	/* Without a version from one that has them: the word that goes with closing a file. */
	if (!d || json_type(array) != JSON_ARRAY || array.n > PUSHED_MAX_BYTES ||
		(version < 0 ? s->sends_versions : version != d->version))
		return;
	buf_clear(&d->pushed);
	buf_put_str(&d->pushed, array);
	d->pushed_version = version;
	d->pushed_ns = clock_ns();
}

static void take_progress(struct lsp_server *s, struct str params)
{
	struct str kind = json_get(json_get(params, "value"), "kind");

	if (json_text_is(kind, "begin"))
		s->at_work++;
	else if (json_text_is(kind, "end") && s->at_work > 0)
		s->at_work--;
}

void lsp_on_notification(void *self, struct str method, struct str params)
{
	struct lsp_server *s = self;

	pthread_mutex_lock(&s->lock);
	if (str_is(method, "textDocument/publishDiagnostics"))
		take_pushed(s, params);
	else if (str_is(method, "$/progress"))
		take_progress(s, params);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

/* {"textDocument":{"uri":...  and the writer is left inside of textDocument. */
static struct json_writer open_params(
	const struct lsp_server *s, const struct lsp_document *d, struct buf *params)
{
	struct json_writer w = {.buf = params};
	AUTO(buf) path = {0};
	AUTO(buf) uri = {0};

	buf_printf(&path, "%s/%s", s->workspace->root[1] ? s->workspace->root : "", d->path);
	lsp_put_uri(&uri, buf_str(&path));
	json_open(&w, '{');
	json_key(&w, "textDocument");
	json_open(&w, '{');
	json_member_str(&w, "uri", buf_str(&uri));
	return w;
}

static void close_params(struct json_writer *w)
{
	json_close(w, '}');
	json_close(w, '}');
}

static bool send_closed(struct lsp_server *s, const struct lsp_document *d, struct err *e)
{
	AUTO(buf) params = {0};
	struct json_writer w = open_params(s, d, &params);

	close_params(&w);
	return rpc_notify(s->rpc, "textDocument/didClose", buf_str(&params), e);
}

static bool send_opened(struct lsp_server *s, const struct lsp_document *d, struct err *e)
{
	AUTO(buf) params = {0};
	struct arena scratch = {0};
	struct json_writer w = open_params(s, d, &params);

	json_member_str(&w, "languageId", lsp_language_id(str_from(d->path), &scratch));
	json_member_int(&w, "version", d->version);
	json_member_str(&w, "text", buf_str(&d->text));
	close_params(&w);
	arena_release(&scratch);
	return rpc_notify(s->rpc, "textDocument/didOpen", buf_str(&params), e);
}

static bool send_changed(struct lsp_server *s, const struct lsp_document *d, struct err *e)
{
	AUTO(buf) change = {0};
	AUTO(buf) saved = {0};
	struct json_writer w = open_params(s, d, &change);

	json_member_int(&w, "version", d->version);
	json_close(&w, '}');
	json_key(&w, "contentChanges");
	json_open(&w, '[');
	json_open(&w, '{');
	json_member_str(&w, "text", buf_str(&d->text));
	json_close(&w, '}');
	json_close(&w, ']');
	json_close(&w, '}');
	if (!rpc_notify(s->rpc, "textDocument/didChange", buf_str(&change), e))
		return false;
	w = open_params(s, d, &saved);
	close_params(&w);
	return rpc_notify(s->rpc, "textDocument/didSave", buf_str(&saved), e);
}

static void forget(struct lsp_server *s, size_t at)
{
	struct lsp_document *d = s->documents.p[at];

	s->documents.p[at] = s->documents.p[--s->documents.n];
	free(d->path);
	buf_release(&d->text);
	buf_release(&d->pushed);
	free(d);
}

static bool make_room(struct lsp_server *s, struct err *e)
{
	size_t oldest = SIZE_MAX;

	if (s->documents.n < OPEN_MAX)
		return true;
	for (size_t i = 0; i < s->documents.n; i++)
		if (!s->documents.p[i]->users &&
			(oldest == SIZE_MAX ||
				s->documents.p[i]->used_ns < s->documents.p[oldest]->used_ns))
			oldest = i;
	if (oldest == SIZE_MAX)
		return true;
	bool is_sent = send_closed(s, s->documents.p[oldest], e);
	forget(s, oldest);
	return is_sent;
}

static bool show_new(struct lsp_server *s, struct str path, struct str text,
	struct lsp_document **out, struct err *e)
{
	if (!make_room(s, e))
		return false;
	struct lsp_document *d = must_alloc(1, sizeof *d);
	*d = (struct lsp_document){.path = must_copy(path.p, path.n), .version = 1};
	buf_put_str(&d->text, text);
	vec_push(&s->documents, d);
	*out = d;
	return send_opened(s, d, e);
}

static bool show_again(
	struct lsp_server *s, struct lsp_document *d, struct str text, bool anew, struct err *e)
{
	bool is_same = str_eq(buf_str(&d->text), text);

	/* It judges when it is asked, or is still at it. */
	if (is_same && (!anew || s->can_pull || !d->pushed_ns))
		return true;
	d->version++;
	d->pushed_ns = 0;
	buf_clear(&d->pushed);
	buf_clear(&d->text);
	buf_put_str(&d->text, text);
	/*
	 * The same text under a new number is no news to some; a file that is opened is. But the
	 * word that goes with closing it has to be told from the new one, by its version.
	 */
	if (!is_same || !s->sends_versions)
		return send_changed(s, d, e);
	return send_closed(s, d, e) && send_opened(s, d, e);
}

struct lsp_document *lsp_server_show(
	struct lsp_server *s, struct str path, struct str text, bool anew, struct err *e)
{
	pthread_mutex_lock(&s->lock);
	struct lsp_document *d = find(s, path);
	bool is_shown = s->state == LSP_READY;
	if (!is_shown) {
		*e = s->failure;
	} else {
		is_shown = d ? show_again(s, d, text, anew, e) : show_new(s, path, text, &d, e);
		if (!is_shown)
			lsp_server_fail(s, e);
	}
	if (is_shown) {
		d->users++;
		d->used_ns = clock_ns();
	}
	pthread_mutex_unlock(&s->lock);
	return is_shown ? d : NULL;
}

static void sleep_a_while(struct lsp_server *s, int64_t until_ns)
{
	pthread_mutex_lock(&s->lock);
	lsp_server_sleep(s, until_ns);
	pthread_mutex_unlock(&s->lock);
}

/* One request; *again when the server wants to be asked once more. */
static bool pull_once(struct lsp_server *s, struct str params, const struct lsp_patience *patience,
	struct buf *out, bool *again, struct err *e)
{
	struct rpc_wait wait = {.deadline_ms = (patience->until_ns - clock_ns()) / 1'000'000,
		.cancel = patience->cancel};
	AUTO(rpc_answer) answer = {0};

	*again = false;
	if (!rpc_call(s->rpc, "textDocument/diagnostic", params, &wait, &answer, e))
		return false;
	if (!answer.error.p) {
		buf_put_str(out, json_get(answer.result, "items"));
		return true;
	}
	*again = answer.code == SERVER_CANCELLED || answer.code == CONTENT_MODIFIED;
	return rpc_answer_fail(s->rpc, "textDocument/diagnostic", &answer, e);
}

static bool pull(struct lsp_server *s, const struct lsp_document *d,
	const struct lsp_patience *patience, struct buf *out, struct err *e)
{
	AUTO(buf) params = {0};
	bool again;

	pthread_mutex_lock(&s->lock);
	struct json_writer w = open_params(s, d, &params);
	json_close(&w, '}');
	if (s->identifier.n) {
		json_key(&w, "identifier");
		json_put_raw(&w, buf_str(&s->identifier));
	}
	json_close(&w, '}');
	pthread_mutex_unlock(&s->lock);
	while (!pull_once(s, buf_str(&params), patience, out, &again, e)) {
		if (!again)
			return false;
		sleep_a_while(s, clock_ns() + AGAIN_MS * 1'000'000LL);
		if (clock_ns() >= patience->until_ns)
			return err_set(e, ERR_TIMEOUT, "%.*s has not answered yet",
				STR_ARG(s->entry->name));
	}
	return true;
}

/* Whether it has said its last word on the text. */
static bool is_settled(const struct lsp_server *s, const struct lsp_document *d)
{
	int64_t rest_ms = d->pushed_version >= 0 ? SETTLED_MS : QUIET_MS;

	/* What it has found before it has loaded everything is not all. */
	return d->pushed_ns && (!s->at_work || d->pushed.n > 2) &&
	       clock_ns() - d->pushed_ns >= rest_ms * 1'000'000LL;
}

/* The lock is held. */
static bool wait_pushed(struct lsp_server *s, const struct lsp_document *d,
	const struct lsp_patience *patience, struct err *e)
{
	while (!is_settled(s, d)) {
		if (!rpc_is_open(s->rpc, e)) {
			lsp_server_fail(s, e);
			return false;
		}
		if (patience->cancel && atomic_load(patience->cancel))
			return err_set(e, ERR_CANCELLED, "stopped");
		if (clock_ns() >= patience->until_ns)
			return err_set(e, ERR_TIMEOUT, "%.*s has not answered yet",
				STR_ARG(s->entry->name));
		lsp_server_sleep(s, patience->until_ns);
	}
	return true;
}

bool lsp_server_hear(struct lsp_server *s, struct lsp_document *document,
	const struct lsp_patience *patience, struct lsp_heard *out, struct err *e)
{
	bool has_heard = s->can_pull && pull(s, document, patience, &out->pulled, e);
	bool is_over = s->can_pull && !has_heard && !rpc_is_open(s->rpc, e);

	pthread_mutex_lock(&s->lock);
	if (is_over)
		lsp_server_fail(s, e);
	else if (!has_heard && (!s->can_pull || e->code == ERR_IO))
		has_heard = wait_pushed(s, document, patience, e);
	if (has_heard)
		buf_put_str(&out->pushed, buf_str(&document->pushed));
	out->encoding = s->encoding;
	document->users--;
	pthread_mutex_unlock(&s->lock);
	return has_heard;
}
