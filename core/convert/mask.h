/*
 * mask: what people are shown of records, without what they must not see.
 *
 * Fields are hidden by name: those asked for, and those whose name alone says
 * that they are secret. What such a field held is hidden wherever it turns up
 * again, renamed, moved or in an error's text; so is every secret that the
 * redactor knows.
 */
#ifndef PENSTOCK_CONVERT_MASK_H
#define PENSTOCK_CONVERT_MASK_H

#include <jansson.h>

#include <penstock/error.h>

#include "config/redact.h"

struct mask {
	const json_t *names; /* an array of strings; NULL: none */
	struct redact *redact;
	json_t *whole; /* texts that are hidden where they stand alone */
};

/* `names` may be null or absent; an error says what is wrong with it. */
int mask_init(struct mask *m, const json_t *names, struct redact *redact,
    struct ps_error *err);
void mask_fini(struct mask *m);
/* Text in which a name that is to be hidden stands, beside others. */
bool mask_may_hold(const struct mask *m, const char *text);
/* `j`, what a record holds, with the texts in it looked into: one that is
 * JSON loses what is hidden in it, of any other (also in base64) where a name
 * stands nothing is shown. Takes the reference. */
json_t *mask_texts(struct mask *m, json_t *j);
/* `j` with all that is secret in it hidden: what one place gives away is
 * hidden in all. Takes the reference. */
json_t *mask_json(struct mask *m, json_t *j);

#endif
