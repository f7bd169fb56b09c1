// SPDX-License-Identifier: MIT
/*
 * frames: messages on a stream of bytes, in the two ways JSON-RPC is sent over pipes. Waits for
 * nothing and looks at no message.
 *   RPC_LINES    one message a line, LF, none inside (Model Context Protocol, stdio transport)
 *   RPC_HEADERS  "Content-Length: N", an empty line, N bytes (Language Server Protocol, base
 *                protocol); lines may end in LF alone
 */
#ifndef IO_FRAMES_H
#define IO_FRAMES_H

#include "base/buf.h"
#include "base/err.h"

enum rpc_framing { RPC_LINES, RPC_HEADERS };

enum { FRAME_MAX_BYTES = 16 << 20, FRAME_HEADERS_MAX_BYTES = 8 << 10 };

/* Start with the framing set and the rest {0}. */
struct frames {
	enum rpc_framing framing;
	struct buf bytes; /* received, not yet given away */
	size_t given; /* bytes at the front that were given away */
	size_t looked; /* bytes behind them that hold no end of a line */
	size_t body; /* length of the message whose headers were read */
	bool has_headers;
};

void frames_release(struct frames *f);
void frames_feed(struct frames *f, struct str bytes);
/*
 * The next whole message, valid until the next call of any kind; *message is absent when more bytes
 * are needed. Empty lines are no messages. False when the stream cannot be read on: ERR_LIMIT for a
 * message or headers too long, ERR_PARSE for headers that are none.
 */
[[nodiscard]] bool frames_next(struct frames *f, struct str *message, struct err *e);
/* Appends one message with its frame. body has no line break in it when lines are the frame. */
void frame_put(struct buf *out, enum rpc_framing framing, struct str body);

#endif
