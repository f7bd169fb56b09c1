// SPDX-License-Identifier: MIT
/* config: what the parts of `fettle config` share. */
#ifndef CMD_CONFIG_H
#define CMD_CONFIG_H

#include "cmd/settings.h"

/* Every key with its value and where that came from; secrets masked. */
void config_show(struct settings *s, bool as_json, struct buf *out);
/* The JSON Schema of config.json. */
void config_schema(struct buf *out);
/* The keys as rows of a Markdown table. */
void config_keys(struct buf *out);

#endif
