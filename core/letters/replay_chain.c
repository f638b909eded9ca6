#include "letters/replay_chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "convert/converters.h"
#include "convert/encode.h"
#include "convert/pipeline.h"
#include "letters/letter_form.h"
#include "record/batch.h"

struct replay_chain {
	struct letter_form form;
	struct converters converters;
	struct pipeline *pipeline;
	struct tolerance tolerance; /* nothing is tried again */
};

struct replay_chain *
replay_chain_new(const struct settings *s, const struct ps_host *h,
    struct ps_error *err)
{
	struct replay_chain *c = xcalloc(1, sizeof *c);

	if (letter_form_init(&c->form, s, h, err) == 0 &&
	    converters_init(&c->converters, s, h, err) == 0)
		c->pipeline = pipeline_new(s, h, err);
	if (c->pipeline == NULL)
		replay_chain_free(&c);
	return c;
}

void
replay_chain_free(struct replay_chain **cp)
{
	struct replay_chain *c = *cp;

	if (c == NULL)
		return;
	pipeline_free(&c->pipeline);
	converters_fini(&c->converters);
	letter_form_fini(&c->form);
	free(c);
	*cp = NULL;
}

const struct ps_record *
replay_chain_run(struct replay_chain *c, struct ps_batch *b,
    const struct ps_record *letter, const struct letter_context *context,
    struct ps_error *err)
{
	struct ps_batch one = { .arena = b->arena };
	struct ps_batch scratch = { .arena = b->arena };
	struct ps_record *r = ps_batch_add(&one);

	if (letter_unpack(&c->form, &scratch, letter, context, r, err) != 0)
		return NULL;
	pipeline_apply(c->pipeline, &c->tolerance, &one);
	encode_batch(&c->converters, &c->tolerance, &one);
	return r;
}

struct ps_record
replay_chain_letter(struct ps_batch *b, const struct ps_record *letter,
    const struct ps_failure *why)
{
	struct ps_arena *a = b->arena;
	const struct {
		const char *name, *text;
	} rows[] = {
		{ LETTERS_CONTEXT "stage", stage_name(why->stage) },
		{ LETTERS_CONTEXT "class.name", why->class_name },
		{ LETTERS_CONTEXT "exception.class.name",
		    failure_exception(why) },
		{ LETTERS_CONTEXT "exception.message", why->error.text },
		{ LETTERS_CONTEXT "exception.stacktrace",
		    ps_printf(a, "%s in %s: %s", stage_name(why->stage),
			why->class_name, why->error.text) },
	};
	struct ps_record out = *letter;

	out.headers = (struct ps_header *)memcpy(
	    ps_alloc(a, (out.header_count + 1) * sizeof *out.headers),
	    letter->headers, out.header_count * sizeof *out.headers);
	for (size_t i = 0; i < out.header_count; i++)
		for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
			if (strcmp(out.headers[i].name, rows[k].name) == 0)
				out.headers[i].raw = (struct ps_slice){
					(const uint8_t *)ps_strdup(a,
					    rows[k].text),
					strlen(rows[k].text)
				};
	return out;
}
