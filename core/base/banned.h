/*
 * banned: functions that this tree does not call.
 *
 * Included by force (-include) in every file of core, connectors and plugins.
 */
#ifndef PENSTOCK_BASE_BANNED_H
#define PENSTOCK_BASE_BANNED_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#undef alloca
#undef setjmp
#undef sprintf
#undef vsprintf
#pragma GCC poison alloca atof atoi atol gets mktemp popen setjmp
#pragma GCC poison sprintf srand strcat strcpy strncat strncpy strtok system
#pragma GCC poison tmpnam asctime ctime gmtime localtime vfork vsprintf

#endif
