// SPDX-License-Identifier: MIT
/* offline_ask: what a request wants, decided from its words. Private to the offline model. */
#ifndef LLM_OFFLINE_ASK_H
#define LLM_OFFLINE_ASK_H

#include "llm/offline.h"

/* May set flags and topics of r. */
enum ask ask_of(struct request *r);
bool is_one_of_fillers(const struct word *w); /* also politeness */
/* "tests", "changes", "documents": a noun although the lexicon has a verb of that stem. */
bool is_plural_noun(const struct word *w);

#endif
