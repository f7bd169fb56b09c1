// SPDX-License-Identifier: MIT
/*
 * catalog_table: models.json as rows, made by tools/catalog.py at build. They hold their texts, as
 * pointers would have to be relocated at every start.
 */
#ifndef LLM_CATALOG_TABLE_H
#define LLM_CATALOG_TABLE_H

#include "llm/llm.h"

struct catalog_row {
	char id[48], provider[16], wire[12]; /* texts with an end */
	bool is_blind, has_price;
	int32_t context_tokens, max_output_tokens, tier_above_tokens;
	int32_t fast_permille, us_permille, region_permille, web_search_nanousd;
	struct price price, tier;
};

extern const char catalog_table_date[];
extern const uint64_t catalog_table_mark; /* of all bytes of models.json */
extern const size_t catalog_row_count;
extern const struct catalog_row catalog_rows[]; /* in the order of models.json */
extern const uint16_t catalog_by_name[]; /* rows by provider, then by id */

#endif
