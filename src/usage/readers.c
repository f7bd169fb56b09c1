// SPDX-License-Identifier: MIT
#include "usage/reader.h"

extern const struct usage_reader usage_reader_amp;
extern const struct usage_reader usage_reader_claude;
extern const struct usage_reader usage_reader_codebuff;
extern const struct usage_reader usage_reader_codex;
extern const struct usage_reader usage_reader_copilot;
extern const struct usage_reader usage_reader_droid;
extern const struct usage_reader usage_reader_fettle;
extern const struct usage_reader usage_reader_gemini;
extern const struct usage_reader usage_reader_goose;
extern const struct usage_reader usage_reader_hermes;
extern const struct usage_reader usage_reader_kilo;
extern const struct usage_reader usage_reader_kimi;
extern const struct usage_reader usage_reader_openclaw;
extern const struct usage_reader usage_reader_opencode;
extern const struct usage_reader usage_reader_pi;
extern const struct usage_reader usage_reader_qwen;

const struct usage_reader *const usage_readers[] = {
	&usage_reader_amp,
	&usage_reader_claude,
	&usage_reader_codebuff,
	&usage_reader_codex,
	&usage_reader_copilot,
	&usage_reader_droid,
	&usage_reader_fettle,
	&usage_reader_gemini,
	&usage_reader_goose,
	&usage_reader_hermes,
	&usage_reader_kilo,
	&usage_reader_kimi,
	&usage_reader_openclaw,
	&usage_reader_opencode,
	&usage_reader_pi,
	&usage_reader_qwen,
	NULL,
};
