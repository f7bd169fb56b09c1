// SPDX-License-Identifier: MIT
/*
 * vec: a growing array of any type. VEC(struct thing) declares one; {0} is a valid start.
 *   VEC(int) v = {0};  vec_push(&v, 3);  vec_each(&v, x) sum += *x;  vec_release(&v);
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stdlib.h>

#include "base/must.h"

#define VEC(type) \
	struct { \
		type *p; \
		size_t n, capacity; \
	}

#define vec_push(v, ...) \
	do { \
		if ((v)->n == (v)->capacity) { \
			(v)->capacity = (v)->capacity ? (v)->capacity * 2 : 8; \
			(v)->p = must_resize((v)->p, (v)->capacity, sizeof *(v)->p); \
		} \
		(v)->p[(v)->n++] = (__VA_ARGS__); \
	} while (0)

/* Room for so many at once; a number from outside may be anything: above VEC_AT_ONCE there is none.
 */
enum { VEC_AT_ONCE = 1 << 20 };
#define vec_reserve(v, count) \
	do { \
		size_t vec_count = (count); \
		if (vec_count > (v)->capacity && vec_count <= VEC_AT_ONCE) { \
			(v)->p = must_resize((v)->p, vec_count, sizeof *(v)->p); \
			(v)->capacity = vec_count; \
		} \
	} while (0)

/* NULL + 0 is undefined: an empty vector stops at its own pointer. */
#define vec_each(v, item) \
	for (typeof(*(v)->p) *item = (v)->p; (v)->n && item < (v)->p + (v)->n; item++)

#define vec_release(v) \
	do { \
		free((v)->p); \
		(v)->p = NULL; \
		(v)->n = (v)->capacity = 0; \
	} while (0)

#endif
