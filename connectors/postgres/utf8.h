/*
 * utf8: is it valid UTF-8 that Postgres takes (no NUL)?
 */
#ifndef PENSTOCK_POSTGRES_UTF8_H
#define PENSTOCK_POSTGRES_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_is_valid(const char *s, size_t len);

#endif
