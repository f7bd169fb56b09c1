// SPDX-License-Identifier: MIT
/* uuid: random identifiers (RFC 9562, version 4). */
#ifndef BASE_UUID_H
#define BASE_UUID_H

enum { UUID_TEXT = 37 };

/* 36 characters and a NUL. */
void uuid_make(char out[UUID_TEXT]);

#endif
