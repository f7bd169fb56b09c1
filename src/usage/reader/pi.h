// SPDX-License-Identifier: MIT
/* pi: messages of pi's sessions, which assistants built on it write, too. */
#ifndef USAGE_READER_PI_H
#define USAGE_READER_PI_H

#include "usage/reader.h"

enum pi_text { PI_TEXT_SESSION, PI_TEXT_PROJECT, PI_TEXT_MODEL, PI_TEXT_PROVIDER };

/* A "session" line: whose file this is. */
void pi_session(struct usage_file *file, struct str line);
/* Takes the answer that a "message" line holds. Models that it does not name are remembered ones.
 */
void pi_message(struct usage_file *file, struct str line);

#endif
