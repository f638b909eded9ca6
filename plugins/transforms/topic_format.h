/*
 * topic_format: a topic's name with ${topic} and ${timestamp} in it.
 */
#ifndef PENSTOCK_TRANSFORMS_TOPIC_FORMAT_H
#define PENSTOCK_TRANSFORMS_TOPIC_FORMAT_H

#include "operand.h"

/* The record's new topic; -1: it is longer than Kafka allows. */
int topic_format(const char *format, struct work *w, struct ps_record *r,
    const struct ps_value *time);

#define TOPIC_FORMAT_KEY                                                     \
	{                                                                    \
		.name = "topic.format", .type = PS_KEY_STRING,               \
		.default_value = "${topic}-${timestamp}",                    \
		.importance = PS_HIGH,                                       \
		.doc = "The new topic; ${topic} and ${timestamp} stand for " \
		       "the record's topic and time."                        \
	}

#endif
