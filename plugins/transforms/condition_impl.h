/*
 * condition_impl: an expression as a tree, for reading and for asking.
 */
#ifndef PENSTOCK_TRANSFORMS_CONDITION_IMPL_H
#define PENSTOCK_TRANSFORMS_CONDITION_IMPL_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "condition.h"

enum cond_op {
	COND_OR,
	COND_AND,
	COND_NOT,
	COND_FOUND, /* the left path finds something */
	COND_EQ,
	COND_NE,
	COND_LT,
	COND_LE,
	COND_GT,
	COND_GE,
	COND_IN,
	COND_NIN,
	COND_MATCH,
};

struct cond_step {
	enum { STEP_NAME, STEP_INDEX, STEP_ALL, STEP_FILTER } kind;
	const char *name;
	size_t len;
	long index;
	const struct cond_node *filter;
	const struct cond_step *next;
};

/* A path from the value at hand, or a constant. */
struct cond_operand {
	bool is_path, from_root;
	const struct cond_step *steps;
	struct ps_value value;
};

struct cond_node {
	enum cond_op op;
	const struct cond_node *a, *b;
	struct cond_operand left, right;
	struct ps_value *list; /* IN, NIN */
	size_t count;
	pcre2_code *regex;
	pcre2_match_data *match;
	struct cond_node *next_regex;
};

struct condition {
	const struct cond_step *steps;
	struct cond_node *regexes; /* to be freed */
};

#endif
