/*
 * documents: templates, pipelines, upgrades, as the config topic holds them.
 *
 * penstock-template-<name> is {"versions": [documents, oldest first]},
 * penstock-pipeline-<name> is {"template", "version", "parameters"},
 * penstock-upgrade-<template> is worker/upgrade.h's. Kafka Connect skips them.
 */
#ifndef PENSTOCK_STORE_DOCUMENTS_H
#define PENSTOCK_STORE_DOCUMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "store/keys.h"

struct documents;

enum document_kind {
	DOCUMENT_TEMPLATE,
	DOCUMENT_PIPELINE,
	DOCUMENT_UPGRADE,
};
#define DOCUMENT_KINDS 3

struct documents *documents_new(void);
void documents_free(struct documents **dp);
/* A record penstock-<name> and where it stands; those of other kinds are left
 * alone. PS_E_DATA: skipped. */
int documents_apply(struct documents *d, const char *name, int64_t offset,
    const void *value, size_t len, struct ps_error *err);
/* NULL: there is none. Borrowed until the next record. */
const json_t *documents_find(const struct documents *d, enum document_kind k,
    const char *name);
/* Where its record stands, -1: there is none. */
int64_t documents_offset(const struct documents *d, enum document_kind k,
    const char *name);
/* All of a kind by name, an object. */
const json_t *documents_all(const struct documents *d, enum document_kind k);
/* The document of that version of a template (0: the newest), or NULL. */
const json_t *documents_template(const struct documents *d, const char *name,
    int64_t version);
/* The same but for their versions? */
bool documents_same(const json_t *x, const json_t *y);
/* The version that a template's document has or would be given. */
int64_t documents_version(const struct documents *d, const json_t *doc);
/* The record to write; `value` NULL: a tombstone. */
struct store_pair documents_put(struct ps_arena *a, enum document_kind k,
    const char *name, const char *value);

#endif
