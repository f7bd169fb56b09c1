// SPDX-License-Identifier: MIT
/*
 * command: whether a shell's command plainly reads and nothing else. For the order of calls, and
 * never for safety: that is what the sandbox is for.
 */
#ifndef AGENT_TOOL_COMMAND_H
#define AGENT_TOOL_COMMAND_H

#include <stdbool.h>

#include "base/str.h"

/* Known readers, with pipes between them; nothing that a shell would do more with. */
bool command_only_reads(struct str command);

#endif
