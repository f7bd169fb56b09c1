// SPDX-License-Identifier: MIT
/* banned: functions that lose lengths, write past ends or hide state. Included by every build. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/* The standard headers come first, so that their own declarations are left alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(name) banned_##name##_use_the_base_room_instead

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef strtok
#undef atoi
#undef atol
#undef gets
#undef localtime
#undef gmtime
#undef ctime
#undef asctime
#define strcpy    BANNED(strcpy)
#define strcat    BANNED(strcat)
#define strncpy   BANNED(strncpy)
#define strncat   BANNED(strncat)
#define sprintf   BANNED(sprintf)
#define vsprintf  BANNED(vsprintf)
#define strtok    BANNED(strtok)
#define atoi      BANNED(atoi)
#define atol      BANNED(atol)
#define gets      BANNED(gets)
#define localtime BANNED(localtime)
#define gmtime    BANNED(gmtime)
#define ctime     BANNED(ctime)
#define asctime   BANNED(asctime)

#endif
