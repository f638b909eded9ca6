/*
 * template: connectors by the dozen, from one document and a few values.
 *
 *	{ "name": "…", "version": 1, "description": "…",
 *	  "parameters": { "table": { "type": "string", "required": true } },
 *	  "for_each": "tables",
 *	  "connectors": [ { "name": "${param:pipeline}-in",
 *	                    "config": { "topic": "${param:table}" },
 *	                    "golden": [ { "name": "…", "record": { … },
 *	                                  "result": { … } } ] } ] }
 *
 * A parameter has a type (string, int, boolean, list, enum), and may have
 * default, required, pattern (the whole value, POSIX extended), enum, secret
 * and description. A list may have items, {"id": { "type": … }, …}: then it
 * is one of objects with these members. ${param:pipeline} is the pipeline's
 * name, ${param:item} the item of the list that for_each names, of the
 * template or of one connector, ${param:item:id} a member of it. A setting that
 *refers to a parameter without a value is left out. Of a secret only a
 *reference (${file:…}) is taken, so neither a template nor a pipeline ever
 *holds one; a text may be one too, and then no pattern is asked of it: it is
 *resolved where the connector runs.
 *
 * Golden records are samples with what the connector's transforms are to make
 * of them; references in their texts are put in too.
 *
 * Pure. What is wrong is said all at once: texts in an array.
 */
#ifndef PENSTOCK_CONFIG_TEMPLATE_H
#define PENSTOCK_CONFIG_TEMPLATE_H

#include <stdbool.h>

#include <jansson.h>

/* Letters, digits, '.', '_', '-'; at most 100. */
bool template_is_name(const char *name);
/* Appends to `errors` what is wrong with the document. */
void template_check(const json_t *doc, json_t *errors);
/* Of a document without faults: [{"name","config","golden"}…] in its order
 * (without "golden" where there is none), new reference. What is wrong with the
 * values is appended to `errors`. */
json_t *template_instantiate(const json_t *doc, const char *pipeline,
    const json_t *values, json_t *errors);
/* The golden record by that name, or NULL. */
const json_t *template_golden_find(const json_t *list, const char *name);
/* Those of now, and those of before whose names are gone; new reference. */
json_t *template_golden_join(const json_t *now, const json_t *before);
/* Appends a text to `errors`. */
__attribute__((format(printf, 2, 3))) void
template_fault(json_t *errors, const char *fmt, ...);

#endif
