/*
 * letter_form: a source's record as a dead letter, and back.
 *
 * A sink's letter is the bytes that were consumed; a source's record has none
 * when it fails. So the letter holds the record as it was polled, before any
 * transform: key, value and headers as JSON with their schemas, whatever the
 * connector's own converters are, and in headers where it came from.
 */
#ifndef PENSTOCK_LETTERS_LETTER_FORM_H
#define PENSTOCK_LETTERS_LETTER_FORM_H

#include <penstock/record.h>

#include "child/settings.h"
#include "letters/letters.h"
#include "plugin/instance.h"

struct letter_form {
	const struct ps_host *host;
	struct instance json;
};

int letter_form_init(struct letter_form *f, const struct settings *s,
    const struct ps_host *h, struct ps_error *err);
void letter_form_fini(struct letter_form *f);

/* The letter's bytes are in the batch's arena, as is what unpack gives; both
 * add records to it. */
int letter_pack(const struct letter_form *f, struct ps_batch *b,
    const struct ps_record *polled, struct ps_record *letter,
    struct ps_error *err);
int letter_unpack(const struct letter_form *f, struct ps_batch *b,
    const struct ps_record *letter, const struct letter_context *c,
    struct ps_record *polled, struct ps_error *err);

#endif
