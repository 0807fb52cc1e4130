// What a run's config.json says, as names and values for people.
#ifndef TUFF_TOOL_REPORT_FACTS_H
#define TUFF_TOOL_REPORT_FACTS_H

#include <jansson.h>
#include <stddef.h>

#include "tuff/report.h"

struct report_facts {
    json_t *config;
    const char *command; // NULL if the file does not say
    struct tuff_report_fact *items;
    size_t count;
};

// Failure, with an error shown: no such file, no JSON object.
TUFF_MUST_CHECK enum tuff_status report_facts_read(const char *folder, struct report_facts *facts);
void report_facts_free(struct report_facts *facts);

// "lenet-mnist on mnist"
void report_facts_title(const struct report_facts *facts, char *text, size_t size);
// "2026-11-27 21:08, on cpu: AMD EPYC"
void report_facts_subtitle(const struct report_facts *facts, char *text, size_t size);
// The model as tuff_model_load takes it; NULL if the file does not say.
const char *report_facts_model(const struct report_facts *facts);

#endif
