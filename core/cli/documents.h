/*
 * documents: what files and folders hold.
 */
#ifndef PENSTOCK_CLI_DOCUMENTS_H
#define PENSTOCK_CLI_DOCUMENTS_H

#include <jansson.h>

#include <penstock/arena.h>

/* In the order in which they are applied. */
enum document_is { IS_TEMPLATE, IS_CONNECTOR, IS_PIPELINE, IS_KINDS };

struct cli_document {
	enum document_is is;
	const char *path, *name;
	json_t *json;
};

struct cli_documents {
	struct cli_document *items;
	size_t count, room;
};

const char *cli_kind_name(enum document_is is);
/* Reads a file or all *.json of a folder, by name. -1: `err` says why; what
 * was read before stays. */
int cli_documents_add(struct ps_arena *a, struct cli_documents *d,
    const char *path, struct ps_error *err);
void cli_documents_free(struct cli_documents *d);

#endif
