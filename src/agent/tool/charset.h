// SPDX-License-Identifier: MIT
/* charset: text in the encodings that the web still has, as UTF-8 (WHATWG Encoding, 4.2). */
#ifndef AGENT_TOOL_CHARSET_H
#define AGENT_TOOL_CHARSET_H

#include "base/buf.h"

/*
 * Appends bytes as UTF-8. The encoding: a byte order mark says it, or else label ("latin1"; absent
 * or unknown: nobody said), or else they are UTF-8 where that is what they look like, and
 * windows-1252 where not. What makes no sense becomes U+FFFD.
 */
void charset_put(struct buf *out, struct str bytes, struct str label);
/* The label in a content type ("text/html; charset=koi8-r"); absent when there is none. */
struct str charset_of_type(struct str content_type);
/* The label that a <meta> among the first 1,024 bytes names; absent when there is none. */
struct str charset_of_html(struct str html);

#endif
