// SPDX-License-Identifier: MIT
/* inside: what the wires share; nothing here is for other rooms. */
#ifndef LLM_INSIDE_H
#define LLM_INSIDE_H

#include "base/json.h"
#include "llm/llm.h"

enum {
	ANSWER_CALLS_MAX = 1000, /* more in one answer is a server gone wrong */
	OUTPUT_TOKENS_DEFAULT = 4096, /* of a request that does not say */
};

/* batch_anthropic.c, batch_openai.c */
extern const struct wire_batch batch_anthropic, batch_openai;

/* A call of the answer being read. */
struct known_call {
	int64_t index; /* the wire's; -1 it gave none */
	int block;
	struct str id, name;
	struct str wire_id; /* openai: as sent; id is made up where it is empty or another call's */
	bool is_announced;
	bool is_whole; /* the input came at the start: later pieces repeat it */
	/* Where the input's JSON stands, to see its end. */
	int depth;
	bool in_string, after_escape, is_complete;
};

/* An output item of the answer being read: responses. */
struct known_item {
	int64_t index; /* the wire's output_index; its place where there is none */
	struct str id; /* the wire's, "" none */
	int block;
	enum block_kind kind;
	bool has_pieces; /* its contents came in pieces, its end only repeats them */
	bool is_done;
};

/* A part of reasoning_details: openai_details.c. */
struct detail {
	struct str first; /* the object it began with; what follows is joined to it */
	struct str type, index; /* as they came */
	struct buf text;
	struct str signature, id, format; /* the newest, as JSON */
};

/* Where deltas go. The functions return false when the sink wants no more. */
struct outlet {
	struct wire_reader *r;
	delta_fn *sink;
	void *self;
};

/* Keeps the reader's account (usage, ended ...) and puts a DELTA_START first where none came. */
bool outlet_put(const struct outlet *o, const struct delta *delta);
/* Nothing for empty text. */
bool outlet_text(const struct outlet *o, enum delta_kind kind, int block, struct str text);
/* A JSON string value; nothing for other types. */
bool outlet_json(const struct outlet *o, enum delta_kind kind, int block, struct str value);
bool outlet_usage(const struct outlet *o, const struct usage *usage);
bool outlet_error(const struct outlet *o, const struct llm_error *error);
/* "the provider's stream makes no sense: <why>" */
bool outlet_damaged(const struct outlet *o, const char *why);
/* DELTA_STOP if none came yet, then DELTA_END. */
bool outlet_end(const struct outlet *o);

/* An event of a stream. m: the table's fields as they were picked from its JSON. */
struct event {
	const char *type;
	bool (*take)(const struct outlet *o, const struct str *m);
};

enum { EVENT_FIELDS_MAX = 16 };

/* The events of a wire that has a type in each. */
struct event_table {
	const struct str *fields; /* "type" is the first */
	size_t field_count;
	const struct event *events; /* ended by {0} */
	/* What is of none of these types; is_error: of the type "error". */
	bool (*take_other)(
		const struct outlet *o, const struct str *m, struct str data, bool is_error);
};

/* By the JSON's type; the event's name where there is none. */
bool event_take(
	const struct event_table *table, const struct outlet *o, struct str name, struct str data);

/* A count of tokens; -1 for what is none. */
int64_t usage_count(struct str value);
/* The count for sums: 0 where it is unknown. */
int64_t usage_known(int64_t count);

/* openai.c: USD as a number to nano-dollars, rounded; -1 for what is no price of one request. */
int64_t usage_cost(struct str value);

/* error.c: an error value in any of the shapes servers use; status 0 inside a stream. */
void error_read(struct str value, int status, struct arena *a, struct llm_error *out);
/* wire->get_error of every wire. */
void error_get(int status, struct str body, struct arena *a, struct llm_error *out);

/*
 * list.c: a whole answer of JSON. ERR_PROVIDER when it is an error in disguise; value may be of any
 * type.
 */
[[nodiscard]] bool body_open(struct str body, struct arena *a, struct str *value, struct err *e);
void anthropic_put_list(const struct model_list *list, struct buf *out);
void openai_put_list(const struct model_list *list, struct buf *out);
void ollama_put_list(const struct model_list *list, struct buf *out);

/* request.c: a prompt being read. */
struct prompt_builder {
	struct arena *a;
	struct prompt *prompt;
	size_t message_room, block_room, block_count;
	struct block *blocks;
};

/* Room for so many messages and blocks in all. */
void builder_start(struct prompt_builder *b, size_t messages, size_t blocks);
/* Messages of one role in a row become one. */
void builder_put(struct prompt_builder *b, enum role role, struct block block);
/* A system text: joins prompt->system before the first message, later it becomes the user's. */
void builder_system(struct prompt_builder *b, struct str text);
/* Text of a string, or of an array of {text} blocks joined by newlines; "" when there is none. */
struct str content_text(struct str content, struct arena *a);
/*
 * The members all wires have, and the checks. messages is the member of that name: an array on
 * success, or a string where the wire allows it.
 */
[[nodiscard]] bool request_open(struct str body, const char *name, bool allows_text,
	struct arena *a, struct prompt *out, struct str *messages, struct err *e);
/* Text of a string or of the parts of an array, a block each, and the user's images. */
void builder_content(struct prompt_builder *b, enum role role, struct str content);
/*
 * image.c: images in a request being read: bare base64, Anthropic's source, a data URL. What is
 * none, or lies elsewhere, is skipped.
 */
void image_get_data(struct prompt_builder *b, struct str data);
void image_get_source(struct prompt_builder *b, struct str source);
void image_get_url(struct prompt_builder *b, struct str url);
void image_put_url(struct json_writer *w, const struct block *b);
/* A call's input as a JSON object, whatever it was before: cut inputs go under "unparsed". */
void put_input_object(struct buf *b, struct str input);
struct str input_object(struct str input, struct arena *a);
/*
 * Members of an open object: name, description and, under schema_name, the schema or that of an
 * object without known members.
 */
void tool_put(struct json_writer *w, const struct tool_spec *tool, const char *schema_name);

/* form.c: the answer's form. */
/* Whether the schema is of an object: most providers take no others. */
bool form_is_object(struct str schema);
/* Whether OpenAI's strict mode takes it: closed objects, all members required, plain keywords. */
bool form_is_strict(struct str schema);
/* Whether Anthropic takes it: closed objects, plain keywords, no recursion. */
bool form_is_closed(struct str schema);
/* As a request has it: type, name and schema in one object. Nothing else is a schema. */
void form_get(struct str format, struct str schema_and_name, struct arena *a, struct prompt *out);
/* "name":...,"schema":...,"strict":... */
void form_put(struct json_writer *w, const struct prompt *p);

/* A text member; "" when it is absent or no text. */
struct str text_or_empty(struct str object, const char *name, struct arena *a);
/*
 * The tools of a request. wrapper names the object within each entry that holds name and
 * description, NULL: the entry itself.
 */
void request_tools(struct str tools, const char *wrapper, const char *schema_name, struct arena *a,
	struct prompt *out);

/* The messages of one role in a row, which go out as one. */
struct run {
	const struct message *first, *end;
};

/* False at the end; {0} starts. */
bool run_next(const struct prompt *p, struct run *run);

bool anthropic_get_request(struct str body, struct arena *a, struct prompt *out, struct err *e);
void anthropic_put_request(const struct prompt *p, struct buf *body);
void anthropic_put_delta(struct wire_writer *w, const struct delta *delta, struct buf *out);
void anthropic_put_answer(const struct whole_answer *answer, struct buf *out);
void anthropic_put_error(const struct llm_error *error, struct buf *out);
bool openai_get_request(struct str body, struct arena *a, struct prompt *out, struct err *e);
void openai_put_request(const struct prompt *p, struct buf *body);
void openai_put_delta(struct wire_writer *w, const struct delta *delta, struct buf *out);
void openai_put_answer(const struct whole_answer *answer, struct buf *out);
void openai_put_error(const struct llm_error *error, struct buf *out);

bool responses_get_request(struct str body, struct arena *a, struct prompt *out, struct err *e);
void responses_put_request(const struct prompt *p, struct buf *body);
void responses_put_delta(struct wire_writer *w, const struct delta *delta, struct buf *out);
void responses_put_answer(const struct whole_answer *answer, struct buf *out);
bool ollama_get_request(struct str body, struct arena *a, struct prompt *out, struct err *e);
void ollama_put_request(const struct prompt *p, struct buf *body);
void ollama_put_delta(struct wire_writer *w, const struct delta *delta, struct buf *out);
void ollama_put_answer(const struct whole_answer *answer, struct buf *out);
void ollama_put_error(const struct llm_error *error, struct buf *out);

/* responses_request.c: the texts of a reasoning item's summary, as one. */
struct str reasoning_text(struct str item, struct arena *a);

/* Whether the answer has calls. One without name and input was never told of and is none. */
bool reader_has_calls(const struct wire_reader *r);

/* openai_calls.c: items of tool_calls. */
bool openai_take_calls(const struct outlet *o, struct str items);
bool openai_take_call(const struct outlet *o, struct str item, size_t position);
/* Items of tool_calls as a request has them, as blocks. */
void openai_get_calls(struct prompt_builder *b, struct str calls);
/* The tools of a request, each wrapped in "function". */
void openai_put_tools(struct json_writer *w, const struct prompt *p);

/* openai_details.c: pieces of reasoning_details are joined and told at the end. */
void details_take(struct wire_reader *r, struct str items);
/* Their text as one, for servers that send no other. */
struct str details_text(struct str items, struct arena *a);
bool details_put(const struct outlet *o);
void details_release(struct wire_reader *r);

#endif
