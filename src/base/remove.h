// SPDX-License-Identifier: MIT
/* remove: directories with all that is in them, whoever has filled them. */
#ifndef BASE_REMOVE_H
#define BASE_REMOVE_H

/*
 * Links are taken away and not followed; directories without rights are given them first; any depth
 * is gone through. What the system does not let go stays.
 */
void remove_tree(const char *path);

#endif
