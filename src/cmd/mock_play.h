// SPDX-License-Identifier: MIT
/*
 * mock_play: one request at the scripted provider and its answer, from the question to the last
 * byte, a cut or a stall. Private to the files of the server. All on the loop's thread.
 */
#ifndef CMD_MOCK_PLAY_H
#define CMD_MOCK_PLAY_H

#include "cmd/mock_script.h"
#include "io/httpd.h"

/* Vectors of many texts: the largest body that is no conversation. */
enum { SIDE_BODY_MAX_BYTES = 256 << 20 };

struct recorder;

struct mock {
	struct loop *loop;
	struct httpd *httpd;
	struct mock_script script;
	struct recorder *recorder; /* NULL: the script answers */
	int log_fd;
	bool has_lost_log;
	int64_t served;
};

/* One request and its answer: begin, then play until everything is told, cut or left to stall. */
struct play {
	struct mock *mock;
	struct httpd_request *request;
	struct mock_reply *reply;
	struct arena arena;
	struct mock_question question;
	struct wire_writer writer;
	struct buf out; /* bytes of the pieces told last */
	size_t out_sent; /* of out */
	int64_t bytes_sent; /* of the body, in all */
	size_t piece; /* to be told next, and how often it was told */
	int64_t told, deltas;
	int64_t pause_ms; /* due when what is in out has left; 0 none */
	bool is_cut_due;
	bool is_let_in; /* counted by the script's limit */
	struct timer *timer;
};

void play_free(struct play *p);
/* mock_question.c. False: the status and the sentence to refuse the request with. */
[[nodiscard]] bool play_read_question(struct play *p, int *status, struct err *e);
/* mock_log.c. why is what the client was told when no reply was chosen, "" when one was. */
void play_log(const struct play *p, const char *why);
/* The chosen reply, after its delay. Frees the play in the end. */
void play_start(struct play *p);
#endif
